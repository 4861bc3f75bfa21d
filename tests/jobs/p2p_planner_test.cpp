// The planner on made-up machines: which device it takes, what it asks of it, and what it says.
#include "jobs/p2p_planner.hpp"

#include "fake_planner.hpp"
#include "support/run.hpp"
#include "tests/support/fake_device_engine.hpp"
#include "tests/support/fake_machines.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>

namespace peerpress::jobs {
namespace {

using io::topology::finding;
using io::topology::obstacle;
using testing::HasSubstr;

class P2pPlanner : public testing::Test {
protected:
    P2pPlanner() {
        test::build_epyc(machine);
        machine.add_mount(30, "/a", "ext4");
        machine.add_mount(31, "/b", "ext4");
        machine.write("boot/config-7.3.4-amd64", "CONFIG_PCI_P2PDMA=y\n");
    }

    // Both descriptors are of no interest: the made-up machine tells what lies behind them.
    path_question question(std::uint32_t chunk_bytes = 1 << 20) const {
        return {.source_fd = -1,
                .source = "/a/x",
                .target_fd = -1,
                .target = "/b/x",
                .chunk_bytes = chunk_bytes};
    }
    p2p_machine made_up() {
        p2p_machine made;
        made.files = [this] { return machine.files(); };
        made.identify = [this](int,
                               const std::string& path) -> result<io::topology::path_identity> {
            ++identified;
            if (identity_error) return identity_error;
            return path == "the source" ? test::fake_machine::file(path, 0, 30)
                                        : test::fake_machine::file(path, 10, 31);
        };
        made.probe = [this](const io::topology::probe_request& request, int) {
            probed.push_back(request.disk_path);
            return probe_answer;
        };
        made.allocate =
            [this](const io::p2pmem_request& request) -> std::unique_ptr<io::slot_memory> {
            allocated.push_back(request);
            if (allocation_error) throw system_error{allocation_error};
            return std::make_unique<pretended_p2pmem>(request.slots, request.slot_bytes);
        };
        return made;
    }
    p2p_planner& planner() {
        if (!planner_)
            planner_ = std::make_unique<p2p_planner>(context_.get_executor(), options, made_up());
        return *planner_;
    }
    planned_path plan(path_session& session, path_question asked) {
        auto answer = asio::co_spawn(context_, session.plan(std::move(asked)), asio::use_future);
        context_.restart();
        context_.run();
        return answer.get();
    }
    std::vector<planned_path> plan_together(path_session& session, int files) {
        std::vector<std::future<planned_path>> answers;
        for (int file = 0; file < files; ++file)
            answers.push_back(asio::co_spawn(context_, session.plan(question()), asio::use_future));
        context_.restart();
        context_.run();
        std::vector<planned_path> made;
        for (auto& answer : answers) made.push_back(answer.get());
        return made;
    }
    planned_path plan(path_wish wish = {}) {
        return plan(*planner().begin(std::move(wish)), question());
    }

    // The machine's provider of memory, as an accelerator.
    std::shared_ptr<test::fake_device_engine> make_engine(
        const std::string& address = "0000:03:00.0") {
        return std::make_shared<test::fake_device_engine>(context_.get_executor(), nullptr,
                                                          128 << 10, address);
    }
    test::fake_device_engine& add_engine(const std::string& address = "0000:03:00.0") {
        auto engine = make_engine(address);
        accel::device_engines all = planner().devices();
        all.push_back(engine);
        planner().use(std::move(all));
        return *engine;
    }
    planned_devices plan_devices(path_session& session) {
        auto answer = asio::co_spawn(context_, session.plan_devices(question()), asio::use_future);
        context_.restart();
        context_.run();
        return answer.get();
    }
    planned_devices plan_devices(path_wish wish = {}) {
        return plan_devices(*planner().begin(std::move(wish)));
    }

