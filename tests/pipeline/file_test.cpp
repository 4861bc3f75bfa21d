// Transfers between real files, direct where the file system takes it, and pipes.
#include "io/file.hpp"

#include "tests/pipeline/handmade_members.hpp"
#include "tests/pipeline/transfer_fixture.hpp"
#include "tests/support/reference_decoder.hpp"
#include "tests/support/temp_dir.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

namespace peerpress {
namespace {

using namespace test;
namespace fs = std::filesystem;

awaitable<std::unique_ptr<io::storage>> open_on(pipeline::lane& lane, int fd, io::caching caching) {
    co_return io::open_storage(lane.ring(), io::unique_fd(fd), caching);
}
awaitable<> close_on(std::unique_ptr<io::storage> storage) {
    storage.reset();
    co_return;
}

class Files : public testing::Test {
protected:
    using storage_ptr = std::unique_ptr<io::storage>;

    storage_ptr open(const fs::path& path, int flags, io::caching caching = io::caching::direct) {
        return adopt(::open(path.c_str(), flags | O_CLOEXEC, 0600), caching);
    }
    storage_ptr adopt(int fd, io::caching caching = io::caching::direct) {
        EXPECT_GE(fd, 0);
        return on.run(open_on(on.lane(), fd, caching));
    }
    void close(storage_ptr storage) { on.run(close_on(std::move(storage))); }

    void write_file(const fs::path& path, const bytes& content) {
        std::ofstream(path, std::ios::binary)
            .write(reinterpret_cast<const char*>(content.data()),
                   static_cast<std::streamsize>(content.size()));
    }
    bytes read_file(const fs::path& path) {
        bytes content(fs::file_size(path));
        std::ifstream(path, std::ios::binary)
            .read(reinterpret_cast<char*>(content.data()),
                  static_cast<std::streamsize>(content.size()));
        return content;
    }

    outcome compress_file(const fs::path& from, const fs::path& to,
                          io::caching caching = io::caching::direct) {
        storage_ptr source = open(from, O_RDONLY, caching);
        storage_ptr target = open(to, O_RDWR | O_CREAT, caching);
        outcome end = on.compress(*source, target.get());
        close(std::move(source));
        close(std::move(target));
        return end;
    }
    outcome decompress_file(const fs::path& from, const fs::path& to,
                            io::caching caching = io::caching::direct) {
        storage_ptr source = open(from, O_RDONLY, caching);
        storage_ptr target = open(to, O_RDWR | O_CREAT, caching);
        outcome end = on.decompress(*source, target.get());
        close(std::move(source));
        close(std::move(target));
        return end;
    }

    temp_dir dir;
    test_lane on;
};

TEST_F(Files, ComeBackAsTheyWereWhateverTheirSize) {
    for (const std::size_t size :
         {0u, 1u, 511u, 512u, 4095u, 4096u, 4097u, 1048575u, 1048576u, 1048577u, 5000000u}) {
        SCOPED_TRACE(size);
        const bytes data = compressible_bytes(size, size);
        write_file(dir / "data", data);
        fs::remove(dir / "data.gz");
        fs::remove(dir / "back");

        const outcome there = compress_file(dir / "data", dir / "data.gz");
        const outcome back = decompress_file(dir / "data.gz", dir / "back");

        ASSERT_TRUE(there.report) << there.text;
        ASSERT_TRUE(back.report) << back.text;
        EXPECT_EQ(fs::file_size(dir / "data.gz"), there.report->bytes_out);
        EXPECT_TRUE(reference_decode(read_file(dir / "data.gz")).data == data);
        EXPECT_TRUE(read_file(dir / "back") == data);
    }
}

TEST_F(Files, ComeBackAsTheyWereThroughThePageCache) {
    const bytes data = incompressible_bytes(3000001, 1);
    write_file(dir / "data", data);

    const outcome there = compress_file(dir / "data", dir / "data.gz", io::caching::buffered);
    const outcome back = decompress_file(dir / "data.gz", dir / "back", io::caching::buffered);

    ASSERT_TRUE(there.report && back.report) << there.text << back.text;
    EXPECT_TRUE(read_file(dir / "back") == data);
}

TEST_F(Files, WithHolesAreReadAsZeros) {
    write_file(dir / "sparse", {});
    fs::resize_file(dir / "sparse", 20000000);

    const outcome there = compress_file(dir / "sparse", dir / "sparse.gz");
    const outcome back = decompress_file(dir / "sparse.gz", dir / "back");

    ASSERT_TRUE(there.report && back.report) << there.text << back.text;
    EXPECT_LT(there.report->bytes_out, 200000u);
    EXPECT_TRUE(read_file(dir / "back") == bytes(20000000));
}

TEST_F(Files, OfProcAreReadToTheirEnd) {
    if (!fs::exists("/proc/self/maps")) GTEST_SKIP() << "no /proc";
    storage_ptr source = open("/proc/version", O_RDONLY);
    memory_storage target;

    const outcome end = on.compress(*source, &target);

    close(std::move(source));
    ASSERT_TRUE(end.report) << end.text;
    std::ifstream version("/proc/version");
    const std::string text(std::istreambuf_iterator<char>(version), {});
    EXPECT_EQ(end.report->bytes_in, text.size());
}

TEST_F(Files, AndPipesGoIntoEachOther) {
    const bytes data = compressible_bytes(3000000, 2);
    write_file(dir / "data", data);
    int pipe[2];
    ASSERT_EQ(::pipe2(pipe, O_CLOEXEC), 0);
    storage_ptr plain = open(dir / "data", O_RDONLY);
    storage_ptr into = adopt(pipe[1]);
    storage_ptr out_of = adopt(pipe[0]);
    storage_ptr back = open(dir / "back", O_RDWR | O_CREAT);

    // One lane runs both ends.
    std::future<pipeline::transfer_report> compressing =
        on.start(pipeline::compress(on.route(*plain, into.get()), {}));
    std::future<pipeline::transfer_report> decompressing =
        on.start(pipeline::decompress(on.route(*out_of, back.get()), {}));
    const outcome there = test_lane::get_outcome(compressing);
    close(std::move(into));
    const outcome here = test_lane::get_outcome(decompressing);

    close(std::move(plain));
    close(std::move(out_of));
    close(std::move(back));
    ASSERT_TRUE(there.report && here.report) << there.text << here.text;
    EXPECT_TRUE(read_file(dir / "back") == data);
}

TEST_F(Files, ThatShrinkWhileTheyAreReadAreNoticed) {
    write_file(dir / "data", incompressible_bytes(40 << 20, 3));
    storage_ptr source = open(dir / "data", O_RDONLY);
    memory_storage target;
    fs::resize_file(dir / "data", 20 << 20);

    const outcome end = on.compress(*source, &target);

    close(std::move(source));
    EXPECT_EQ(end.error, pipeline::format_errc::source_changed);
}

}  // namespace
}  // namespace peerpress
