#include "accel/model/device.hpp"

#include "accel/model/endpoint.hpp"
#include "accel/model/quantity.hpp"

#include <utility>

namespace peerpress::accel::model {
namespace {

// Orders are carried out under the lock, by whoever holds it already: a core whose guest gave one.
order_function order_if(bool wanted, order_function order) {
    return wanted ? std::move(order) : nullptr;
}

}  // namespace

device::device(const device_options& options, trace trace, std::function<void()> disappear)
    : disappear_(std::move(disappear)),
      parts_(
          options, std::move(trace), [this](const core_command& command) { submit(command); },
          order_if(options.orders_from_guest,
                   [this](std::string_view order) { return obey_locked(order); })) {
    parts_.disappear = [this] {
        parts_.trace.event("disappears");
        disappear_();
    };
    for (std::uint32_t index = 0; index < options.identity.cores.size(); ++index) {
        cores_.push_back(std::make_unique<core>(parts_, index, options.identity.cores[index].type,
                                                options.pace));
    }
}

device::~device() {
    {
        const std::lock_guard held(parts_.mutex);
        parts_.stopping = true;
        parts_.changed.notify_all();
    }
    cores_.clear();
}

void device::submit(const core_command& command) {
    cores_.at(command.entry.namespace_id - 1)->submit(command);
}

vfio_user::reply device::handle(vfio_user::request& request) {
    const std::lock_guard held(parts_.mutex);
    return endpoint(parts_).handle(request);
}

void device::work() {
    const std::lock_guard held(parts_.mutex);
    parts_.controller.process();
    parts_.changed.notify_all();
}

bool device::obey(std::string_view order) {
    const std::lock_guard held(parts_.mutex);
    const bool obeyed = obey_locked(order);
    parts_.controller.process();
    parts_.changed.notify_all();
    return obeyed;
}

bool device::obey_locked(std::string_view order) {
    const std::size_t blank = order.find(' ');
    const std::string_view verb = order.substr(0, blank);
    const std::string_view rest =
        blank == std::string_view::npos ? std::string_view{} : order.substr(blank + 1);
    if (verb == "fault") return obey_fault(rest);
    if (verb == "core") return obey_core(rest);
    if (!rest.empty()) return false;
    if (verb == "clear") {
        parts_.faults.clear();
    } else if (verb == "resume") {
        parts_.controller.hold(false);
    } else if (verb == "disappear") {
        parts_.disappear();
    } else {
        return false;
    }
    return true;
}

bool device::obey_fault(std::string_view text) {
    const auto rule = parse_fault(text);
    if (!rule || rule->core.value_or(0) >= cores_.size()) return false;
    return parts_.faults.add(*rule);
}

// "N down" and "N up": whether the core works, as its namespace's acc_status says.
bool device::obey_core(std::string_view text) {
    const std::size_t blank = text.find(' ');
    if (blank == std::string_view::npos) return false;
    const auto index = parse_number(text.substr(0, blank));
    const std::string_view wish = text.substr(blank + 1);
    if (!index || *index >= cores_.size() || (wish != "down" && wish != "up")) return false;
    constexpr std::uint32_t broken = noload::core_enabled | 1u << noload::core_error_shift;
    parts_.controller.set_core_status(*index, wish == "up" ? noload::core_ready : broken);
    return true;
}

}  // namespace peerpress::accel::model
