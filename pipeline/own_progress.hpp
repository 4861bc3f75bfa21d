// What one transfer adds to a progress that others may add to as well: taken back on destruction,
// unless it was kept. A transfer that fails may be begun again another way.
#pragma once

#include "pipeline/transfer.hpp"

#include <cstdint>

namespace peerpress::pipeline {

class own_progress {
public:
    explicit own_progress(transfer_progress& sum) : sum_(sum) {}
    own_progress(const own_progress&) = delete;
    own_progress& operator=(const own_progress&) = delete;
    ~own_progress() {
        sum_.bytes_in.fetch_sub(in_, std::memory_order_relaxed);
        sum_.bytes_out.fetch_sub(out_, std::memory_order_relaxed);
    }

    void add_in(std::uint64_t bytes) {
        in_ += bytes;
        sum_.bytes_in.fetch_add(bytes, std::memory_order_relaxed);
    }
    void add_out(std::uint64_t bytes) {
        out_ += bytes;
        sum_.bytes_out.fetch_add(bytes, std::memory_order_relaxed);
    }
    void keep() { in_ = out_ = 0; }

private:
    transfer_progress& sum_;
    std::uint64_t in_ = 0;
    std::uint64_t out_ = 0;
};

}  // namespace peerpress::pipeline
