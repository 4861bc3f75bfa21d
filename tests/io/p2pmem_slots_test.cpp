// Mappings of a provider's `allocate`. Any file that can be mapped stands in for one; the real
// thing is tested in a virtual machine.
#include "io/p2pmem_slots.hpp"

#include "io/staging.hpp"
#include "tests/support/files.hpp"
#include "tests/support/run.hpp"
#include "tests/support/temp_dir.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <string>

namespace peerpress::io {
namespace {

using topology::obstacle;

std::size_t mappings_of(const std::string& path) {
    std::ifstream maps("/proc/self/maps");
    std::size_t count = 0;
    for (std::string line; std::getline(maps, line);) count += line.ends_with(path) ? 1 : 0;
    return count;
}

class P2pmemSlots : public testing::Test {
protected:
    P2pmemSlots() { test::write_file(allocate, std::vector<std::byte>(65'536)); }

    p2pmem_request request(std::uint32_t slots, std::size_t slot_bytes) const {
        return {.allocate_path = allocate.string(),
                .label = "nvme2 (0000:03:00.0)",
                .slots = slots,
                .slots_min = slots,
                .slot_bytes = slot_bytes};
    }

    test::temp_dir dir;
    std::filesystem::path allocate = dir / "allocate";
};

error_code error_of(const p2pmem_request& request) {
    try {
        const p2pmem_slots slots(request);
    } catch (const system_error& failed) {
        return failed.code();
    }
    return {};
}

TEST_F(P2pmemSlots, AreMappingsOfTheirOwnForAsLongAsTheyLive) {
    {
        const p2pmem_slots slots(request(3, 8192));

        EXPECT_EQ(slots.slots(), 3u);
        EXPECT_EQ(slots.slot_bytes(), 8192u);
        EXPECT_TRUE(slots.on_device());
        EXPECT_EQ(slots.kind(), "p2pmem of nvme2 (0000:03:00.0)");
        EXPECT_EQ(mappings_of(allocate.string()), 3u);
        for (std::uint32_t slot = 0; slot < 3; ++slot) EXPECT_EQ(slots.slot(slot).size(), 8192u);
        EXPECT_NE(slots.slot(0).data(), slots.slot(1).data());
    }
    EXPECT_EQ(mappings_of(allocate.string()), 0u);
}

// Each from the beginning of the file, shared: the kernel takes nothing else for p2pmem.
TEST_F(P2pmemSlots, ShareTheFilesFirstBytes) {
    const p2pmem_slots slots(request(2, 4096));

    slots.slot(0)[5] = std::byte{42};

    EXPECT_EQ(slots.slot(1)[5], std::byte{42});
    EXPECT_EQ(test::read_file(allocate)[5], std::byte{42});
}

TEST_F(P2pmemSlots, CarryAPoolWithWholeSlots) {
    asio::io_context context;
    staging_pool pool(context.get_executor(), std::make_unique<p2pmem_slots>(request(2, 65'536)),
                      4096);

    EXPECT_TRUE(pool.on_device());
    EXPECT_EQ(pool.memory_kind(), "p2pmem of nvme2 (0000:03:00.0)");
    EXPECT_EQ(pool.slot_bytes(), 65'536u);
    EXPECT_EQ(pool.free_slots(), 2u);
    EXPECT_EQ(pool.options().input_bytes, 16'384u);
    const flow_id flow = pool.open_flow();
    {
        const staging_lease lease = test::run(context, pool.acquire(flow));
        EXPECT_EQ(lease.memory().size(), 65'536u);
        EXPECT_EQ(lease.input().data(), lease.memory().data());
        EXPECT_EQ(lease.output().data(), lease.memory().data() + 32'768);
        EXPECT_EQ(lease.input().size(), 16'384u + 4096u);
    }
    pool.close_flow(flow);
}

TEST_F(P2pmemSlots, FailWithWhatTheKernelSays) {
    p2pmem_request wrong = request(1, 4096);
    wrong.allocate_path = (dir / "nothing").string();
    EXPECT_EQ(error_of(wrong), boost::system::errc::no_such_file_or_directory);
    wrong.allocate_path = dir.path().string();
    EXPECT_EQ(error_of(wrong), boost::system::errc::is_a_directory);
    wrong.allocate_path = "/dev/null";  // opens, and has no memory
    EXPECT_EQ(error_of(wrong), boost::system::errc::no_such_device);
}

TEST_F(P2pmemSlots, GiveBackWhatTheyHadWhenTheRestIsNotToBeHad) {
    // More than a process can map at all: the first or one of the first fails.
    const p2pmem_request huge = request(16, std::size_t{1} << 46);

    EXPECT_EQ(error_of(huge), boost::system::errc::not_enough_memory);

    EXPECT_EQ(mappings_of(allocate.string()), 0u);
}

#ifndef __SANITIZE_THREAD__  // which has its own idea of where memory may lie
TEST_F(P2pmemSlots, MakeDoWithFewerWhereTold) {
    p2pmem_request huge = request(64, std::size_t{1} << 42);
    huge.slots_min = 1;

    const p2pmem_slots slots(huge);

    EXPECT_GE(slots.slots(), 1u);
    EXPECT_LT(slots.slots(), 64u);
    EXPECT_EQ(mappings_of(allocate.string()), slots.slots());
}
#endif

TEST(ExplainP2pmem, NamesTheObstacleAndTheWayOut) {
    const p2pmem_request request{.allocate_path = "/sys/allocate",
                                 .label = "nvme2 (0000:03:00.0)",
                                 .slots = 24,
                                 .slots_min = 8,
                                 .slot_bytes = 1 << 20};
    struct answer {
        int error;
        obstacle what;
        const char* says;
    };
    for (const answer& each : {
             answer{EACCES, obstacle::no_permission, "this user may not open /sys/allocate"},
             answer{EPERM, obstacle::no_permission, "this user may not open /sys/allocate"},
             answer{ENOMEM, obstacle::provider_exhausted, "no 8 MiB of p2pmem left in 8 pieces"},
             answer{ENOENT, obstacle::no_provider, "offers no p2pmem"},
             answer{ENODEV, obstacle::no_provider, "offers no p2pmem"},
             answer{EINVAL, obstacle::provider_unreadable, "cannot be mapped: Invalid argument"},
         }) {
        const topology::finding found =
            explain_p2pmem({each.error, boost::system::system_category()}, request);

        EXPECT_EQ(found.what, each.what) << each.error;
        EXPECT_NE(found.sentence.find(each.says), std::string::npos) << found.sentence;
        EXPECT_FALSE(found.way_out.empty());
    }
}

TEST(MeansNoRoute, TellsRefusedRoutesFromFailedReads) {
    const auto means = [](int error) {
        return means_no_route({error, boost::system::system_category()});
    };
    EXPECT_TRUE(means(EINVAL));
    EXPECT_TRUE(means(EREMOTEIO));
    EXPECT_TRUE(means(EFAULT));
    EXPECT_FALSE(means(EIO));
    EXPECT_FALSE(means(ENOSPC));
    EXPECT_FALSE(means_no_route(asio::error::operation_aborted));
}

}  // namespace
}  // namespace peerpress::io
