#include "tests/simulation/simulated_ring.hpp"

#include "io/uring.hpp"
#include "tests/simulation/virtual_time.hpp"

#include <liburing.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cassert>
#include <cerrno>
#include <cstdlib>
#include <map>
#include <memory>
#include <utility>
#include <vector>

namespace peerpress::simulation {
namespace {

// What belongs to one io_uring. Completions hold it, so that one that comes too late does no harm.
class ring_state : public std::enable_shared_from_this<ring_state> {
public:
    ring_state(io_uring& ring, unsigned entries, const io_uring_params& parameters,
               ring_kernel& kernel)
        : kernel_(kernel), big_((parameters.flags & IORING_SETUP_CQE32) != 0) {
        const unsigned places = std::bit_ceil(entries);
        const unsigned completions = std::bit_ceil(parameters.cq_entries);
        entries_.resize(std::size_t{places} << big_);
        completions_.resize(std::size_t{completions} << big_);
        ring = {};
        ring.flags = parameters.flags;
        ring.features = IORING_FEAT_EXT_ARG | IORING_FEAT_NODROP;
        ring.ring_fd = -1;
        ring.sq.khead = &submission_head_;
        ring.sq.ktail = &submission_tail_;
        ring.sq.sqes = entries_.data();
        ring.sq.ring_mask = places - 1;
        ring.sq.ring_entries = places;
        ring.cq.khead = &completion_head_;
        ring.cq.ktail = &completion_tail_;
        ring.cq.cqes = completions_.data();
        ring.cq.ring_mask = completions - 1;
        ring.cq.ring_entries = completions;
    }

    void tell(int event_fd) { event_fd_ = event_fd; }

    int submit(io_uring& ring) {
        int submitted = 0;
        for (; submission_head_ != ring.sq.sqe_tail; ++submission_head_, ++submitted) {
            const unsigned place = (submission_head_ & ring.sq.ring_mask) << big_;
            take(ring, entries_[place]);
        }
        return submitted;
    }

    // Where the product waits: virtual time passes, or real time until somebody wakes it.
    int submit_and_wait(io_uring& ring, unsigned completions) {
        timed_out_ = false;
        const int submitted = submit(ring);
        while (ready() < completions && !timed_out_) {
            const bool passes = virtual_time::instance().passes_here();
            if (woken(ring, passes ? 0 : -1)) continue;
            if (!passes) continue;
            // What happened may have made handlers ready on this very thread, which wakes nobody:
            // a wait that is interrupted returns to them.
            const unsigned before = ready();
            virtual_time::instance().pass();
            if (ready() == before) break;
        }
        return submitted;
    }

private:
    unsigned ready() const { return completion_tail_ - completion_head_; }

    // Reads the eventfd that other threads wake it by.
    bool woken(io_uring& ring, int timeout_ms) {
        if (wake_fd_ < 0) return false;
        pollfd wake{.fd = wake_fd_, .events = POLLIN, .revents = 0};
        if (::poll(&wake, 1, timeout_ms) < 1) return false;
        const auto bytes = ::read(std::exchange(wake_fd_, -1), wake_memory_, sizeof(std::uint64_t));
        complete(ring.cq.ring_mask, wake_entry_, static_cast<std::int32_t>(bytes));
        return true;
    }

    void take(io_uring& ring, const io_uring_sqe& entry) {
        const std::uint64_t tag = entry.user_data;
        const unsigned mask = ring.cq.ring_mask;
        if (entry.opcode == IORING_OP_READ && entry.off == io::no_offset) {
            wake_fd_ = entry.fd;
            wake_memory_ = reinterpret_cast<void*>(entry.addr);
            wake_entry_ = tag;
            return;
        }
        if (entry.opcode == IORING_OP_TIMEOUT) return limit_wait(entry, mask);
        if (entry.opcode == IORING_OP_ASYNC_CANCEL) {
            const bool found = live_.erase(entry.addr) > 0;
            complete(mask, tag, found ? 0 : -ENOENT);
            if (found) complete(mask, entry.addr, -ECANCELED);
            return;
        }
        const std::uint64_t number = ++operations_;
        live_[tag] = number;
        auto done = [self = shared_from_this(), mask, tag, number](std::int32_t result) {
            const auto at = self->live_.find(tag);
            if (at == self->live_.end() || at->second != number) return;  // cancelled
            self->live_.erase(at);
            self->complete(mask, tag, result);
        };
        kernel_.start(operation_of(entry), std::move(done));
    }

