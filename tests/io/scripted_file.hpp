// A raw_file in memory that behaves as badly as a kernel may: each round of a transfer meets the
// next event of a script, and what direct I/O would refuse is counted as a mistake of the caller.
#pragma once

#include "io/raw_file.hpp"
#include "io/storage.hpp"

#include <algorithm>
#include <deque>
#include <utility>
#include <vector>

namespace peerpress::test {

// What happens to one round.
struct round {
    error_code ec{};
    // Where there is no error: at most this many bytes move.
    std::size_t bytes_max = ~std::size_t{0};
};

inline round fails(int number) {
    return {error_code{number, boost::system::system_category()}};
}
inline round moves(std::size_t bytes_max) {
    return {{}, bytes_max};
}

class scripted_file final : public io::raw_file {
public:
    scripted_file(std::vector<std::byte> content, io::alignment alignment)
        : content_(std::move(content)), alignment_(alignment) {}

    // --- orders and observations ---

    std::deque<round> script;     // used up from the front; after it everything succeeds
    bool refuses_direct = false;  // EINVAL while O_DIRECT is on
    std::uint64_t allocated_all_the_same = 0;  // bytes, by an allocation that fails
    error_code allocate_error, sync_error, truncate_error, make_buffered_error, ready_error;

    std::vector<std::byte>& content() { return content_; }
    std::size_t misaligned_rounds() const { return misaligned_rounds_; }
    std::size_t rounds() const { return rounds_; }
    std::size_t waits() const { return waits_; }
    std::size_t allocations() const { return allocations_; }
    bool buffered() const { return buffered_; }

    // --- raw_file ---

    awaitable<result<std::size_t>> read_some(std::uint64_t offset_bytes, bytes_span into) override {
        const round now = begin(offset_bytes, into);
        co_await asio::post(asio::use_awaitable);
        if (now.ec) co_return now.ec;
        const std::uint64_t from = place(offset_bytes, read_position_);
        if (from >= content_.size()) co_return std::size_t{0};
        const std::size_t bytes =
            std::min({into.size(), now.bytes_max, std::size_t{content_.size() - from}});
        std::copy_n(content_.begin() + static_cast<std::ptrdiff_t>(from), bytes, into.begin());
        read_position_ += bytes;
        co_return bytes;
    }

    awaitable<result<std::size_t>> write_some(std::uint64_t offset_bytes,
                                              bytes_view from) override {
        const round now = begin(offset_bytes, from);
        co_await asio::post(asio::use_awaitable);
        if (now.ec) co_return now.ec;
        const std::uint64_t to = place(offset_bytes, write_position_);
        const std::size_t bytes = std::min(from.size(), now.bytes_max);
        content_.resize(std::max<std::size_t>(content_.size(), to + bytes));
        std::copy_n(from.begin(), bytes, content_.begin() + static_cast<std::ptrdiff_t>(to));
        write_position_ += bytes;
        co_return bytes;
    }

    awaitable<error_code> ready(io::readiness) override {
        ++waits_;
        co_await asio::post(asio::use_awaitable);
        co_return ready_error;
    }

    awaitable<error_code> allocate(std::uint64_t offset_bytes,
                                   std::uint64_t length_bytes) override {
        ++allocations_;
        co_await asio::post(asio::use_awaitable);
        const std::uint64_t made_bytes = allocate_error ? allocated_all_the_same : length_bytes;
        if (made_bytes > 0)
            content_.resize(std::max<std::size_t>(content_.size(), offset_bytes + made_bytes));
        co_return allocate_error;
    }

    awaitable<error_code> sync() override { co_return sync_error; }
    result<std::uint64_t> size() override { return content_.size(); }

    error_code truncate(std::uint64_t size_bytes) override {
        if (!truncate_error) content_.resize(size_bytes);
        return truncate_error;
    }

    error_code make_buffered() override {
        if (!make_buffered_error) buffered_ = true;
        return make_buffered_error;
    }

private:
    round begin(std::uint64_t offset_bytes, bytes_view memory) {
        ++rounds_;
        if (offset_bytes != io::no_offset && !buffered_) {
            const auto address = reinterpret_cast<std::uintptr_t>(memory.data());
            if (offset_bytes % alignment_.offset_bytes != 0 ||
                memory.size() % alignment_.offset_bytes != 0 ||
                address % alignment_.memory_bytes != 0)
                ++misaligned_rounds_;
            if (refuses_direct) return fails(EINVAL);
        }
        if (script.empty()) return {};
        return take_front();
    }

    round take_front() {
        const round now = script.front();
        script.pop_front();
        return now;
    }

    static std::uint64_t place(std::uint64_t offset_bytes, std::uint64_t position) {
        return offset_bytes == io::no_offset ? position : offset_bytes;
    }

    std::vector<std::byte> content_;
    io::alignment alignment_;
    std::uint64_t read_position_ = 0;
    std::uint64_t write_position_ = 0;
    std::size_t misaligned_rounds_ = 0;
    std::size_t rounds_ = 0;
    std::size_t waits_ = 0;
    std::size_t allocations_ = 0;
    bool buffered_ = false;
};

}  // namespace peerpress::test
