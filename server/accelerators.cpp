#include "server/accelerators.hpp"

#include "accel/noload/discovery.hpp"

#include <spdlog/spdlog.h>

namespace peerpress::server {

namespace {

accel::noload::device_options device_options_of(const config& c) {
    return {.timeout_ms = static_cast<std::uint32_t>(c.noload.timeout_ms)};
}

awaitable<accel::device_engines> open_on(pipeline::lane& lane,
                                         std::vector<accel::noload::found_device> found,
                                         accel::noload::device_options options) {
    co_return co_await accel::noload::open_devices(lane.ring(), std::move(found), options);
}

void log(const accel::device_engines& devices) {
    for (const auto& device : devices) {
        const accel::device_identity& identity = device->identity();
        const accel::device_state state = device->state();
        spdlog::info("accelerator {} serial {}: {} cores, commands of at most {} KiB, {}{}",
                     identity.label, identity.serial, state.cores.size(), identity.span_bytes >> 10,
                     health_name(state.health), state.reason.empty() ? "" : ": " + state.reason);
    }
}

v1::DeviceHealth to_proto(accel::device_health health) {
    switch (health) {
        case accel::device_health::serving:
            return v1::DEVICE_HEALTH_SERVING;
        case accel::device_health::drained:
            return v1::DEVICE_HEALTH_DRAINED;
        case accel::device_health::quarantined:
            return v1::DEVICE_HEALTH_QUARANTINED;
    }
    return v1::DEVICE_HEALTH_UNSPECIFIED;
}

}  // namespace

accel::device_engines open_accelerators(const config& c, pipeline::lane& lane) {
    if (!c.noload.enabled) return {};
    const io::topology::host_files files;
    auto found = accel::noload::find_devices(files, io::topology::read_machine(files));
    if (found.empty()) return {};
    accel::device_engines opened =
        asio::co_spawn(lane.executor(), open_on(lane, std::move(found), device_options_of(c)),
                       asio::use_future)
            .get();
    log(opened);
    return opened;
}

std::vector<accelerator_view> view_accelerators(const accel::device_engines& devices) {
    std::vector<accelerator_view> views;
    for (const auto& device : devices)
        views.push_back({.identity = device->identity(), .state = device->state()});
    return views;
}

v1::Accelerator to_proto(const accelerator_view& view) {
    v1::Accelerator out;
    out.set_address(view.identity.address);
    out.set_serial(view.identity.serial);
    out.set_name(view.identity.label);
    out.set_model(view.identity.model);
    out.set_span_bytes(static_cast<std::int64_t>(view.identity.span_bytes));
    out.set_health(to_proto(view.state.health));
    out.set_reason(view.state.reason);
    out.set_quarantines(static_cast<std::int64_t>(view.state.quarantines));
    for (const accel::core_state& core : view.state.cores) {
        v1::AcceleratorCore& added = *out.add_cores();
        added.set_kind(std::string(core_kind_name(core.kind)));
        added.set_namespace_id(core.namespace_id);
        added.set_commands(static_cast<std::int64_t>(core.commands));
        added.set_failures(static_cast<std::int64_t>(core.failures));
        added.set_bytes(static_cast<std::int64_t>(core.bytes));
        added.set_bytes_per_second(core.bytes_per_second);
    }
    return out;
}

}  // namespace peerpress::server