    // Ends a wait after a time, or once as many completions have come.
    void limit_wait(const io_uring_sqe& entry, unsigned mask) {
        const auto& time = *reinterpret_cast<const __kernel_timespec*>(entry.addr);
        const std::uint64_t number = ++operations_;
        limits_.push_back({.number = number,
                           .tag = entry.user_data,
                           .at_completion = completions_made_ + static_cast<unsigned>(entry.off)});
        auto end = [self = shared_from_this(), mask, number] {
            const auto at = std::ranges::find(self->limits_, number, &limit::number);
            if (at != self->limits_.end()) self->end_limit(at, mask, -ETIME);
        };
        if (!virtual_time::instance().passes_here()) return end();
        virtual_time::instance().after(nanoseconds(time.tv_nsec), std::move(end));
    }

    struct limit {
        std::uint64_t number = 0;
        std::uint64_t tag = 0;
        std::uint64_t at_completion = 0;
    };

    void end_limit(std::vector<limit>::iterator at, unsigned mask, std::int32_t result) {
        const std::uint64_t tag = at->tag;
        limits_.erase(at);
        timed_out_ = true;
        tell_completion(mask, tag, result);
    }

    static ring_operation operation_of(const io_uring_sqe& entry) {
        ring_operation wanted{.opcode = entry.opcode, .fd = entry.fd, .memory = {}};
        wanted.offset_bytes = entry.off;
        if (entry.opcode == IORING_OP_FALLOCATE) {
            wanted.length_bytes = entry.addr;
        } else if (entry.opcode == IORING_OP_READ || entry.opcode == IORING_OP_WRITE) {
            wanted.memory = {reinterpret_cast<std::byte*>(entry.addr), entry.len};
        }
        return wanted;
    }

    void complete(unsigned mask, std::uint64_t tag, std::int32_t result) {
        tell_completion(mask, tag, result);
        ++completions_made_;
        const auto reached = std::ranges::find_if(
            limits_, [this](const limit& one) { return completions_made_ >= one.at_completion; });
        if (reached != limits_.end()) end_limit(reached, mask, 0);
    }

    void tell_completion(unsigned mask, std::uint64_t tag, std::int32_t result) {
        assert(completion_tail_ - completion_head_ <= mask);
        io_uring_cqe& place = completions_[std::size_t{completion_tail_ & mask} << big_];
        place.user_data = tag;
        place.res = result;
        place.flags = 0;
        ++completion_tail_;
        if (event_fd_ < 0) return;
        const std::uint64_t one = 1;
        if (::write(event_fd_, &one, sizeof one) != sizeof one) std::abort();
    }

    ring_kernel& kernel_;
    unsigned big_;  // entries and completions take two places each
    int event_fd_ = -1;
    int wake_fd_ = -1;  // while it is watched
    void* wake_memory_ = nullptr;
    std::uint64_t wake_entry_ = 0;
    bool timed_out_ = false;
    unsigned submission_head_ = 0, submission_tail_ = 0;
    unsigned completion_head_ = 0, completion_tail_ = 0;
    std::vector<io_uring_sqe> entries_;
    std::vector<io_uring_cqe> completions_;
    std::uint64_t operations_ = 0;
    std::uint64_t completions_made_ = 0;           // but those of limits
    std::vector<limit> limits_;                    // to waits
    std::map<std::uint64_t, std::uint64_t> live_;  // tag: operation
};

ring_kernel* the_kernel = nullptr;

std::map<const io_uring*, std::shared_ptr<ring_state>>& rings() {
    static std::map<const io_uring*, std::shared_ptr<ring_state>> all;
    return all;
}

}  // namespace

void set_ring_kernel(ring_kernel* kernel) {
    the_kernel = kernel;
}

}  // namespace peerpress::simulation

using namespace peerpress::simulation;

extern "C" {

int io_uring_queue_init_params(unsigned entries, io_uring* ring, io_uring_params* parameters) {
    rings()[ring] = std::make_shared<ring_state>(*ring, entries, *parameters, *the_kernel);
    return 0;
}

int io_uring_register_eventfd(io_uring* ring, int event_fd) {
    rings().at(ring)->tell(event_fd);
    return 0;
}

// Which operations it may be asked for, and that it may be asked now.
int io_uring_register(unsigned, unsigned, const void*, unsigned) {
    return 0;
}

int io_uring_submit(io_uring* ring) {
    return rings().at(ring)->submit(*ring);
}

int io_uring_submit_and_wait(io_uring* ring, unsigned completions) {
    return rings().at(ring)->submit_and_wait(*ring, completions);
}

// Asked for where no completion is there.
int __io_uring_get_cqe(io_uring*, io_uring_cqe** completion, unsigned, unsigned, sigset_t*) {
    *completion = nullptr;
    return -EAGAIN;
}

void io_uring_queue_exit(io_uring* ring) {
    rings().erase(ring);
}
}
