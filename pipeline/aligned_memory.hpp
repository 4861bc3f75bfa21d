// Memory that direct I/O takes.
#pragma once

#include "io/bytes.hpp"

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>

namespace peerpress::pipeline {

class aligned_memory {
public:
    aligned_memory() = default;
    // Throws bad_alloc. `bytes` is a multiple of `alignment_bytes`, a power of two.
    aligned_memory(std::size_t alignment_bytes, std::size_t bytes)
        : memory_(static_cast<std::byte*>(std::aligned_alloc(alignment_bytes, bytes))),
          bytes_(bytes) {
        if (!memory_) throw std::bad_alloc{};
    }

    bytes_span span() const { return {memory_.get(), bytes_}; }

private:
    struct release {
        void operator()(std::byte* memory) const { std::free(memory); }
    };
    std::unique_ptr<std::byte[], release> memory_;
    std::size_t bytes_ = 0;
};

}  // namespace peerpress::pipeline
