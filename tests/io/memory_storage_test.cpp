#include "tests/support/memory_storage.hpp"

#include "tests/support/random_bytes.hpp"
#include "tests/support/run.hpp"

#include <gtest/gtest.h>

namespace peerpress::test {
namespace {

TEST(MemoryStorage, ReadsWhatWasWritten) {
    asio::io_context context;
    memory_storage storage;
    const std::vector<std::byte> data = incompressible_bytes(1000, 1);

    run(context, storage.write(24, data));

    std::vector<std::byte> back(2000);
    EXPECT_EQ(run(context, storage.read(24, back)), 1000u);
    back.resize(1000);
    EXPECT_EQ(back, data);
    EXPECT_EQ(storage.traits().size_bytes, 1024u);
    EXPECT_EQ(storage.write_log(), (std::vector<memory_storage::write_record>{{24, 1000}}));
}

TEST(MemoryStorage, FailsAsToldAndOnlyOnce) {
    asio::io_context context;
    memory_storage storage(compressible_bytes(100, 1));
    const error_code broken = make_error_code(boost::system::errc::io_error);
    std::vector<std::byte> into(10);
    storage.fail_next_read(broken, 1);

    EXPECT_EQ(run_error(context, storage.read(0, into)), error_code{});
    EXPECT_EQ(run_error(context, storage.read(0, into)), broken);
    EXPECT_EQ(run_error(context, storage.read(0, into)), error_code{});
}

TEST(MemoryStorage, RunsOutOfSpaceWhenLimited) {
    asio::io_context context;
    memory_storage storage;
    storage.limit_capacity(64);
    const std::vector<std::byte> data(65);

    EXPECT_EQ(run_error(context, storage.write(0, data)), boost::system::errc::no_space_on_device);
    EXPECT_TRUE(storage.content().empty());
}

TEST(MemoryStorage, CatchesWhatARealOneWouldRefuse) {
    asio::io_context context;
    memory_storage aligned({}, {.memory_bytes = 1, .offset_bytes = 512});
    memory_storage sequential;
    sequential.make_sequential();
    const std::vector<std::byte> data(100);
    run(context, sequential.write(0, data));

    EXPECT_THROW(run(context, aligned.write(0, data)), std::logic_error);
    EXPECT_THROW(run(context, sequential.write(99, data)), std::logic_error);
    EXPECT_NO_THROW(run(context, sequential.write(100, data)));
}

}  // namespace
}  // namespace peerpress::test
