// Submission and completion queues as the controller sees them: rings in the guest's memory, and
// doorbells.
//
// A queue is created, used and deleted; queue 0 of either kind is the administrator's, made by
// enabling the controller. Each time a submission queue is created it gets a new incarnation, so
// that a command of the old one cannot complete on the new one.
#pragma once

#include "accel/model/nvme.hpp"

#include <array>
#include <cstdint>
#include <deque>

namespace peerpress::accel::model {

inline constexpr std::uint16_t queues_max = 17;  // of a kind, the administrator's included
inline constexpr std::uint32_t queue_entries_max = 1024;

struct submission_queue {
    bool exists = false;
    std::uint64_t base = 0;
    std::uint32_t entries = 0;
    std::uint32_t head = 0;
    std::uint32_t tail = 0;
    std::uint16_t completion_queue = 0;
    std::uint64_t incarnation = 0;

    bool empty() const { return head == tail; }
    std::uint64_t head_address() const {
        return base + std::uint64_t{head} * sizeof(nvme::submission_entry);
    }
    void advance() { head = (head + 1) % entries; }
};

struct completion_queue {
    bool exists = false;
    std::uint64_t base = 0;
    std::uint32_t entries = 0;
    std::uint32_t head = 0;
    std::uint32_t tail = 0;
    bool phase = true;
    bool interrupts = false;
    std::uint16_t vector = 0;
    // What found the queue full. Bounded by the commands in flight.
    std::deque<nvme::completion_entry> waiting{};

    bool full() const { return (tail + 1) % entries == head; }
    std::uint64_t tail_address() const {
        return base + std::uint64_t{tail} * sizeof(nvme::completion_entry);
    }
    void advance() {
        tail = (tail + 1) % entries;
        if (tail == 0) phase = !phase;
    }
};

// Sizes and numbers come from the guest; statuses are NVMe's.
class queue_table {
public:
    // The administrator's pair. None other exists afterwards.
    void start(std::uint64_t submission_base, std::uint32_t submission_entries,
               std::uint64_t completion_base, std::uint32_t completion_entries);
    void clear();

    std::uint16_t create_submission(std::uint16_t id, std::uint64_t base, std::uint32_t entries,
                                    std::uint16_t completion_id);
    std::uint16_t create_completion(std::uint16_t id, std::uint64_t base, std::uint32_t entries,
                                    bool interrupts, std::uint16_t vector);
    std::uint16_t remove_submission(std::uint16_t id);
    std::uint16_t remove_completion(std::uint16_t id);

    // False for a doorbell, or a value, that is none.
    bool set_tail(std::uint32_t id, std::uint32_t tail);
    bool set_head(std::uint32_t id, std::uint32_t head);

    submission_queue& submission(std::uint16_t id) { return submissions_.at(id); }
    completion_queue& completion(std::uint16_t id) { return completions_.at(id); }
    const submission_queue& submission(std::uint16_t id) const { return submissions_.at(id); }

private:
    std::array<submission_queue, queues_max> submissions_;
    std::array<completion_queue, queues_max> completions_;
    std::uint64_t incarnations_ = 0;
};

}  // namespace peerpress::accel::model