    test::fake_machine machine;
    p2p_options options;
    std::vector<std::string> probed;
    std::atomic<unsigned> identified = 0;
    std::vector<io::p2pmem_request> allocated;
    std::optional<finding> probe_answer;
    error_code allocation_error;
    error_code identity_error;

private:
    asio::io_context context_{1};
    std::unique_ptr<p2p_planner> planner_;
};

TEST_F(P2pPlanner, TakesSlotsInTheProvidersMemoryOnceItWasProbed) {
    const planned_path way = plan();

    ASSERT_TRUE(way.share) << way.reason;
    EXPECT_TRUE(way.share->pool().on_device());
    EXPECT_EQ(way.device, "nvme2 (0000:03:00.0)");
    EXPECT_THAT(probed, testing::ElementsAre("/dev/nvme0n1", "/dev/nvme1n1"));
    ASSERT_EQ(allocated.size(), 1u);
    EXPECT_THAT(allocated[0].allocate_path, HasSubstr("0000:03:00.0"));
    EXPECT_EQ(allocated[0].slots, 2 * copy_depth);
    EXPECT_EQ(allocated[0].slot_bytes, 1u << 20);
}

// What it says is told of the job's other files between the same devices, too.
TEST_F(P2pPlanner, NamesNoFileInItsAnswer) {
    identity_error = make_error_code(boost::system::errc::io_error);

    const planned_path way = plan();

    EXPECT_FALSE(way.share);
    EXPECT_THAT(way.reason, HasSubstr("what the source lies on cannot be told"));
    EXPECT_EQ(way.reason.find("/a/x"), std::string::npos);
}

TEST_F(P2pPlanner, StaysWithinItsBudget) {
    options.budget_bytes = 3 << 20;

    EXPECT_TRUE(plan().share);

    EXPECT_EQ(allocated.at(0).slots, 3u);
}

TEST_F(P2pPlanner, TakesNothingWhereAChunkIsLargerThanTheBudget) {
    options.budget_bytes = 1 << 19;

    const planned_path way = plan();

    EXPECT_FALSE(way.share);
    EXPECT_THAT(way.way_out, HasSubstr("p2p.budget_bytes"));
}

TEST_F(P2pPlanner, SharesOnePoolBetweenJobsAndGivesItBackAfterThem) {
    auto first = planner().begin({});
    auto second = planner().begin({});
    planned_path one = plan(*first, question());
    planned_path other = plan(*second, question());

    EXPECT_EQ(&one.share->pool(), &other.share->pool());
    EXPECT_NE(one.share->flow(), other.share->flow());
    EXPECT_EQ(allocated.size(), 1u);
    EXPECT_EQ(planner().pools().leased().size(), 1u);

    one = other = {};
    first.reset();
    second.reset();
    EXPECT_TRUE(planner().pools().leased().empty());
}

TEST_F(P2pPlanner, FindsOutOnceForAllFilesOfAJob) {
    const auto session = planner().begin({});

    plan(*session, question());
    plan(*session, question());

    EXPECT_EQ(probed.size(), 2u) << "source and target, once each";
}

TEST_F(P2pPlanner, FindsOutOnceForFilesThatAreUnderWayTogether) {
    const auto session = planner().begin({});

    const std::vector<planned_path> made = plan_together(*session, 5);

    EXPECT_EQ(identified, 2u) << "source and target, once each";
    for (const planned_path& each : made) EXPECT_EQ(each.share, made[0].share);
    EXPECT_TRUE(made[0].share);
}

TEST_F(P2pPlanner, ProbesAWayOnceForAllJobs) {
    plan();
    plan();
    EXPECT_EQ(probed.size(), 2u) << "source and target, once each";

    machine.add_mount(32, "/c", "ext4");  // another topology
    plan();
    EXPECT_EQ(probed.size(), 4u);
}

TEST_F(P2pPlanner, SharesWhatItsOwnPoolHasTaken) {
    const auto held = planner().begin({});
    ASSERT_TRUE(plan(*held, question()).share);
    machine.add_p2pmem("pci0000:00/0000:00:03.0/0000:03:00.0", 64 << 20, 4096);

    EXPECT_TRUE(plan().share) << "what is taken is ours";
}

TEST_F(P2pPlanner, SaysWhatStandsAgainstIt) {
    machine.add_p2pmem("pci0000:00/0000:00:03.0/0000:03:00.0", 64 << 20, 4096);

    const planned_path way = plan();

    EXPECT_FALSE(way.share);
    EXPECT_THAT(way.reason, HasSubstr("4 KiB"));
    EXPECT_NE(way.way_out, "");
    EXPECT_TRUE(allocated.empty());
}

TEST_F(P2pPlanner, BelievesTheProbeMoreThanTheVerdict) {
    probe_answer = finding{obstacle::root_complex_not_listed, "the kernel refused", "move it"};

    const planned_path way = plan();

    EXPECT_FALSE(way.share);
    EXPECT_EQ(way.reason, "the kernel refused");
    EXPECT_EQ(way.way_out, "move it");
}

TEST_F(P2pPlanner, GoesByTheVerdictWhereTheProbeCouldNotBeTried) {
    probe_answer = finding{obstacle::storage_unreadable, "may not be opened", ""};

    EXPECT_TRUE(plan().share);
}

TEST_F(P2pPlanner, TakesTheHostPathWhereTheMemoryCannotBeHad) {
    allocation_error = make_error_code(boost::system::errc::not_enough_memory);

    const planned_path way = plan();

    EXPECT_FALSE(way.share);
    EXPECT_NE(way.reason, "");
    EXPECT_NE(way.way_out, "");
}

TEST_F(P2pPlanner, GoesThroughHostMemoryWhenAskedTo) {
    const planned_path way = plan({.host_only = true});

    EXPECT_FALSE(way.share);
    EXPECT_EQ(way.reason, "asked for");
    EXPECT_TRUE(probed.empty());
}

TEST_F(P2pPlanner, GoesThroughTheNamedDevicesOnly) {
    EXPECT_TRUE(plan({.providers = {"SERIAL2"}}).share);
    EXPECT_TRUE(plan({.providers = {"0000:03:00.0"}}).share);
    EXPECT_THAT(plan({.providers = {"SERIAL9"}}).reason, HasSubstr("SERIAL9"));
}

TEST_F(P2pPlanner, FollowsItsConfiguration) {
    options.providers = {"SERIAL9"};
    EXPECT_THAT(plan().reason, HasSubstr("SERIAL9"));
    EXPECT_TRUE(plan({.providers = {"SERIAL2"}}).share) << "a job's own wish comes first";
}

TEST_F(P2pPlanner, IsTurnedOffByItsConfiguration) {
    options.enabled = false;

    EXPECT_THAT(plan().reason, HasSubstr("turned off"));
}

TEST_F(P2pPlanner, KeepsAJobOffAWayThatFailed) {
    const auto session = planner().begin({});
    ASSERT_TRUE(plan(*session, question()).share);

    session->distrust(question(), "the kernel refused");

    EXPECT_EQ(plan(*session, question()).reason, "the kernel refused");
    EXPECT_TRUE(plan().share) << "another job finds out for itself";
}

TEST(PoolSlots, AreTwiceTheDepthWithinTheBudget) {
    EXPECT_EQ(pool_slots({.chunk_bytes = 1 << 20, .depth = 8}, 64 << 20), 16u);
    EXPECT_EQ(pool_slots({.chunk_bytes = 1 << 20, .depth = 8}, 10 << 20), 10u);
    EXPECT_EQ(pool_slots({.chunk_bytes = 4 << 20, .depth = 100}, 64 << 20), 16u);
    EXPECT_EQ(pool_slots({.chunk_bytes = 4096, .depth = 1}, 64 << 20), 2u);
}

TEST_F(P2pPlanner, FindsAcceleratorsThatReachBothEndsAndTakesSlotsOfTheirSpan) {
    add_engine();
    EXPECT_TRUE(planner().has_devices());

    const planned_devices made = plan_devices();

    ASSERT_EQ(made.devices.size(), 1u) << made.reason;
    EXPECT_TRUE(made.devices[0].share->pool().on_device());
    EXPECT_THAT(probed, testing::ElementsAre("/dev/nvme0n1", "/dev/nvme1n1"));
    ASSERT_EQ(allocated.size(), 1u);
    EXPECT_EQ(allocated[0].slots, options.engine_slots);
    EXPECT_EQ(allocated[0].slot_bytes, 128u << 10);
}

TEST_F(P2pPlanner, HasNoAcceleratorWhereThereIsNone) {
    EXPECT_FALSE(planner().has_devices());
    EXPECT_EQ(plan_devices().reason, "there is no accelerator");
}

TEST_F(P2pPlanner, KeepsSlotsForCopiesAndForAcceleratorsApartWithinOneBudget) {
    options.budget_bytes = (2 << 20) + (256 << 10);
    add_engine();
    auto copying = planner().begin({});
    auto compressing = planner().begin({});
    const planned_path copy = plan(*copying, question());
    ASSERT_TRUE(copy.share);
    EXPECT_EQ(allocated.at(0).slots, 2u);

    const planned_devices made = plan_devices(*compressing);

    ASSERT_EQ(made.devices.size(), 1u) << made.reason;
    EXPECT_NE(&made.devices[0].share->pool(), &copy.share->pool());
    EXPECT_EQ(allocated.at(1).slots, 2u);
    EXPECT_EQ(planner().pools().leased().begin()->second, (2u << 20) + (256u << 10));
}

TEST_F(P2pPlanner, TakesNoAcceleratorWhoseMemoryOtherJobsHaveUsedUp) {
    options.budget_bytes = 1 << 20;
    add_engine();
    auto copying = planner().begin({});
    const planned_path copy = plan(*copying, question());
    ASSERT_TRUE(copy.share);

    const planned_devices made = plan_devices();

    EXPECT_TRUE(made.devices.empty());
    EXPECT_THAT(made.reason, HasSubstr("budget"));
}

TEST_F(P2pPlanner, PassesOverAnAcceleratorThatDoesNotServeAndAsksAgain) {
    test::fake_device_engine& engine = add_engine();
    engine.drain();
    auto session = planner().begin({});

    const planned_devices without = plan_devices(*session);
    engine.resume();
    const planned_devices with = plan_devices(*session);

    EXPECT_TRUE(without.devices.empty());
    EXPECT_THAT(without.reason, HasSubstr("nvme2 (0000:03:00.0) is"));
    EXPECT_EQ(with.devices.size(), 1u);
}

TEST_F(P2pPlanner, HasJobsUnderWayTakeSlotsOfADeviceThatCameBack) {
    add_engine();
    const auto session = planner().begin({});
    const planned_devices before = plan_devices(*session);
    ASSERT_EQ(before.devices.size(), 1u) << before.reason;
    auto back = make_engine();

    planner().replace(planner().devices()[0], back);
    const planned_devices after = plan_devices(*session);

    ASSERT_EQ(after.devices.size(), 1u) << after.reason;
    EXPECT_EQ(after.devices[0].engine, back);
    EXPECT_NE(&after.devices[0].share->pool(), &before.devices[0].share->pool());
}

TEST_F(P2pPlanner, SaysWhyAnAcceleratorIsOutOfReach) {
    add_engine();
    probe_answer = finding{obstacle::refused_by_kernel, "Linux refused", "dmesg"};

    const planned_devices made = plan_devices();

    EXPECT_TRUE(made.devices.empty());
    EXPECT_EQ(made.reason, "Linux refused");
    EXPECT_EQ(made.way_out, "dmesg");
}

TEST_F(P2pPlanner, TakesTheNamedAcceleratorsOnly) {
    add_engine();

    EXPECT_EQ(plan_devices({.providers = {"FAKE"}}).devices.size(), 1u);
    EXPECT_EQ(plan_devices({.providers = {"03:00.0"}}).devices.size(), 1u);
    EXPECT_TRUE(plan_devices({.providers = {"0000:01:00.0"}}).devices.empty());
}

}  // namespace
}  // namespace peerpress::jobs
