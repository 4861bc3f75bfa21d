#include "jobs/seal.hpp"

#include "files.hpp"
#include "io/unique_fd.hpp"

#include <gtest/gtest.h>

namespace peerpress::jobs {
namespace {

using test::write_file;

class Seal : public testing::Test {
protected:
    static io::unique_fd opened(const std::filesystem::path& path, int flags) {
        return io::unique_fd(::open(path.c_str(), flags | O_CLOEXEC));
    }
    seal_request request(int source, int output) {
        return {.source = {.root = (dir / "a").string(), .relative = ""},
                .destination = (dir / "a.gz").string(),
                .source_fd = source,
                .output_fd = output,
                .snapshot = snapshot_of(test::status_of(dir / "a"))};
    }

    test::temp_dir dir;
};

TEST_F(Seal, SaysWhichEndCannotBeLookedAt) {
    write_file(dir / "a", "x");
    const io::unique_fd source = opened(dir / "a", O_RDONLY);

    const sealed_file no_source = seal_output(request(-1, source.get()), {});
    const sealed_file no_output = seal_output(request(source.get(), -1), {});

    EXPECT_NE(no_source.error.message.find((dir / "a").string()), std::string::npos);
    EXPECT_NE(no_output.error.message.find((dir / "a.gz").string()), std::string::npos);
}

// Such a descriptor can be looked at, and nothing else.
TEST_F(Seal, FailsWhereTheModeCannotBeSet) {
    write_file(dir / "a", "x");
    write_file(dir / "a.gz", "y");
    const io::unique_fd source = opened(dir / "a", O_RDONLY);
    const io::unique_fd output = opened(dir / "a.gz", O_PATH);

    const sealed_file sealed =
        seal_output(request(source.get(), output.get()), {.carry_metadata = false});

    EXPECT_TRUE(sealed.error);
}

TEST_F(Seal, KeepsTheImageOfADeviceFromOthersOrFails) {
    const io::unique_fd device = opened("/dev/loop0", O_PATH);
    if (!device) GTEST_SKIP() << "no block device to be had here";
    write_file(dir / "a", "x");
    write_file(dir / "a.gz", "y");
    const io::unique_fd unchangeable = opened(dir / "a.gz", O_PATH);
    const io::unique_fd output = opened(dir / "a.gz", O_RDWR);

    EXPECT_TRUE(seal_output(request(device.get(), unchangeable.get()), {}).error);
    EXPECT_FALSE(seal_output(request(device.get(), output.get()), {}).error);
    EXPECT_EQ(test::status_of(dir / "a.gz").st_mode & 0777, 0600u);
}

}  // namespace
}  // namespace peerpress::jobs
