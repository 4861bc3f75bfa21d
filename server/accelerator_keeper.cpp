#include "server/accelerator_keeper.hpp"

#include "server/refusal.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace peerpress::server {

using accel::noload::found_core;
using accel::noload::found_device;

namespace {

void log(const accel::device_engine& device) {
    const accel::device_identity& identity = device.identity();
    const accel::device_state state = device.state();
    spdlog::info("accelerator {} serial {}: {} cores, commands of at most {} KiB, {}{}",
                 identity.label, identity.serial, state.cores.size(), identity.span_bytes >> 10,
                 health_name(state.health), state.reason.empty() ? "" : ": " + state.reason);
}

std::vector<std::uint64_t> inodes_of(const found_device& device) {
    std::vector<std::uint64_t> inodes;
    for (const found_core& core : device.cores) inodes.push_back(core.inode);
    return inodes;
}

accelerator_view view_of(const accel::device_engine& device) {
    return {.identity = device.identity(), .state = device.state()};
}

}  // namespace

accelerator_machine this_machine(const config& c, pipeline::lane& lane) {
    const accel::noload::device_options options{
        .timeout_ms = static_cast<std::uint32_t>(c.noload.timeout_ms)};
    return {.find =
                [enabled = c.noload.enabled] {
                    const io::topology::host_files files;
                    if (!enabled || !accel::noload::may_have_devices(files))
                        return std::vector<found_device>{};
                    return accel::noload::find_devices(files, io::topology::read_machine(files));
                },
            .still_there = accel::noload::still_there,
            .open =
                [&lane, options](const found_device& found) {
                    return accel::noload::open_device(lane.ring(), found, options);
                }};
}

accelerator_keeper::accelerator_keeper(asio::any_io_executor lane, jobs::p2p_planner& planner,
                                       accelerator_machine machine)
    : lane_(std::move(lane)), planner_(planner), machine_(std::move(machine)) {}

void accelerator_keeper::open() {
    std::vector<found_device> found = machine_.find();
    if (found.empty()) return;
    kept_ = asio::co_spawn(lane_, open_found(std::move(found)), asio::use_future).get();
}

awaitable<std::vector<accelerator_keeper::kept>> accelerator_keeper::open_found(
    std::vector<found_device> found) {
    std::vector<kept> opened;
    accel::device_engines engines;
    std::vector<std::shared_ptr<accel::noload::device>> devices;
    for (found_device& each : found) {
        std::shared_ptr<accel::noload::device> made;
        try {
            made = machine_.open(each);
        } catch (const system_error&) {
            continue;  // gone since it was found
        }
        engines.push_back(made);
        opened.push_back({.found = std::move(each), .engine = made});
        devices.push_back(std::move(made));
    }
    planner_.use(std::move(engines));
    co_await accel::noload::admit(devices, machine_.patience);
    for (const auto& device : devices) log(*device);
    co_return opened;
}

awaitable<std::vector<accelerator_view>> accelerator_keeper::view() {
    co_return co_await asio::co_spawn(lane_, view_on_lane(), asio::use_awaitable);
}

awaitable<std::vector<accelerator_view>> accelerator_keeper::view_on_lane() {
    std::vector<accelerator_view> views;
    for (const auto& device : planner_.devices()) views.push_back(view_of(*device));
    co_return views;
}

awaitable<accelerator_view> accelerator_keeper::drain(std::string name) {
    return set_drained(std::move(name), true);
}
awaitable<accelerator_view> accelerator_keeper::give_back(std::string name) {
    return set_drained(std::move(name), false);
}

awaitable<accelerator_view> accelerator_keeper::set_drained(std::string name, bool drained) {
    auto work = set_drained_on_lane(std::move(name), drained);
    co_return co_await asio::co_spawn(lane_, std::move(work), asio::use_awaitable);
}

awaitable<accelerator_view> accelerator_keeper::set_drained_on_lane(std::string name,
                                                                    bool drained) {
    const auto& devices = planner_.devices();
    const auto named = std::ranges::find_if(devices, [&name](const auto& device) {
        return device->identity().serial == name || device->identity().address == name;
    });
    if (named == devices.end())
        refuse("name", "no accelerator has the serial number or PCI address '" + name + "'");
    accel::device_engine& device = **named;
    if (drained)
        device.drain();
    else
        device.resume();
    spdlog::info("accelerator {} is {} by an administrator", device.identity().label,
                 drained ? "drained" : "returned");
    co_return view_of(device);
}

// As many cores as before, or what was there the last time, too.
bool accelerator_keeper::is_complete(kept& known, const found_device& now) {
    const std::vector<std::uint64_t> seen = inodes_of(now);
    const bool settled = std::exchange(known.returning, seen) == seen;
    return settled || seen.size() >= known.found.cores.size();
}

awaitable<> accelerator_keeper::look() {
    for (std::size_t index = 0; index < kept_.size(); ++index) {
        if (machine_.still_there(kept_[index].found)) continue;
        co_await asio::co_spawn(lane_, note_absence(index), asio::use_awaitable);
        const std::vector<found_device> all = co_await calls_.run(machine_.find);
        const auto now = std::ranges::find_if(all, [&](const found_device& other) {
            return other.identity.serial == kept_[index].found.identity.serial;
        });
        if (now == all.end() || !is_complete(kept_[index], *now)) continue;
        std::shared_ptr<accel::noload::device> opened =
            co_await asio::co_spawn(lane_, reopen(index, *now), asio::use_awaitable);
        if (opened) kept_[index] = {.found = *now, .engine = std::move(opened)};
    }
}

// Nobody has to fail with it first.
awaitable<> accelerator_keeper::note_absence(std::size_t index) {
    kept_[index].engine->let_go();
    co_return;
}

awaitable<std::shared_ptr<accel::noload::device>> accelerator_keeper::reopen(std::size_t index,
                                                                             found_device found) {
    const std::shared_ptr<accel::noload::device> former = kept_[index].engine;
    std::shared_ptr<accel::noload::device> made;
    try {
        made = machine_.open(found);
    } catch (const system_error&) {
        co_return nullptr;  // gone again
    }
    co_await made->admit();
    made->succeed(former->state());
    planner_.replace(former, made);
    spdlog::info("accelerator {} is back", made->identity().label);
    log(*made);
    co_return made;
}

}  // namespace peerpress::server
