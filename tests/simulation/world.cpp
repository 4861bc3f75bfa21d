#include "tests/simulation/world.hpp"

#include "tests/simulation/flip.hpp"
#include "tests/support/failing_calls.hpp"

#include <fcntl.h>
#include <liburing.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <utility>
#include <vector>

namespace peerpress::simulation {
namespace {

constexpr std::size_t block_bytes = 512;

world* the_world = nullptr;

// Direct I/O without a disk behind it: the page cache is fast, and the same for all.
class without_direct {
public:
    explicit without_direct(int fd) : fd_(fd), flags_(::fcntl(fd, F_GETFL)) {
        if (direct()) ::fcntl(fd_, F_SETFL, flags_ & ~O_DIRECT);
    }
    without_direct(const without_direct&) = delete;
    without_direct& operator=(const without_direct&) = delete;
    ~without_direct() {
        if (direct()) ::fcntl(fd_, F_SETFL, flags_);
    }

    bool direct() const { return flags_ >= 0 && (flags_ & O_DIRECT) != 0; }

private:
    int fd_;
    int flags_;
};

bool aligned(const ring_operation& wanted) {
    return wanted.offset_bytes % block_bytes == 0 && wanted.memory.size() % block_bytes == 0 &&
           reinterpret_cast<std::uintptr_t>(wanted.memory.data()) % block_bytes == 0;
}

occasion occasion_of(int opcode) {
    switch (opcode) {
        case IORING_OP_READ:
            return occasion::read;
        case IORING_OP_WRITE:
            return occasion::write;
        case IORING_OP_FALLOCATE:
            return occasion::allocate;
        default:
            return occasion::sync;
    }
}

}  // namespace

world::world(std::uint64_t seed, simulation::faults& faults)
    : seed_(seed), faults_(faults), random_(~seed) {
    the_world = this;
    set_ring_kernel(this);
}

world::~world() {
    the_world = nullptr;
    set_ring_kernel(nullptr);
}

world* world::current() {
    return the_world;
}

world::running::running(world& in) : in_(in) {
    virtual_time& time = virtual_time::instance();
    time.enter([&in] { in.hang(); });
    for (const planned_event& planned : in.planned_) time.after(planned.when, planned.happen);
    in.planned_.clear();
}

world::running::~running() {
    virtual_time::instance().leave();
}

void world::hang() const {
    std::fprintf(stderr, "seed %llu: the run hangs, with %u operations in flight\n",
                 static_cast<unsigned long long>(seed_), in_flight_);
    std::abort();
}

fault world::next(occasion what) {
    if (!runs()) return {};
    ++occasions_;
    const fault wrong = faults_.next(what);
    if (wrong) ++faults_made_;
    if (wrong.told != lie::none) ++lies_told_;
    return wrong;
}

nanoseconds world::some_time(nanoseconds least, const fault& how) {
    const double factor = 1 + 7 * (static_cast<double>(random_() % 1000) / 1000);
    const nanoseconds usual(static_cast<std::int64_t>(static_cast<double>(least.count()) * factor));
    return how.late ? usual + std::chrono::milliseconds(random_() % 8000) : usual;
}

void world::start(const ring_operation& wanted, std::function<void(std::int32_t result)> complete) {
    if (!virtual_time::instance().passes_here()) return complete(carry_out(wanted, {}));
    if (wanted.opcode == IORING_OP_POLL_ADD)
        return virtual_time::instance().after(some_time(std::chrono::microseconds(50), {}),
                                              [complete] { complete(1); });
    const fault how = next(occasion_of(wanted.opcode));
    ++in_flight_;
    const bool into = wanted.opcode == IORING_OP_READ;
    const std::uint64_t loan =
        ledger.lend(wanted.memory, into ? ledger::use::writes : ledger::use::reads);
    virtual_time::instance().after(some_time(std::chrono::microseconds(20), how),
                                   [this, wanted, how, complete, loan] {
                                       --in_flight_;
                                       const std::int32_t result = carry_out(wanted, how);
                                       ledger.give_back(loan);
                                       complete(result);
                                   });
}

std::int32_t world::carry_out(const ring_operation& wanted, const fault& how) {
    const quietly hidden(*this);
    switch (wanted.opcode) {
        case IORING_OP_READ:
        case IORING_OP_WRITE:
            return how.error != 0 ? -how.error : transfer(wanted, how);
        case IORING_OP_FALLOCATE:
            ledger.written(wanted.fd);
            if (how.error != 0) return -how.error;
            return ::posix_fallocate(wanted.fd, static_cast<off_t>(wanted.offset_bytes),
                                     static_cast<off_t>(wanted.length_bytes)) == 0
                       ? 0
                       : -ENOSPC;
        case IORING_OP_FSYNC:
            ledger.synced(wanted.fd, how.error == 0);
            return -how.error;
        default:
            return -EINVAL;
    }
}

std::int32_t world::transfer(const ring_operation& wanted, const fault& how) {
    const without_direct buffered(wanted.fd);
    if (buffered.direct() && !aligned(wanted)) {
        ledger.blame("a direct transfer that is not aligned");
        return -EINVAL;
    }
    bytes_span memory = wanted.memory;
    if (how.shortened && memory.size() > block_bytes) {
        const std::size_t blocks = 1 + random_() % (memory.size() / block_bytes);
        memory = memory.first(std::min(blocks * block_bytes, memory.size()));
    }
    const auto offset = static_cast<off_t>(wanted.offset_bytes);
    ssize_t moved = 0;
    if (wanted.opcode == IORING_OP_READ) {
        moved = ::pread(wanted.fd, memory.data(), memory.size(), offset);
        if (how.told == lie::data && moved > 0)
            flip_a_bit(memory.first(static_cast<std::size_t>(moved)), random_);
    } else if (how.told == lie::data) {
        std::vector<std::byte> changed(memory.begin(), memory.end());
        flip_a_bit(changed, random_);
        moved = ::pwrite(wanted.fd, changed.data(), changed.size(), offset);
    } else {
        moved = ::pwrite(wanted.fd, memory.data(), memory.size(), offset);
    }
    if (wanted.opcode == IORING_OP_WRITE && moved > 0) ledger.written(wanted.fd);
    return moved < 0 ? -errno : static_cast<std::int32_t>(moved);
}

void after_a_moment(std::function<void()> event) {
    world* const in = world::current();
    if (in == nullptr || !virtual_time::instance().passes_here()) return event();
    virtual_time::instance().after(in->some_time(std::chrono::microseconds(5), {}),
                                   std::move(event));
}

namespace {

struct start_sleep {
    template <class Handler>
    void operator()(Handler handler, nanoseconds time) const {
        auto executor = asio::get_associated_executor(handler);
        auto waiting = std::make_shared<Handler>(std::move(handler));
        auto wake = [executor, waiting] { asio::post(executor, std::move(*waiting)); };
        if (!virtual_time::instance().passes_here()) return wake();
        virtual_time::instance().after(time, std::move(wake));
    }
};

}  // namespace

awaitable<> sleep_for(nanoseconds time) {
    return asio::async_initiate<const asio::use_awaitable_t<>&, void()>(start_sleep{},
                                                                        asio::use_awaitable, time);
}

}  // namespace peerpress::simulation

// --- what tests/support/failing_calls asks of its program

namespace peerpress::test {

using simulation::world;

bool fails(const char*) {
    world* const in = world::current();
    if (in == nullptr || !in->runs()) return false;
    const simulation::fault how = in->next(simulation::occasion::call);
    if (how.error == 0) return false;
    errno = how.error;
    return true;
}

void created(int fd) {
    world* const in = world::current();
    if (in != nullptr && in->runs()) in->ledger.created(fd);
}

void directory_made(int in_fd, const char* name) {
    world* const in = world::current();
    if (in != nullptr && in->runs()) in->ledger.directory_made(in_fd, name);
}

// Nothing reaches a disk.
int make_durable(int fd, bool failed) {
    world* const in = world::current();
    if (in != nullptr && in->runs()) in->ledger.directory_synced(fd, !failed);
    return failed ? -1 : 0;
}

void changed(int fd) {
    world* const in = world::current();
    if (in != nullptr && in->runs()) in->ledger.written(fd);
}

}  // namespace peerpress::test
