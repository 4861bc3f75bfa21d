#include "accel/model/queues.hpp"

#include <algorithm>

namespace peerpress::accel::model {
namespace {

namespace status = nvme::status;

bool is_queue_size(std::uint32_t entries) {
    return entries >= 2 && entries <= queue_entries_max;
}

}  // namespace

void queue_table::start(std::uint64_t submission_base, std::uint32_t submission_entries,
                        std::uint64_t completion_base, std::uint32_t completion_entries) {
    clear();
    completions_[0] = {
        .exists = true, .base = completion_base, .entries = completion_entries, .interrupts = true};
    submissions_[0] = {.exists = true,
                       .base = submission_base,
                       .entries = submission_entries,
                       .incarnation = ++incarnations_};
}

void queue_table::clear() {
    submissions_.fill({});
    completions_.fill({});
}

std::uint16_t queue_table::create_submission(std::uint16_t id, std::uint64_t base,
                                             std::uint32_t entries, std::uint16_t completion_id) {
    if (id == 0 || id >= queues_max || submissions_[id].exists) return status::invalid_queue_id;
    if (completion_id == 0 || completion_id >= queues_max || !completions_[completion_id].exists) {
        return status::completion_queue_invalid;
    }
    if (!is_queue_size(entries)) return status::invalid_queue_size;
    if (base % nvme::page_bytes != 0) return status::invalid_prp_offset;
    submissions_[id] = {.exists = true,
                        .base = base,
                        .entries = entries,
                        .completion_queue = completion_id,
                        .incarnation = ++incarnations_};
    return status::success;
}

std::uint16_t queue_table::create_completion(std::uint16_t id, std::uint64_t base,
                                             std::uint32_t entries, bool interrupts,
                                             std::uint16_t vector) {
    if (id == 0 || id >= queues_max || completions_[id].exists) return status::invalid_queue_id;
    if (!is_queue_size(entries)) return status::invalid_queue_size;
    if (base % nvme::page_bytes != 0) return status::invalid_prp_offset;
    if (interrupts && vector >= queues_max) return status::invalid_vector;
    completions_[id] = {.exists = true,
                        .base = base,
                        .entries = entries,
                        .interrupts = interrupts,
                        .vector = vector};
    return status::success;
}

std::uint16_t queue_table::remove_submission(std::uint16_t id) {
    if (id == 0 || id >= queues_max || !submissions_[id].exists) return status::invalid_queue_id;
    submissions_[id] = {};
    return status::success;
}

std::uint16_t queue_table::remove_completion(std::uint16_t id) {
    if (id == 0 || id >= queues_max || !completions_[id].exists) return status::invalid_queue_id;
    const bool used = std::ranges::any_of(submissions_, [id](const submission_queue& queue) {
        return queue.exists && queue.completion_queue == id;
    });
    if (used) return status::invalid_queue_deletion;
    completions_[id] = {};
    return status::success;
}

bool queue_table::set_tail(std::uint32_t id, std::uint32_t tail) {
    if (id >= queues_max || !submissions_[id].exists || tail >= submissions_[id].entries) {
        return false;
    }
    submissions_[id].tail = tail;
    return true;
}

bool queue_table::set_head(std::uint32_t id, std::uint32_t head) {
    if (id >= queues_max || !completions_[id].exists || head >= completions_[id].entries) {
        return false;
    }
    completions_[id].head = head;
    return true;
}

}  // namespace peerpress::accel::model
