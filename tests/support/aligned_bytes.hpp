// Memory that direct I/O takes.
#pragma once

#include "io/bytes.hpp"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <vector>

namespace peerpress::test {

class aligned_bytes {
public:
    explicit aligned_bytes(std::size_t size, std::size_t alignment = 4096)
        : size_(size),
          memory_(static_cast<std::byte*>(
              std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment))) {
        std::fill_n(memory_.get(), size, std::byte{0xA5});
    }
    explicit aligned_bytes(bytes_view content) : aligned_bytes(content.size()) {
        std::copy(content.begin(), content.end(), memory_.get());
    }

    bytes_span span() { return {memory_.get(), size_}; }
    std::vector<std::byte> first(std::size_t bytes) const {
        return {memory_.get(), memory_.get() + bytes};
    }

private:
    struct freed {
        void operator()(std::byte* memory) const { std::free(memory); }
    };
    std::size_t size_;
    std::unique_ptr<std::byte, freed> memory_;
};

}  // namespace peerpress::test
