// A storage in memory that takes orders: what fails next, what it claims to be, how out of order it
// completes.
#pragma once

#include "io/storage.hpp"

#include <algorithm>
#include <deque>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace peerpress::test {

class memory_storage final : public io::storage {
public:
    struct write_record {
        std::uint64_t offset_bytes = 0;
        std::size_t length_bytes = 0;
        friend bool operator==(const write_record&, const write_record&) = default;
    };

    explicit memory_storage(std::vector<std::byte> content = {}, io::alignment alignment = {})
        : content_(std::move(content)) {
        traits_.alignment = alignment;
        traits_.direct = alignment.offset_bytes > 1;
        if (!traits_.direct) traits_.buffered_reason = "it is memory";
        traits_.size_bytes = content_.size();
    }

    // --- orders
    // -----------------------------------------------------------------------------------------

    // `after` operations succeed first.
    void fail_next_read(error_code ec, std::size_t after = 0) { read_fault_ = fault{ec, after}; }
    void fail_next_write(error_code ec, std::size_t after = 0) { write_fault_ = fault{ec, after}; }
    void fail_next_truncate(error_code ec) { truncate_fault_ = fault{ec, 0}; }
    void fail_next_sync(error_code ec) { sync_fault_ = fault{ec, 0}; }

    // traits().size_bytes says this whatever there is: a file that shrinks or grows under its
    // reader.
    void claim_size(std::uint64_t size_bytes) { traits_.size_bytes = size_bytes; }
    // Writes beyond it fail with ENOSPC.
    void limit_capacity(std::uint64_t bytes) { capacity_bytes_ = bytes; }
    // A pipe: no size, and offsets must follow one another (checked).
    void make_sequential() {
        traits_.seekable = false;
        traits_.size_bytes.reset();
    }
    // A raw device: it holds what it holds now, and no more.
    void make_device() {
        traits_.fixed_size = true;
        capacity_bytes_ = content_.size();
    }
    // The first direct transfer that is refused leaves it so, as a file that falls back.
    void fall_back() {
        traits_.direct = false;
        traits_.buffered_reason = "it fell back";
    }
    // Every operation takes a random number of turns of the executor, so that they complete out of
    // order.
    void delay_randomly(std::uint64_t seed, unsigned turns_max = 8) {
        random_.seed(seed);
        turns_max_ = turns_max;
    }

    // --- what happened
    // ----------------------------------------------------------------------------------

    std::vector<std::byte>& content() { return content_; }
    const std::vector<std::byte>& content() const { return content_; }
    const std::vector<write_record>& write_log() const {
        return write_log_;
    }  // in order of arrival
    std::size_t reads() const { return reads_; }
    std::size_t writes() const { return write_log_.size(); }
    std::size_t syncs() const { return syncs_; }
    // What the last truncation took off the end.
    const std::vector<std::byte>& cut_off() const { return cut_off_; }
    std::size_t truncations() const { return truncations_; }
    std::uint32_t in_flight() const { return in_flight_; }
    std::uint32_t in_flight_max() const { return in_flight_max_; }

    // --- storage
    // ----------------------------------------------------------------------------------------

    const io::storage_traits& traits() const override { return traits_; }

    awaitable<std::size_t> read(std::uint64_t offset_bytes, bytes_span into) override {
        check(offset_bytes, into.data(), into.size(), read_position_);
        ++reads_;
        const guard counted(*this);
        co_await pass_time();
        obey(read_fault_);
        if (offset_bytes >= content_.size()) co_return 0;
        const std::size_t length =
            std::min<std::size_t>(into.size(), content_.size() - offset_bytes);
        std::copy_n(content_.begin() + static_cast<std::ptrdiff_t>(offset_bytes), length,
                    into.begin());
        co_return length;
    }

    awaitable<> write(std::uint64_t offset_bytes, bytes_view from) override {
        check(offset_bytes, from.data(), from.size(), write_position_);
        write_log_.push_back({offset_bytes, from.size()});
        const guard counted(*this);
        co_await pass_time();
        obey(write_fault_);
        const std::uint64_t end = offset_bytes + from.size();
        if (end > capacity_bytes_)
            throw system_error{make_error_code(boost::system::errc::no_space_on_device)};
        if (end > content_.size()) resize(end);
        std::copy(from.begin(), from.end(),
                  content_.begin() + static_cast<std::ptrdiff_t>(offset_bytes));
    }

    awaitable<> truncate(std::uint64_t size_bytes) override {
        co_await pass_time();
        obey(truncate_fault_);
        ++truncations_;
        if (!traits_.seekable || traits_.fixed_size) co_return;
        if (size_bytes < content_.size())
            cut_off_.assign(content_.begin() + static_cast<std::ptrdiff_t>(size_bytes),
                            content_.end());
        resize(size_bytes);
    }

    awaitable<> sync() override {
        ++syncs_;
        co_await pass_time();
        obey(sync_fault_);
    }

private:
    struct fault {
        error_code ec;
        std::size_t after = 0;
    };

    struct guard {
        explicit guard(memory_storage& counted) : storage(counted) {
            storage.in_flight_max_ = std::max(storage.in_flight_max_, ++storage.in_flight_);
        }
        ~guard() { --storage.in_flight_; }
        memory_storage& storage;
    };

    // A caller's mistake is a logic_error, also where assertions are compiled out.
    void check(std::uint64_t offset_bytes, const void* memory, std::size_t length_bytes,
               std::uint64_t& position) {
        const bool aligned =
            offset_bytes % traits_.alignment.offset_bytes == 0 &&
            length_bytes % traits_.alignment.offset_bytes == 0 &&
            reinterpret_cast<std::uintptr_t>(memory) % traits_.alignment.memory_bytes == 0;
        if (!aligned) throw std::logic_error("misaligned request");
        if (!traits_.seekable && offset_bytes != position)
            throw std::logic_error("out of sequence");
        position = offset_bytes + length_bytes;
    }

    // Always at least one turn: what runs at once in a fake would hide what breaks in a real
    // storage.
    awaitable<> pass_time() {
        unsigned turns = 1;
        if (turns_max_ > 1) turns = 1 + static_cast<unsigned>(random_() % turns_max_);
        for (; turns > 0; --turns) co_await asio::post(asio::use_awaitable);
    }

    static void obey(std::optional<fault>& ordered) {
        if (!ordered) return;
        if (ordered->after-- > 0) return;
        const error_code ec = ordered->ec;
        ordered.reset();
        throw system_error{ec};
    }

    void resize(std::uint64_t size_bytes) {
        content_.resize(size_bytes);
        if (traits_.seekable) traits_.size_bytes = size_bytes;
    }

    std::vector<std::byte> content_;
    io::storage_traits traits_;
    std::optional<fault> read_fault_, write_fault_, truncate_fault_, sync_fault_;
    std::uint64_t capacity_bytes_ = ~std::uint64_t{0};
    std::mt19937_64 random_;
    unsigned turns_max_ = 1;
    std::vector<write_record> write_log_;
    std::size_t reads_ = 0;
    std::size_t syncs_ = 0;
    std::size_t truncations_ = 0;
    std::vector<std::byte> cut_off_;
    std::uint32_t in_flight_ = 0;
    std::uint32_t in_flight_max_ = 0;
    std::uint64_t read_position_ = 0;
    std::uint64_t write_position_ = 0;
};

}  // namespace peerpress::test
