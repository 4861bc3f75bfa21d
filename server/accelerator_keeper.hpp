// The accelerators of a server while it runs: finds and tests them at the start, opens anew those
// that went and came back, drains and returns them as an administrator wishes.
//
// The lane owns the devices. Looking for them blocks, so that it has a thread of its own. But for
// the constructor and open(), members are called on control's executor.
#pragma once

#include "accel/noload/discovery.hpp"
#include "jobs/blocking_calls.hpp"
#include "jobs/p2p_planner.hpp"
#include "pipeline/lane.hpp"
#include "server/accelerators.hpp"
#include "server/config.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace peerpress::server {

// What the keeper asks of the machine; tests put a made-up one in its place.
struct accelerator_machine {
    std::function<std::vector<accel::noload::found_device>()> find;
    std::function<bool(const accel::noload::found_device&)> still_there;
    // On the lane. Throws system_error.
    std::function<std::shared_ptr<accel::noload::device>(const accel::noload::found_device&)> open;
    // How long the start waits for their tests.
    std::chrono::milliseconds patience = accel::noload::admission_patience;
};
accelerator_machine this_machine(const config& c, pipeline::lane& lane);

class accelerator_keeper {
public:
    // Both outlive it, the planner with the devices that it is given to use.
    accelerator_keeper(asio::any_io_executor lane, jobs::p2p_planner& planner,
                       accelerator_machine machine);
    accelerator_keeper(const accelerator_keeper&) = delete;
    accelerator_keeper& operator=(const accelerator_keeper&) = delete;

    // Blocks until each has been tested once, which takes milliseconds, or patience ends.
    void open();

    awaitable<std::vector<accelerator_view>> view();

    // `name`: a serial number or PCI address. It takes nothing new, or does again; what is under
    // way ends. Throws refusal where there is none of that name.
    awaitable<accelerator_view> drain(std::string name);
    awaitable<accelerator_view> give_back(std::string name);

    // Looks whether one has gone, or come back. To be called now and then.
    awaitable<> look();

private:
    struct kept {
        accel::noload::found_device found;
        std::shared_ptr<accel::noload::device> engine;
        // The cores of what came back, as they were last seen: the kernel may still be finding
        // others.
        std::vector<std::uint64_t> returning{};
    };

    static bool is_complete(kept& known, const accel::noload::found_device& now);
    awaitable<accelerator_view> set_drained(std::string name, bool drained);

    // On the lane.
    awaitable<std::vector<kept>> open_found(std::vector<accel::noload::found_device> found);
    awaitable<std::vector<accelerator_view>> view_on_lane();
    awaitable<accelerator_view> set_drained_on_lane(std::string name, bool drained);
    awaitable<> note_absence(std::size_t index);
    awaitable<std::shared_ptr<accel::noload::device>> reopen(std::size_t index,
                                                             accel::noload::found_device found);

    asio::any_io_executor lane_;
    jobs::p2p_planner& planner_;
    accelerator_machine machine_;
    std::vector<kept> kept_;
    jobs::blocking_calls calls_{1};  // its destruction waits for a search under way
};

}  // namespace peerpress::server
