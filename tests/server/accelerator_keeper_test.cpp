// The keeper on a made-up machine, whose devices go and come back as a test wishes.
#include "server/accelerator_keeper.hpp"

#include "server/refusal.hpp"
#include "tests/accel/noload/fake_core.hpp"

#include <gtest/gtest.h>

#include <string>
#include <thread>

namespace peerpress::server {
namespace {

using accel::core_kind;
using accel::noload::core_parts;
using accel::noload::found_device;

constexpr std::size_t span_bytes = 128 << 10;

found_device device_with(const std::string& serial, std::uint64_t inode, std::size_t cores = 2) {
    found_device found{.identity = {.address = "0000:03:00.0",
                                    .serial = serial,
                                    .label = "nvme2 (0000:03:00.0)",
                                    .model = "fake",
                                    .span_bytes = span_bytes},
                       .allocate_path = "",
                       .cores = {}};
    for (std::uint32_t core = 0; core < cores; ++core)
        found.cores.push_back({.kind = core == 0 ? core_kind::compress : core_kind::decompress,
                               .namespace_id = core + 1,
                               .path = "",
                               .inode = inode + core});
    return found;
}

class AcceleratorKeeper : public testing::Test {
protected:
    explicit AcceleratorKeeper(
        std::chrono::milliseconds patience = accel::noload::admission_patience)
        : patience_(patience) {}
    ~AcceleratorKeeper() override {
        asio::post(lane_, [this] { planner_.use({}); });
        lane_work_.reset();
        thread_.join();
    }

    void open() {
        machine_ = {device_with("S1", 10)};
        keeper_.open();
    }
    template <class T>
    T run(awaitable<T> work) {
        return asio::co_spawn(control_, std::move(work), asio::use_future).get();
    }
    void look() { asio::co_spawn(control_, keeper_.look(), asio::use_future).get(); }
    accel::device_state state() { return run(keeper_.view()).at(0).state; }
    void await_serving() {
        while (state().health != accel::device_health::serving)
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }

    accelerator_machine made_up() {
        return {.find = [this] { return machine_; },
                .still_there =
                    [this](const found_device& known) {
                        for (const found_device& there : machine_)
                            if (there.cores == known.cores) return true;
                        return false;
                    },
                .open = [this](const found_device& found) { return open_fake(found); },
                .patience = patience_};
    }
    std::shared_ptr<accel::noload::device> open_fake(const found_device& found) {
        ++opened_;
        std::vector<core_parts> parts;
        for (const auto& core : found.cores)
            parts.push_back({.kind = core.kind,
                             .namespace_id = core.namespace_id,
                             .port = std::make_unique<test::fake_core_port>(lane_.get_executor(),
                                                                            make_core())});
        return std::make_shared<accel::noload::device>(
            lane_.get_executor(), found.identity, std::move(parts),
            [](std::size_t bytes) { return std::make_unique<io::host_slots>(1, bytes); });
    }

    std::shared_ptr<test::fake_core> make_core() {
        auto made = std::make_shared<test::fake_core>();
        made->time = std::exchange(core_time_, {});  // of the first
        return made;
    }

    const std::chrono::milliseconds patience_;
    std::chrono::microseconds core_time_{};
    asio::io_context lane_{1};
    asio::executor_work_guard<asio::io_context::executor_type> lane_work_ =
        asio::make_work_guard(lane_);
    std::thread thread_{[this] { lane_.run(); }};
    asio::thread_pool control_{1};
    std::vector<found_device> machine_;
    int opened_ = 0;
    jobs::p2p_planner planner_{lane_.get_executor(), {}};
    accelerator_keeper keeper_{lane_.get_executor(), planner_, made_up()};
};

TEST_F(AcceleratorKeeper, OpensWhatItFinds) {
    open();

    EXPECT_TRUE(planner_.has_devices());
    EXPECT_EQ(state().health, accel::device_health::serving);
    EXPECT_EQ(state().cores.size(), 2u);
}

class ImpatientKeeper : public AcceleratorKeeper {
protected:
    ImpatientKeeper() : AcceleratorKeeper(std::chrono::milliseconds(0)) {}
};

TEST_F(ImpatientKeeper, WaitsForNoDeviceThatDoesNotAnswer) {
    core_time_ = std::chrono::milliseconds(300);

    open();

    EXPECT_EQ(state().health, accel::device_health::quarantined);
    EXPECT_EQ(state().reason, "not tested yet");
    await_serving();
}

TEST_F(AcceleratorKeeper, DrainsAndReturnsBySerialNumberOrAddress) {
    open();

    EXPECT_EQ(run(keeper_.drain("S1")).state.health, accel::device_health::drained);
    EXPECT_EQ(state().reason, "drained by an administrator");
    EXPECT_EQ(run(keeper_.give_back("0000:03:00.0")).state.health, accel::device_health::serving);
}

TEST_F(AcceleratorKeeper, RefusesANameThatNoneHas) {
    open();

    EXPECT_THROW(run(keeper_.drain("S2")), refusal);
}

TEST_F(AcceleratorKeeper, LeavesADeviceAloneThatIsThere) {
    open();

    look();

    EXPECT_EQ(opened_, 1);
    EXPECT_EQ(state().quarantines, 0u);
}

TEST_F(AcceleratorKeeper, NoticesADeviceThatHasGone) {
    open();
    machine_.clear();

    look();

    EXPECT_EQ(state().health, accel::device_health::quarantined);
    EXPECT_EQ(state().reason, "it is gone");
}

TEST_F(AcceleratorKeeper, OpensADeviceAnewThatCameBackAndKeepsItDrained) {
    open();
    run(keeper_.drain("S1"));
    machine_.clear();
    look();
    machine_ = {device_with("S1", 20)};

    look();

    EXPECT_EQ(opened_, 2);
    EXPECT_EQ(state().health, accel::device_health::drained);
    EXPECT_EQ(state().quarantines, 1u);
    EXPECT_EQ(run(keeper_.give_back("S1")).state.health, accel::device_health::serving);
    look();
    EXPECT_EQ(opened_, 2);
}

TEST_F(AcceleratorKeeper, WaitsForTheCoresThatTheKernelIsStillFinding) {
    open();
    machine_ = {device_with("S1", 20, 1)};
    look();
    EXPECT_EQ(opened_, 1);

    machine_ = {device_with("S1", 20, 2)};
    look();

    EXPECT_EQ(opened_, 2);
    EXPECT_EQ(state().cores.size(), 2u);
}

TEST_F(AcceleratorKeeper, TakesADeviceThatCameBackWithFewerCores) {
    open();
    machine_ = {device_with("S1", 20, 1)};
    look();

    look();

    EXPECT_EQ(state().cores.size(), 1u);
    EXPECT_EQ(state().health, accel::device_health::serving);
}

}  // namespace
}  // namespace peerpress::server
