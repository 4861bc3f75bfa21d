// Raw block devices, scripted; real ones are copied in a virtual machine.
#include "io/block_device.hpp"

#include "tests/io/scripted_file.hpp"
#include "tests/support/aligned_bytes.hpp"
#include "tests/support/files.hpp"
#include "tests/support/random_bytes.hpp"
#include "tests/support/run.hpp"
#include "tests/support/temp_dir.hpp"

#include <gtest/gtest.h>

namespace peerpress::io {
namespace {

using test::aligned_bytes;
using test::scripted_file;

constexpr alignment block_512{.memory_bytes = 512, .offset_bytes = 512};
constexpr std::size_t device_bytes = 40'960;

// As stat does of a device: it knows no size.
class sizeless_file final : public raw_file {
public:
    explicit sizeless_file(std::unique_ptr<scripted_file> inner) : inner_(std::move(inner)) {}

    awaitable<result<std::size_t>> read_some(std::uint64_t offset_bytes, bytes_span into) override {
        return inner_->read_some(offset_bytes, into);
    }
    awaitable<result<std::size_t>> write_some(std::uint64_t offset_bytes,
                                              bytes_view from) override {
        return inner_->write_some(offset_bytes, from);
    }
    awaitable<error_code> ready(readiness readiness) override { return inner_->ready(readiness); }
    awaitable<error_code> sync() override { return inner_->sync(); }
    result<std::uint64_t> size() override { return std::uint64_t{0}; }
    error_code truncate(std::uint64_t size_bytes) override { return inner_->truncate(size_bytes); }
    error_code make_buffered() override { return inner_->make_buffered(); }

private:
    std::unique_ptr<scripted_file> inner_;
};

class BlockDevice : public testing::Test {
protected:
    BlockDevice() {
        auto scripted = std::make_unique<scripted_file>(content, block_512);
        script = scripted.get();
        storage_traits traits;
        traits.size_bytes = device_bytes;
        traits.direct = true;
        traits.alignment = block_512;
        device = make_device_storage(std::make_unique<sizeless_file>(std::move(scripted)), traits);
    }

    const std::vector<std::byte> content = test::incompressible_bytes(device_bytes, 1);
    scripted_file* script = nullptr;
    std::unique_ptr<storage> device;
    asio::io_context context;
};

TEST_F(BlockDevice, HasASizeThatNothingChanges) {
    test::run(context, device->truncate(100));

    EXPECT_TRUE(device->traits().fixed_size);
    EXPECT_EQ(device->traits().size_bytes, device_bytes);
    EXPECT_EQ(script->content().size(), device_bytes);
}

TEST_F(BlockDevice, GoesOnAfterAShortReadAndEndsAtItsEnd) {
    script->script = {test::moves(700), test::moves(512), test::fails(EINTR), test::moves(0)};
    script->script.pop_back();
    aligned_bytes into(16'384);

    EXPECT_EQ(test::run(context, device->read(device_bytes - 8192, into.span())), 8192u);

    EXPECT_EQ(into.first(8192), std::vector<std::byte>(content.end() - 8192, content.end()));
    EXPECT_EQ(script->misaligned_rounds(), 0u);
}

TEST_F(BlockDevice, IsNeverBufferedWhateverTheKernelRefuses) {
    script->refuses_direct = true;
    aligned_bytes memory(4096);

    EXPECT_EQ(test::run_error(context, device->read(0, memory.span())),
              boost::system::errc::invalid_argument);
    EXPECT_EQ(test::run_error(context, device->write(0, memory.span())),
              boost::system::errc::invalid_argument);

    EXPECT_FALSE(script->buffered());
    EXPECT_TRUE(device->traits().direct);
    EXPECT_EQ(script->content(), content);
}

TEST_F(BlockDevice, ReportsWhatSyncSays) {
    script->sync_error = test::fails(EIO).ec;

    EXPECT_EQ(test::run_error(context, device->sync()), boost::system::errc::io_error);
}

TEST(OpenBlockDevice, TakesNothingElse) {
    asio::io_context context;
    uring ring(context.get_executor(), {.queue_depth = 2});
    const test::temp_dir dir;
    for (const std::filesystem::path& path : {dir / "file", std::filesystem::path("/dev/null")}) {
        try {
            open_block_device(ring, test::open_file(path, O_RDWR | O_CREAT));
            FAIL() << path;
        } catch (const system_error& failed) {
            EXPECT_EQ(failed.code().value(), ENOTBLK) << path;
        }
    }
    EXPECT_THROW(open_block_device(ring, unique_fd()), system_error);
}

}  // namespace
}  // namespace peerpress::io
