// A copy's target that counts, while the bytes arrive, which way they came.
#pragma once

#include "io/storage.hpp"
#include "jobs/path_tally.hpp"
#include "pipeline/transfer.hpp"

#include <algorithm>
#include <atomic>
#include <cstdint>

namespace peerpress::jobs {

// Bytes of one copy: up to `first_bytes` are counted as the one way's, what is beyond as the
// other's (the zeros of holes, of which only the number is known). What lies behind the source's
// end (the rest of its last block) is not counted.
class tallied_storage final : public io::storage {
public:
    struct plan {
        std::uint64_t size_bytes = 0;
        std::uint64_t first_bytes = 0;
        std::atomic<std::uint64_t>* first = nullptr;
        std::atomic<std::uint64_t>* rest = nullptr;
        pipeline::transfer_progress* progress = nullptr;  // the job's
    };

    tallied_storage(io::storage& inner, plan plan) : inner_(inner), plan_(plan) {}

    const io::storage_traits& traits() const override { return inner_.traits(); }
    awaitable<std::size_t> read(std::uint64_t offset_bytes, bytes_span into) override {
        return inner_.read(offset_bytes, into);
    }
    awaitable<> write(std::uint64_t offset_bytes, bytes_view from) override {
        const std::uint64_t size = from.size();
        co_await inner_.write(offset_bytes, from);
        count(std::min(size, plan_.size_bytes - std::min(offset_bytes, plan_.size_bytes)));
    }
    awaitable<> truncate(std::uint64_t size_bytes) override { return inner_.truncate(size_bytes); }
    awaitable<> sync() override { return inner_.sync(); }

    // What was counted goes another way after all.
    void take_back() {
        const std::uint64_t bytes = first_counted_ + rest_counted_;
        plan_.progress->bytes_in.fetch_sub(bytes, std::memory_order_relaxed);
        plan_.progress->bytes_out.fetch_sub(bytes, std::memory_order_relaxed);
        plan_.first->fetch_sub(first_counted_, std::memory_order_relaxed);
        plan_.rest->fetch_sub(rest_counted_, std::memory_order_relaxed);
        first_counted_ = rest_counted_ = 0;
    }

    // What it was in all, where the size was not known beforehand.
    void settle(std::uint64_t bytes) {
        take_back();
        count(bytes);
    }

private:
    void count(std::uint64_t bytes) {
        plan_.progress->bytes_in.fetch_add(bytes, std::memory_order_relaxed);
        plan_.progress->bytes_out.fetch_add(bytes, std::memory_order_relaxed);
        const std::uint64_t as_first = std::min(bytes, plan_.first_bytes - first_counted_);
        first_counted_ += as_first;
        rest_counted_ += bytes - as_first;
        plan_.first->fetch_add(as_first, std::memory_order_relaxed);
        plan_.rest->fetch_add(bytes - as_first, std::memory_order_relaxed);
    }

    io::storage& inner_;
    plan plan_;
    std::uint64_t first_counted_ = 0;
    std::uint64_t rest_counted_ = 0;
};

}  // namespace peerpress::jobs
