#include "accel/model/controller.hpp"

#include "accel/model/data_pointer.hpp"

#include <atomic>
#include <cstring>
#include <utility>

namespace peerpress::accel::model {
namespace {

namespace status = nvme::status;
namespace reg = nvme::reg;

// All queues full of commands would be four times as many; nobody needs that.
constexpr std::size_t in_flight_max = 4096;

constexpr std::uint64_t capabilities = (queue_entries_max - 1) |
                                       std::uint64_t{1} << 16 /*CQR: queues are contiguous*/ |
                                       std::uint64_t{20} << 24 /*TO: 10 s to become ready*/ |
                                       std::uint64_t{1} << 37 /*CSS: the NVM command set*/ |
                                       std::uint64_t{1} << 57 /*CMBS: there is a CMB*/;
constexpr std::uint32_t version = 0x00010400;
constexpr std::uint32_t cmb_in_bar2 = 2;
// Data may be read and written. Queues may not lie there: Linux would put its own into it.
constexpr std::uint32_t cmb_size_flags = 1u << 3 /*RDS*/ | 1u << 4 /*WDS*/;
constexpr unsigned cmb_unit_shift = 20;
constexpr std::uint32_t cmb_unit_code = 2 << 8;  // SZU: 1 MiB, for 20 bits of 4 KiB end at 4 GiB

}  // namespace

controller::controller(const address_space& space, interrupts& interrupts, model::identity identity,
                       submit_function submit, order_function order)
    : space_(space),
      interrupts_(interrupts),
      administrator_(space, queues_, std::move(identity), std::move(order)),
      submit_(std::move(submit)) {}

// --- registers

std::uint32_t controller::read(std::uint32_t offset) const {
    const auto high = [](std::uint64_t value) { return static_cast<std::uint32_t>(value >> 32); };
    const auto low = [](std::uint64_t value) { return static_cast<std::uint32_t>(value); };
    const bool cmb_shown = cmbmsc_ & nvme::cmbmsc::capabilities_enabled;
    switch (offset) {
        case reg::cap:
            return low(capabilities);
        case reg::cap + 4:
            return high(capabilities);
        case reg::vs:
            return version;
        case reg::cc:
            return cc_;
        case reg::csts:
            return csts_;
        case reg::aqa:
            return aqa_;
        case reg::asq:
            return low(asq_);
        case reg::asq + 4:
            return high(asq_);
        case reg::acq:
            return low(acq_);
        case reg::acq + 4:
            return high(acq_);
        case reg::cmbloc:
            return cmb_shown ? cmb_in_bar2 : 0;
        case reg::cmbsz:
            return cmb_shown
                       ? static_cast<std::uint32_t>(space_.cmb_bytes() >> cmb_unit_shift << 12) |
                             cmb_unit_code | cmb_size_flags
                       : 0;
        case reg::cmbmsc:
            return low(cmbmsc_);
        case reg::cmbmsc + 4:
            return high(cmbmsc_);
        case reg::cmbsts:
            return base_differs() ? 1 : 0;  // CBAI
        default:
            return 0;
    }
}

void controller::write(std::uint32_t offset, std::uint32_t value) {
    if (offset >= doorbells_offset) return ring(offset, value);
    switch (offset) {
        case reg::cc:
            return write_configuration(value);
        case reg::aqa:
            aqa_ = value;
            return;
        case reg::asq:
            return write_low(asq_, value);
        case reg::asq + 4:
            return write_high(asq_, value);
        case reg::acq:
            return write_low(acq_, value);
        case reg::acq + 4:
            return write_high(acq_, value);
        case reg::cmbmsc:
            return write_low(cmbmsc_, value);
        case reg::cmbmsc + 4:
            return write_high(cmbmsc_, value);
        default:
            return;  // read-only, or not there
    }
}

// The halves of 64-bit registers come in any order.
void controller::write_low(std::uint64_t& at, std::uint32_t value) const {
    at = (at & ~std::uint64_t{0xffffffff}) | value;
}

void controller::write_high(std::uint64_t& at, std::uint32_t value) const {
    at = (at & 0xffffffff) | std::uint64_t{value} << 32;
}

bool controller::base_differs() const {
    return (cmbmsc_ & nvme::cmbmsc::memory_space_enabled) != 0 &&
           (cmbmsc_ & nvme::cmbmsc::base_mask) != space_.cmb_address();
}

void controller::write_configuration(std::uint32_t value) {
    const bool was_enabled = cc_ & nvme::cc::enable;
    cc_ = value;
    const bool enabled = cc_ & nvme::cc::enable;
    if (enabled && !was_enabled) enable();
    if (!enabled && was_enabled) disable();
    const bool shuts_down = (cc_ >> nvme::cc::shutdown_shift & 3) != 0;
    csts_ &= ~nvme::csts::shutdown_mask;
    if (shuts_down) csts_ |= nvme::csts::shutdown_complete;
}

void controller::enable() {
    const std::uint32_t submission_entries = (aqa_ & 0xfff) + 1;
    const std::uint32_t completion_entries = (aqa_ >> 16 & 0xfff) + 1;
    const bool pages_of_4k = (cc_ >> 7 & 0xf) == 0;
    if (!pages_of_4k || submission_entries < 2 || completion_entries < 2) return fail();
    queues_.start(asq_ & ~(nvme::page_bytes - 1), submission_entries,
                  acq_ & ~(nvme::page_bytes - 1), completion_entries);
    csts_ = nvme::csts::ready;
}

// What cores have of the old queues finds no ticket any more.
void controller::disable() {
    queues_.clear();
    administrator_.reset();
    interrupts_.forget();
    csts_ = 0;
}

void controller::reset() {
    disable();
    cc_ = aqa_ = 0;
    asq_ = acq_ = cmbmsc_ = 0;
}

void controller::ring(std::uint32_t offset, std::uint32_t value) {
    const std::uint32_t number = (offset - doorbells_offset) / 4;
    const std::uint32_t queue = number / 2;
    const bool known =
        number % 2 == 0 ? queues_.set_tail(queue, value) : queues_.set_head(queue, value);
    if (!known) {
        ++bad_doorbells_;
    } else if (number % 2 == 1) {
        flush(queues_.completion(static_cast<std::uint16_t>(queue)));
    }
}

// --- commands

bool controller::running() const {
    return csts_ == nvme::csts::ready && !held_;
}

void controller::process() {
    for (bool any = true; any;) {
        any = false;
        for (std::uint16_t id = 0; id < queues_max && running(); ++id) any |= fetch_from(id);
    }
}

// One command, so that no queue keeps the others waiting.
bool controller::fetch_from(std::uint16_t id) {
    submission_queue& queue = queues_.submission(id);
    if (!queue.exists || queue.empty() || in_flight_ >= in_flight_max) return false;
    // Who does not take completions gets no more commands done.
    if (!queues_.completion(queue.completion_queue).waiting.empty()) return false;
    const auto at = space_.find(queue.head_address(), sizeof(nvme::submission_entry), access::read);
    if (!at) {
        fail();
        return false;
    }
    // Written before its doorbell rang, which came as a message.
    nvme::submission_entry entry;
    std::memcpy(&entry, at->bytes.data(), sizeof entry);
    queue.advance();
    execute(id, entry);
    return true;
}

void controller::execute(std::uint16_t id, const nvme::submission_entry& entry) {
    const ticket ticket{.queue = id,
                        .command_id = entry.command_id,
                        .incarnation = queues_.submission(id).incarnation};
    outcome done{.status = status::invalid_field};
    const bool fused = entry.flags & nvme::fuse_mask;
    if (!fused) done = id == 0 ? administrator_.execute(entry) : execute_io(entry, ticket);
    if (!done.deferred) {
        post({.ticket = ticket, .status = done.status, .result = done.result});
    }
}

outcome controller::execute_io(const nvme::submission_entry& entry, const ticket& ticket) {
    const bool known = entry.namespace_id >= 1 && entry.namespace_id <= identity().cores.size();
    if (!known) return {.status = status::invalid_namespace};
    switch (entry.opcode) {
        case nvme::io_opcode::flush:
            return {};
        case nvme::io_opcode::write:
            return {.status = status::write_to_read_only};
        case nvme::io_opcode::read:
            return read_zeros(entry);
        default:
            ++in_flight_;
            submit_({.ticket = ticket, .entry = entry});
            return {.deferred = true};
    }
}

outcome controller::read_zeros(const nvme::submission_entry& entry) {
    const std::uint64_t first = std::uint64_t{entry.cdw11} << 32 | entry.cdw10;
    const std::uint64_t blocks = (entry.cdw12 & 0xffff) + 1;
    if (first >= namespace_blocks || blocks > namespace_blocks - first) {
        return {.status = status::lba_out_of_range};
    }
    const resolved where = resolve(space_, entry, blocks * block_bytes, access::write);
    for (const place& one : where.places) std::memset(one.bytes.data(), 0, one.bytes.size());
    return {.status = where.status};
}

// --- completions

bool controller::is_current(const ticket& of) const {
    const submission_queue& queue = queues_.submission(of.queue);
    return queue.exists && queue.incarnation == of.incarnation;
}

void controller::complete(const ticket& of, std::uint16_t status, std::uint64_t result) {
    --in_flight_;
    if (held_) {
        held_completions_.push_back({.ticket = of, .status = status, .result = result});
    } else {
        post({.ticket = of, .status = status, .result = result});
    }
}

void controller::hold(bool held) {
    held_ = held;
    if (held_) return;
    for (const completion& done : std::exchange(held_completions_, {})) post(done);
}

void controller::post(const completion& done) {
    if (!is_current(done.ticket)) return;
    const submission_queue& from = queues_.submission(done.ticket.queue);
    completion_queue& to = queues_.completion(from.completion_queue);
    const std::uint64_t result = done.status == status::success ? done.result : 0;
    to.waiting.push_back({.dw0 = static_cast<std::uint32_t>(result),
                          .dw1 = static_cast<std::uint32_t>(result >> 32),
                          .queue_head = static_cast<std::uint16_t>(from.head),
                          .queue_id = done.ticket.queue,
                          .command_id = done.ticket.command_id,
                          .status = done.status});
    flush(to);
}

void controller::flush(completion_queue& queue) {
    bool any = false;
    while (!queue.waiting.empty() && !queue.full()) {
        nvme::completion_entry entry = queue.waiting.front();
        entry.status = nvme::status_field(entry.status, queue.phase);
        const auto at = space_.find(queue.tail_address(), sizeof entry, access::write);
        if (!at) return fail();
        // The guest takes the entry for complete once the phase, in its last two bytes, is new.
        constexpr std::size_t before_status = offsetof(nvme::completion_entry, status);
        std::memcpy(at->bytes.data(), &entry, before_status);
        auto* const status = reinterpret_cast<std::uint16_t*>(at->bytes.data() + before_status);
        std::atomic_ref(*status).store(entry.status, std::memory_order_release);
        queue.advance();
        queue.waiting.pop_front();
        any = true;
    }
    if (any && queue.interrupts) interrupts_.raise(queue.vector);
}

}  // namespace peerpress::accel::model
