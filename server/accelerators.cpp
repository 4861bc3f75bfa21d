#include "server/accelerators.hpp"

namespace peerpress::server {

namespace {

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
