#include "accel/model/administrator.hpp"

#include "accel/model/data_pointer.hpp"

#include <vector>

namespace peerpress::accel::model {
namespace {

namespace status = nvme::status;

constexpr unsigned events_requested_max = 4;  // as Identify says, in AERL
constexpr std::uint64_t log_bytes_max = 64 << 10;
constexpr std::uint32_t every_namespace = ~0u;

outcome failed(std::uint16_t code) {
    return {.status = code};
}

bool is_log(std::uint8_t id) {
    return id == 1 /*errors*/ || id == 2 /*health*/ || id == 3 /*firmware slots*/;
}

// A device that is well: 300 K, all of its spare.
void describe_health(std::vector<std::byte>& page) {
    page.resize(std::max<std::size_t>(page.size(), 512));
    noload::store_field<std::uint16_t>(page, 1, 300);
    noload::store_field<std::uint8_t>(page, 3, 100);
    noload::store_field<std::uint8_t>(page, 4, 10);
}

}  // namespace

outcome administrator::execute(const nvme::submission_entry& entry) {
    // NVMe over PCIe has PRPs only for these.
    if (entry.flags >> nvme::psdt_shift != 0) return failed(status::invalid_field);
    const auto queue_id = static_cast<std::uint16_t>(entry.cdw10);
    switch (entry.opcode) {
        case nvme::admin::delete_submission_queue:
            return failed(queues_.remove_submission(queue_id));
        case nvme::admin::create_submission_queue:
            return create_submission_queue(entry);
        case nvme::admin::delete_completion_queue:
            return failed(queues_.remove_completion(queue_id));
        case nvme::admin::create_completion_queue:
            return create_completion_queue(entry);
        case nvme::admin::get_log_page:
            return get_log_page(entry);
        case nvme::admin::identify:
            return identify(entry);
        case nvme::admin::abort:
            return {.result = 1};  // not aborted, which is always allowed
        case nvme::admin::set_features:
        case nvme::admin::get_features:
            return feature(entry);
        case nvme::admin::async_event_request:
            return request_event();
        case order_opcode:
            return obey(entry);
        default:
            return failed(status::invalid_opcode);
    }
}

outcome administrator::create_completion_queue(const nvme::submission_entry& entry) {
    const bool contiguous = entry.cdw11 & 1;
    if (!contiguous) return failed(status::invalid_field);
    return failed(queues_.create_completion(static_cast<std::uint16_t>(entry.cdw10), entry.prp1,
                                            (entry.cdw10 >> 16) + 1, entry.cdw11 & 2,
                                            static_cast<std::uint16_t>(entry.cdw11 >> 16)));
}

outcome administrator::create_submission_queue(const nvme::submission_entry& entry) {
    const bool contiguous = entry.cdw11 & 1;
    if (!contiguous) return failed(status::invalid_field);
    return failed(queues_.create_submission(static_cast<std::uint16_t>(entry.cdw10), entry.prp1,
                                            (entry.cdw10 >> 16) + 1,
                                            static_cast<std::uint16_t>(entry.cdw11 >> 16)));
}

outcome administrator::identify(const nvme::submission_entry& entry) {
    const std::uint32_t id = entry.namespace_id;
    const bool known = id >= 1 && id <= identity_.cores.size();
    switch (entry.cdw10 & 0xff) {
        case 0:
            // For all namespaces: what they have in common, which is what each has.
            if (!known && id != every_namespace) return failed(status::invalid_namespace);
            return answer(entry, identify_namespace(identity_, known ? id : 1));
        case 1:
            return answer(entry, identify_controller(identity_));
        case 2:
            if (id >= every_namespace - 1) return failed(status::invalid_namespace);
            return answer(entry, identify_active_namespaces(identity_, id));
        case 3:
            if (!known) return failed(status::invalid_namespace);
            return answer(entry, identify_descriptors(identity_, id));
        default:
            return failed(status::invalid_field);
    }
}

outcome administrator::get_log_page(const nvme::submission_entry& entry) {
    const auto id = static_cast<std::uint8_t>(entry.cdw10);
    const std::uint64_t dwords =
        (std::uint64_t{entry.cdw11 & 0xffff} << 16 | entry.cdw10 >> 16) + 1;
    if (!is_log(id)) return failed(status::invalid_log_page);
    if (dwords * 4 > log_bytes_max) return failed(status::invalid_field);
    std::vector<std::byte> page(dwords * 4);
    if (id == 2) describe_health(page);
    return answer(entry, bytes_view(page).first(dwords * 4));
}

outcome administrator::feature(const nvme::submission_entry& entry) {
    constexpr std::uint32_t number_of_queues = 7;
    constexpr std::uint32_t queues_at_most = queues_max - 2;  // without the administrator's, from 0
    const std::uint32_t id = entry.cdw10 & 0xff;
    if (id == number_of_queues) return {.result = queues_at_most << 16 | queues_at_most};
    const bool known = id >= 1 && id <= 0x0b && id != 3;
    return known ? outcome{} : failed(status::invalid_field);
}

outcome administrator::request_event() {
    if (events_requested_ == events_requested_max) return failed(status::event_limit_exceeded);
    ++events_requested_;
    return {.deferred = true};
}

outcome administrator::obey(const nvme::submission_entry& entry) {
    const std::uint64_t bytes = std::uint64_t{entry.cdw10} * 4;
    if (!order_ || bytes == 0 || bytes > order_bytes_max) return failed(status::invalid_field);
    const resolved where = resolve(space_, entry, bytes, access::read);
    if (where.status) return failed(where.status);
    std::string text(bytes, '\0');
    gather(where.places, std::as_writable_bytes(std::span(text)));
    text.resize(text.find('\0') == std::string::npos ? text.size() : text.find('\0'));
    return failed(order_(text) ? status::success : status::invalid_field);
}

outcome administrator::answer(const nvme::submission_entry& entry, bytes_view data) {
    const resolved where = resolve(space_, entry, data.size(), access::write);
    if (where.status) return failed(where.status);
    scatter(data, where.places);
    return {};
}

}  // namespace peerpress::accel::model
