// One operation of io/uring from its start to its handler's call: the entry for the kernel, and the
// handler, in one piece of memory.
#pragma once

#include "io/asio.hpp"
#include "io/bytes.hpp"

#include <liburing.h>

#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace peerpress::io {

class uring_queue;

struct uring_operation {
    // struct nvme_uring_cmd goes where a 128-byte entry continues: 16 bytes of the first half, all
    // of the second.
    static constexpr std::size_t command_bytes_max = 80;

    using finish_function = void (*)(uring_operation*, uring_queue&, bool call);

    uring_operation(const io_uring_sqe& prepared, bytes_view command_bytes, finish_function finish);

    // Frees the operation, and calls its handler with the result where it is to.
    void finish(uring_queue& in, bool call) { finish_(this, in, call); }

    io_uring_sqe sqe;
    std::array<std::byte, command_bytes_max> command{};
    bool given = false;      // to the kernel, or prepared for it
    bool cancelled = false;  // asked for
    int result = 0;
    std::uint64_t value = 0;
    asio::cancellation_slot cancellation{};

private:
    friend class uring_operation_list;
    finish_function finish_;
    uring_operation* previous_ = nullptr;
    uring_operation* next_ = nullptr;
};

// Knows no owner: who takes an operation off the list has it.
class uring_operation_list {
public:
    bool empty() const { return first_ == nullptr; }
    std::size_t size() const { return size_; }
    uring_operation& front() { return *first_; }

    void push_back(uring_operation& added);
    void remove(uring_operation& removed);

    template <class See>
    void for_each(See see) {
        for (uring_operation* at = first_; at != nullptr;) {
            uring_operation* const next = at->next_;
            see(*at);
            at = next;
        }
    }

private:
    uring_operation* first_ = nullptr;
    uring_operation* last_ = nullptr;
    std::size_t size_ = 0;
};

}  // namespace peerpress::io
