// Copies of files as the kernel makes them: direct, through host memory and through a mapping that
// stands for a provider's p2pmem.
#include "io/file.hpp"
#include "io/p2pmem_slots.hpp"
#include "tests/pipeline/copy_fixture.hpp"
#include "tests/support/files.hpp"
#include "tests/support/temp_dir.hpp"

namespace peerpress::test {
namespace {

class CopyOfFiles : public testing::Test {
protected:
    struct outcome {
        pipeline::copy_report report;
        pipeline::storage_checksum source, target;
        bool direct = false;
    };

    // On the lane, as all that uses the ring; checks what it wrote through host memory.
    awaitable<outcome> copy_and_check(std::unique_ptr<io::slot_memory> memory) {
        pipeline::lane& lane = on.lane();
        auto source = io::open_storage(lane.ring(), open_file(dir / "source", O_RDONLY),
                                       io::caching::direct_or_fail);
        auto target =
            io::open_storage(lane.ring(), open_file(dir / "target"), io::caching::direct_or_fail);
        io::staging_pool pool(lane.executor(), std::move(memory));
        const io::flow_id flow = pool.open_flow(), host = lane.staging().open_flow();

        outcome end;
        pipeline::copy_route via{.lane = lane,
                                 .staging = pool,
                                 .flow = flow,
                                 .source = *source,
                                 .target = target.get(),
                                 .stop = {},
                                 .progress = on.progress()};
        pipeline::copy_route check_source{.lane = lane,
                                          .staging = lane.staging(),
                                          .flow = host,
                                          .source = *source,
                                          .stop = {},
                                          .progress = on.progress()};
        pipeline::copy_route check_target{.lane = lane,
                                          .staging = lane.staging(),
                                          .flow = host,
                                          .source = *target,
                                          .stop = {},
                                          .progress = on.progress()};
        std::exception_ptr failed;
        try {
            end.report = co_await pipeline::copy(via, {});
            end.source = co_await pipeline::checksum(check_source, 0);
            end.target = co_await pipeline::checksum(check_target, 0);
            end.direct = source->traits().direct && target->traits().direct;
        } catch (...) {
            failed = std::current_exception();
        }
        pool.close_flow(flow);
        lane.staging().close_flow(host);
        if (failed) std::rethrow_exception(failed);
        co_return end;
    }

    temp_dir dir;
    test_lane on;
};

TEST_F(CopyOfFiles, AreTheSameToTheByteThroughHostMemory) {
    for (const std::size_t size : {0, 1, 4096, 65'537, 1'000'000}) {
        write_file(dir / "source", incompressible_bytes(size, size));

        const outcome end = on.run(copy_and_check(std::make_unique<io::host_slots>(3, 65'536)));

        EXPECT_EQ(end.report.bytes_written, size);
        EXPECT_EQ(read_file(dir / "target"), read_file(dir / "source"));
        EXPECT_EQ(end.source, end.target);
        EXPECT_EQ(end.target.bytes, size);
    }
}

// One slot: all mappings of an ordinary file are the same memory.
TEST_F(CopyOfFiles, AreTheSameToTheByteThroughMappings) {
    write_file(dir / "allocate", bytes(65'536));
    write_file(dir / "source", incompressible_bytes(1'000'001, 1));
    auto slots = std::make_unique<io::p2pmem_slots>(
        io::p2pmem_request{.allocate_path = (dir / "allocate").string(),
                           .label = "a file",
                           .slots = 1,
                           .slots_min = 1,
                           .slot_bytes = 65'536});

    try {
        const outcome end = on.run(copy_and_check(std::move(slots)));

        EXPECT_TRUE(end.direct);
        EXPECT_EQ(read_file(dir / "target"), read_file(dir / "source"));
        EXPECT_EQ(end.report.bytes_bounced, 0u);
    } catch (const system_error& refused) {  // where the build lies on a file system in memory
        EXPECT_EQ(refused.code(), boost::system::errc::operation_not_supported);
        EXPECT_TRUE(read_file(dir / "target").empty());
    }
}

}  // namespace
}  // namespace peerpress::test
