#include "accel/model/core.hpp"

#include <algorithm>
#include <utility>

namespace peerpress::accel::model {
namespace {

namespace status = nvme::status;
using clock = std::chrono::steady_clock;

bool can(core_type type, noload::opcode opcode) {
    switch (opcode) {
        case noload::opcode::compress:
            return type == core_type::compress;
        case noload::opcode::decompress:
            return type == core_type::decompress;
        case noload::opcode::checksum:
            return true;
    }
    return false;
}

noload::command_words words_of(const nvme::submission_entry& entry) {
    return {
        .opcode = entry.opcode,
        .cdw10 = {entry.cdw10, entry.cdw11, entry.cdw12, entry.cdw13, entry.cdw14, entry.cdw15}};
}

}  // namespace

struct core::work {
    noload::operation operation;
    places input;
    places output;  // all of its room
    std::vector<fault_rule> faults;
    std::uint16_t status = status::success;
    noload::completion completion;
    bytes_span made;
    clock::time_point start = clock::now();

    const fault_rule* fault(fault_kind kind) const {
        const auto found = std::ranges::find(faults, kind, &fault_rule::kind);
        return found == faults.end() ? nullptr : &*found;
    }
};

core::core(parts& parts, std::uint32_t index, core_type type, pace pace)
    : parts_(parts), index_(index), type_(type), pace_(pace), thread_([this] { run(); }) {}

core::~core() {
    thread_.join();
}

void core::submit(const core_command& command) {
    commands_.push_back(command);
    parts_.changed.notify_all();
}

void core::run() {
    lock held(parts_.mutex);
    for (;;) {
        parts_.changed.wait(held, [this] { return parts_.stopping || !commands_.empty(); });
        if (parts_.stopping) return;
        const core_command command = commands_.front();
        commands_.pop_front();
        serve(held, command);
    }
}

void core::serve(lock& held, const core_command& command) {
    work work;
    work.status = prepare(command.entry, work);
    if (const auto* fault = work.fault(fault_kind::status)) {
        work.status = static_cast<std::uint16_t>(fault->value);
    }
    if (work.status == status::success) compute(held, work);
    take_time(held, command, work);
    if (const auto* fault = work.fault(fault_kind::hang)) {
        hang(held, std::chrono::nanoseconds(fault->value));
    }
    finish(command, work);
}

// --- before: under the lock

std::uint16_t core::prepare(const nvme::submission_entry& entry, work& work) {
    if (!noload::is_operation(entry.opcode) ||
        !can(type_, static_cast<noload::opcode>(entry.opcode))) {
        return status::invalid_opcode;
    }
    work.faults = parts_.faults.strike(index_, static_cast<noload::opcode>(entry.opcode));
    const core_identity& identity = parts_.controller.identity().cores[index_];
    if ((identity.status & noload::core_ready) != noload::core_ready) {
        return status::namespace_not_ready;
    }
    const auto operation = noload::decode(words_of(entry));
    if (!operation || entry.cdw2 != 0 || entry.cdw3 != 0 || !noload::fits_span(*operation) ||
        operation->span_bytes > parts_.controller.identity().span_bytes_max ||
        operation->output_alignment_log2 > output_alignment_log2_max) {
        return status::invalid_field;
    }
    work.operation = *operation;
    return find_data(entry, work);
}

std::uint16_t core::find_data(const nvme::submission_entry& entry, work& work) {
    const noload::operation& operation = work.operation;
    const bool writes = noload::writes(operation);
    const auto span =
        resolve(parts_.space, entry, operation.span_bytes, writes ? access::write : access::read);
    if (span.status) return span.status;
    if (writes) {
        work.output = part_of(span.places, operation.output_offset_bytes,
                              noload::output_bytes_max(operation));
        if (!lies_in_cmb(work.output)) return status::invalid_field;
    }
    work.input = part_of(span.places, operation.skip_bytes, operation.input_bytes);
    take_input(work);
    return status::success;
}

// Copied first: a guest may change it meanwhile, and codecs believe that what they read stays.
void core::take_input(work& work) {
    std::swap(input_, stale_input_);
    input_.resize(work.operation.input_bytes);
    gather(work.input, input_);
    if (work.fault(fault_kind::stale)) {
        input_ = stale_input_;
        input_.resize(work.operation.input_bytes);
    }
}

// --- between: without it

void core::compute(lock& held, work& work) {
    held.unlock();
    const codec_unit::answer answer = unit_.run(work.operation, input_);
    work.status = answer.status;
    work.completion = answer.completion;
    work.made = answer.output;
    if (answer.status == status::success) spoil(work);
    held.lock();
}

void core::spoil(work& work) {
    if (const auto* fault = work.fault(fault_kind::flip); fault && !work.made.empty()) {
        // In the middle, unless told: there are data, not headers.
        const std::uint64_t bits = work.made.size() * 8;
        const std::uint64_t bit =
            (fault->has_value ? static_cast<std::uint64_t>(fault->value) : bits / 2) % bits;
        work.made[bit / 8] ^= std::byte{1} << bit % 8;
    }
    if (const auto* fault = work.fault(fault_kind::length)) {
        work.completion.bytes += static_cast<std::uint32_t>(fault->value);
    }
    if (work.fault(fault_kind::crc)) work.completion.crc32 ^= 1;
}

// A command is not done before its time, as this core's pace has it, has passed.
void core::take_time(lock& held, const core_command& command, const work& work) {
    auto time = pace_.latency;
    if (pace_.bytes_per_second > 0) {
        const double seconds = static_cast<double>(work.operation.input_bytes) /
                               static_cast<double>(pace_.bytes_per_second);
        time += std::chrono::nanoseconds(static_cast<std::int64_t>(seconds * 1e9));
    }
    if (const auto* fault = work.fault(fault_kind::delay)) {
        time += std::chrono::nanoseconds(fault->value);
    }
    parts_.changed.wait_until(held, work.start + time, [&] {
        return parts_.stopping || !parts_.controller.is_current(command.ticket);
    });
}

void core::hang(lock& held, std::chrono::nanoseconds time) {
    parts_.controller.hold(true);
    parts_.trace.event("hangs");
    if (time.count() == 0) return;
    parts_.changed.wait_until(held, clock::now() + time,
                              [this] { return parts_.stopping || !parts_.controller.held(); });
    parts_.controller.hold(false);
    parts_.trace.event("answers again");
}

// --- after: under the lock

void core::finish(const core_command& command, work& work) {
    const bool current = parts_.controller.is_current(command.ticket);
    trace_record record{.namespace_id = index_ + 1,
                        .command_id = command.ticket.command_id,
                        .opcode = command.entry.opcode,
                        .status = work.status,
                        .completion = work.completion,
                        .read = pieces_of(work.input),
                        .abandoned = !current,
                        .start = work.start,
                        .end = clock::now()};
    if (current && work.status == status::success) {
        scatter(work.made, work.output);
        record.written = pieces_of(part_of(work.output, 0, work.made.size()));
    }
    for (const fault_rule& fault : work.faults) record.faults.push_back(name_of(fault.kind));
    parts_.trace.command(record);
    if (work.fault(fault_kind::disappear)) return parts_.disappear();
    // One that is dropped comes back as a command of no queue would.
    const ticket to = work.fault(fault_kind::drop) ? ticket{} : command.ticket;
    parts_.controller.complete(to, work.status, noload::encode_completion(work.completion));
    parts_.controller.process();
}

}  // namespace peerpress::accel::model
