// The planner of this machine: the verdict of io/topology, confirmed by a probe of the devices,
// then slots in the chosen device's memory.
#pragma once

#include "io/event.hpp"
#include "io/p2pmem_slots.hpp"
#include "io/topology/backing.hpp"
#include "io/topology/choose.hpp"
#include "io/topology/probe.hpp"
#include "jobs/blocking_calls.hpp"
#include "jobs/path_planner.hpp"
#include "jobs/provider_pools.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace peerpress::jobs {

struct p2p_options {
    bool enabled = true;
    std::vector<std::string> providers = {};  // those that a job without a wish may use; empty: any
    // Of each device's memory, at most. The kernel's queues and other programs use it as well.
    std::uint64_t budget_bytes = 64 << 20;
    // Slots of an accelerator's memory, each of a command's span: enough to have some read, some
    // compressed and some written at any time.
    std::uint32_t engine_slots = 24;
};

// What the planner asks of the machine; tests put a made-up one in its place. Blocking.
struct p2p_machine {
    std::function<io::topology::host_files()> files = [] { return io::topology::host_files(); };
    std::function<result<io::topology::path_identity>(int fd, const std::string& path)> identify;
    std::function<std::optional<io::topology::finding>(const io::topology::probe_request&, int fd)>
        probe;
    std::function<std::unique_ptr<io::slot_memory>(const io::p2pmem_request&)> allocate;
};
p2p_machine this_machine();

// How many slots a job's pool has: room for two files at the job's depth, within the budget.
std::uint32_t pool_slots(const path_question& question, std::uint64_t budget_bytes);

class p2p_planner final : public path_planner {
public:
    p2p_planner(asio::any_io_executor lane, p2p_options options,
                p2p_machine machine = this_machine());

    std::unique_ptr<path_session> begin(path_wish wish) override;
    bool has_devices() const override { return !devices_.empty(); }

    // The accelerators there are. They are let go of with the planner, on the lane.
    void use(accel::device_engines devices) { devices_ = std::move(devices); }
    const accel::device_engines& devices() const { return devices_; }
    // `now` is the same device, which went and came back: with other memory, so that jobs under way
    // ask anew for slots in it.
    void replace(const std::shared_ptr<accel::device_engine>& former,
                 std::shared_ptr<accel::device_engine> now);

    const p2p_options& options() const { return options_; }
    const provider_pools& pools() const { return pools_; }  // for leased()

private:
    friend class p2p_session;

    // A device to go through, or why there is none.
    struct decision {
        std::optional<io::topology::pci_address> provider = {};
        std::string label = {};
        std::string reason = {};
        std::string way_out = {};
    };
    decision decide(const path_question& question, const path_wish& wish);  // blocks
    std::optional<io::topology::finding> probe_legs(const io::topology::machine& in,
                                                    io::topology::pci_address provider,
                                                    const io::topology::backing& source,
                                                    const io::topology::backing& target,
                                                    const path_question& question);
    void count_in_ours(io::topology::machine& in) const;

    awaitable<planned_path> plan(path_question question, const path_wish& wish);
    awaitable<planned_devices> plan_devices(path_question question, const path_wish& wish);
    awaitable<planned_path> plan_device(accel::device_engine& engine, path_question question);
    awaitable<planned_path> take_memory(decision chosen, path_question question, pool_use use);
    std::uint64_t budget_left(io::topology::pci_address provider, pool_use use) const;
    awaitable<> enter();
    void leave();

    p2p_options options_;
    p2p_machine machine_;
    provider_pools pools_;
    accel::device_engines devices_;
    std::uint64_t replacements_ = 0;
    io::topology::probe_cache probes_;
    std::uint64_t turn_ = 0;
    // One plan at a time: two jobs must not both make the pool of one device.
    bool planning_ = false;
    io::event planned_;
    asio::any_io_executor lane_;
    blocking_calls calls_{1};
};

}  // namespace peerpress::jobs
