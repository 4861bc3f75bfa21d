// The kernel's side of an io_uring, in this program: what liburing would hand to Linux goes to a
// kernel of the test's. Rings, entries and completions are laid out as liburing knows them, and
// the product's own code fills and reaps them.
#pragma once

#include "io/bytes.hpp"

#include <array>
#include <cstdint>
#include <functional>

namespace peerpress::simulation {

struct ring_operation {
    int opcode = 0;  // IORING_OP_...
    int fd = -1;
    bytes_span memory;
    std::uint64_t offset_bytes = 0;
    std::uint64_t length_bytes = 0;  // of an allocation
};

class ring_kernel {
public:
    virtual ~ring_kernel() = default;
    // Calls `complete` once, later, with what a completion's `res` is to be.
    virtual void start(const ring_operation& wanted,
                       std::function<void(std::int32_t result)> complete) = 0;
};

// Whom the rings made from now on belong to; outlives them.
void set_ring_kernel(ring_kernel* kernel);

}  // namespace peerpress::simulation
