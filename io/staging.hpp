// A bounded pool of staging slots, all allocated at start, shared fairly between flows.
//
// A slot is one contiguous piece of memory, of the host's or of a device's: its input half, then
// its output half. A lease is the right to let a device write into one slot; it must outlive every
// operation submitted with its memory. A flow is one party's claim (a job's). Within a flow slots
// are granted first come, first served, so that a transfer's lowest chunk always holds one; between
// flows that wait they are granted in turn. Where flows can stall (a client that does not read),
// each of so many can be promised a slot, whatever the others hold. Single executor: no member is
// thread-safe.
#pragma once

#include "io/asio.hpp"
#include "io/bytes.hpp"
#include "io/event.hpp"
#include "io/slot_memory.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <stop_token>
#include <string>
#include <unordered_map>
#include <vector>

namespace peerpress::io {

struct staging_options {
    std::uint32_t slots = 24;             // 24 x 2.125 MiB = 51 MiB
    std::uint32_t input_bytes = 1 << 20;  // largest chunk; a power of two
    // Beyond a chunk in either half: framing, stored-block expansion, alignment.
    std::uint32_t slack_bytes = 64 << 10;
    // So many flows can have a slot each at any time; at most `slots`. 0: none is promised.
    std::uint32_t flows_promised = 0;
};

class staging_pool;

// A job's share of the pool; identifies the same party to engines (accel/accelerator.hpp). Never
// reused, in no pool.
enum class flow_id : std::uint64_t {};

// Move-only. Returns its slot on destruction.
class staging_lease {
public:
    staging_lease() = default;
    staging_lease(staging_lease&&) noexcept;
    staging_lease& operator=(staging_lease&&) noexcept;
    ~staging_lease();

    explicit operator bool() const { return pool_ != nullptr; }
    bytes_span input() const;   // input_bytes + slack_bytes, aligned to 4096
    bytes_span output() const;  // the same
    bytes_span memory() const;  // the whole slot, both halves included

private:
    friend class staging_pool;
    staging_lease(staging_pool& pool, std::uint32_t slot, flow_id flow)
        : pool_(&pool), slot_(slot), flow_(flow) {}

    staging_pool* pool_ = nullptr;
    std::uint32_t slot_ = 0;
    flow_id flow_{};
};

class staging_pool {
public:
    // Throws system_error (ENOMEM) where the memory cannot be had.
    staging_pool(asio::any_io_executor executor, staging_options options = {});
    // Over other memory. Its slots are cut in halves of whole pages, `slack_bytes` of each beyond a
    // chunk; what only copies uses a slot as a whole.
    staging_pool(asio::any_io_executor executor, std::unique_ptr<slot_memory> memory,
                 std::uint32_t slack_bytes = 0);
    staging_pool(const staging_pool&) = delete;
    staging_pool& operator=(const staging_pool&) = delete;
    ~staging_pool();  // every lease must be back

    flow_id open_flow();
    void close_flow(flow_id flow);  // nothing of it may wait or be leased any more

    // Throws operation_aborted where it would have to wait and `stop` is asked for, be it
    // meanwhile.
    awaitable<staging_lease> acquire(flow_id flow, std::stop_token stop = {});

    struct flow_statistics {
        std::uint64_t granted = 0;  // since it was opened
        std::uint32_t leased = 0;
        std::uint32_t waiting = 0;
    };
    flow_statistics statistics(flow_id flow) const;

    const staging_options& options() const { return options_; }
    std::uint32_t free_slots() const { return static_cast<std::uint32_t>(free_.size()); }
    std::size_t slot_bytes() const { return memory_->slot_bytes(); }
    // "huge pages (2 MiB)", "transparent huge pages", "4 KiB pages", or a device's.
    const std::string& memory_kind() const { return memory_->kind(); }
    bool on_device() const { return memory_->on_device(); }  // see slot_memory

private:
    friend class staging_lease;

    struct flow {
        explicit flow(asio::any_io_executor executor) : turn(std::move(executor)) {}

        event turn;                         // one notification per slot in `granted`
        std::deque<std::uint32_t> granted;  // to coroutines that are woken but have not run yet
        std::uint64_t granted_count = 0;
        std::uint32_t leased = 0;

        bool holds_one() const { return leased > 0 || !granted.empty(); }
    };

    bytes_span half(std::uint32_t slot, std::uint32_t which) const;
    flow& find(flow_id id);
    bool may_take(const flow& of) const;
    std::uint32_t take(flow& by);
    awaitable<> wait_for_turn(flow_id id, std::stop_token stop);
    staging_lease lease(flow_id id, flow& of, std::uint32_t slot);
    void give_back(std::uint32_t slot, flow_id id);
    void grant();

    asio::any_io_executor executor_;
    staging_options options_;
    std::unique_ptr<slot_memory> memory_;
    std::vector<std::uint32_t>
        free_;  // a stack: the slot used last is the one the caches still know
    std::uint32_t leased_ = 0;
    std::uint32_t flows_holding_ = 0;
    // Shared with nobody; what may be called when a flow is gone looks at it first.
    std::unordered_map<flow_id, std::shared_ptr<flow>> flows_;
    std::deque<flow*> turns_;  // the flows that wait, each once, the next to be served in front
};

}  // namespace peerpress::io
