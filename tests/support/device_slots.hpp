// Slots that stand for a device's memory: whoever but a device touches them is caught in the act.
//
// The memory is closed to the processor (a fault ends the program) and opened only while a
// dma_storage moves bytes, as a device would.
#pragma once

#include "io/slot_memory.hpp"
#include "io/storage.hpp"

#include <sys/mman.h>

#include <cstdint>
#include <stdexcept>
#include <string>

namespace peerpress::test {

class device_slots final : public io::slot_memory {
public:
    device_slots(std::uint32_t slots, std::size_t slot_bytes)
        : memory_(slots, slot_bytes), all_(memory_.slot(0).data(), slots * slot_bytes) {
        protect(all_, PROT_NONE);
    }
    ~device_slots() override { protect(all_, PROT_READ | PROT_WRITE); }

    std::uint32_t slots() const override { return memory_.slots(); }
    std::size_t slot_bytes() const override { return memory_.slot_bytes(); }
    bytes_span slot(std::uint32_t index) const override { return memory_.slot(index); }
    const std::string& kind() const override { return kind_; }
    bool on_device() const override { return true; }

    bool holds(const void* at) const { return at >= all_.data() && at < all_.data() + all_.size(); }

    // Lets the processor at a piece of a slot for a while.
    class access {
    public:
        access(const device_slots& slots, const std::byte* at, std::size_t bytes)
            : access(&slots, at, bytes) {}
        // Without slots there is nothing to open.
        access(const device_slots* slots, const std::byte* at, std::size_t bytes) {
            if (slots == nullptr || !slots->holds(at)) return;
            const auto first = reinterpret_cast<std::uintptr_t>(at) / page_bytes * page_bytes;
            const auto end = reinterpret_cast<std::uintptr_t>(at) + bytes;
            pages_ = {reinterpret_cast<std::byte*>(first),
                      (end - first + page_bytes - 1) / page_bytes * page_bytes};
            protect(pages_, PROT_READ | PROT_WRITE);
        }
        access(const access&) = delete;
        access& operator=(const access&) = delete;
        ~access() {
            if (!pages_.empty()) protect(pages_, PROT_NONE);
        }

    private:
        bytes_span pages_;
    };

private:
    static constexpr std::size_t page_bytes = 4096;

    static void protect(bytes_span pages, int how) {
        if (::mprotect(pages.data(), pages.size(), how) != 0) throw std::runtime_error("mprotect");
    }

    io::host_slots memory_;
    bytes_span all_;
    std::string kind_ = "p2pmem of a test";
};

// A storage whose transfers are the device's own.
class dma_storage final : public io::storage {
public:
    dma_storage(io::storage& inner, const device_slots& slots) : inner_(inner), slots_(slots) {}

    const io::storage_traits& traits() const override { return inner_.traits(); }

    awaitable<std::size_t> read(std::uint64_t offset_bytes, bytes_span into) override {
        const device_slots::access open(slots_, into.data(), into.size());
        if (slots_.holds(into.data())) device_bytes_ += into.size();
        co_return co_await inner_.read(offset_bytes, into);
    }
    awaitable<> write(std::uint64_t offset_bytes, bytes_view from) override {
        const device_slots::access open(slots_, from.data(), from.size());
        if (slots_.holds(from.data())) device_bytes_ += from.size();
        co_await inner_.write(offset_bytes, from);
    }
    awaitable<> truncate(std::uint64_t size_bytes) override { return inner_.truncate(size_bytes); }
    awaitable<> sync() override { return inner_.sync(); }

    std::uint64_t device_bytes() const { return device_bytes_; }  // into slots, or out of them

private:
    io::storage& inner_;
    const device_slots& slots_;
    std::uint64_t device_bytes_ = 0;
};

}  // namespace peerpress::test
