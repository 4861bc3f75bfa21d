// Memory for small objects that come and go with each operation: blocks of one size, kept for the
// next. What is larger comes from the heap. Single-threaded.
#pragma once

#include <cstddef>
#include <new>

namespace peerpress::io {

template <std::size_t BlockBytes, std::size_t KeptMax>
class block_pool {
public:
    block_pool() = default;
    block_pool(const block_pool&) = delete;
    block_pool& operator=(const block_pool&) = delete;
    ~block_pool() {
        while (free_ != nullptr) ::operator delete(pop());
    }

    void* take(std::size_t bytes) {
        if (bytes <= BlockBytes && free_ != nullptr) return pop();
        return fresh(bytes);
    }
    void give(void* memory, std::size_t bytes) {
        if (bytes > BlockBytes || kept_ == KeptMax) return ::operator delete(memory);
        free_ = new (memory) block{free_};
        ++kept_;
    }

    // For a thread that may not touch the pool: give() takes this as well.
    static void* fresh(std::size_t bytes) {
        return ::operator new(bytes <= BlockBytes ? BlockBytes : bytes);
    }

private:
    struct block {
        block* next;
    };
    static_assert(BlockBytes >= sizeof(block));

    void* pop() {
        block* const taken = free_;
        free_ = taken->next;
        --kept_;
        return taken;
    }

    block* free_ = nullptr;
    std::size_t kept_ = 0;
};

}  // namespace peerpress::io
