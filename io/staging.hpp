// A bounded pool of staging slots, all allocated at start, shared fairly between flows.
//
// A slot is one contiguous piece of memory: its input half, then its output half. A lease is the
// right to let a device write into one slot; it must outlive every operation submitted with its
// memory. A flow is one party's claim (a job's). Within a flow slots are granted first come, first
// served, so that a transfer's lowest chunk always holds one; between flows that wait they are
// granted in turn. Single executor: no member is thread-safe.
#pragma once

#include "io/asio.hpp"
#include "io/bytes.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace peerpress::io {

struct staging_options {
    std::uint32_t slots = 24;             // 24 x 2.125 MiB = 51 MiB
    std::uint32_t input_bytes = 1 << 20;  // largest chunk; a power of two
    std::uint32_t slack_bytes =
        64 << 10;  // beyond a chunk in either half: framing, stored-block expansion, alignment
};

class staging_pool;

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

private:
    friend class staging_pool;
    staging_pool* pool_ = nullptr;
    std::uint32_t slot_ = 0;
    std::uint64_t flow_ = 0;
};

// A job's share of the pool; identifies the same party to engines (accel/accelerator.hpp). Never
// reused.
enum class flow_id : std::uint64_t {};

class staging_pool {
public:
    // Throws system_error (ENOMEM) where the memory cannot be had.
    staging_pool(asio::any_io_executor executor, staging_options options = {});
    ~staging_pool();  // every lease must be back

    flow_id open_flow();
    void close_flow(flow_id flow);  // nothing of it may wait or be leased any more

    awaitable<staging_lease> acquire(flow_id flow);

    const staging_options& options() const;
    std::uint32_t free_slots() const;
    // "huge pages (2 MiB)", "transparent huge pages" or "4 KiB pages".
    const std::string& memory_kind() const;
    // (The private part is the implementer's.)
};

}  // namespace peerpress::io
