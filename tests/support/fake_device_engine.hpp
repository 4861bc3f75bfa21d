// A device behind the engine seam that works in a test's slots and takes orders: what fails next,
// what it gets wrong, how out of order it is.
#pragma once

#include "accel/device_engine.hpp"
#include "tests/support/device_member.hpp"
#include "tests/support/device_slots.hpp"
#include "tests/support/reference_zlib.hpp"

#include <deque>
#include <functional>
#include <random>
#include <string>

namespace peerpress::test {

class fake_device_engine final : public accel::device_engine {
public:
    // `memory`: nullptr where the processor can reach it anyway.
    fake_device_engine(asio::any_io_executor executor, const device_slots* memory,
                       std::size_t span_bytes, std::string address = "0000:03:00.0")
        : executor_(std::move(executor)),
          memory_(memory),
          identity_{.address = address,
                    .serial = "FAKE",
                    .label = "nvme2 (" + address + ")",
                    .model = "fake",
                    .span_bytes = span_bytes} {}

    // --- orders

    // `after` requests succeed first.
    void fail_next(error_code ec, std::size_t after = 0) { faults_.push_back({ec, after}); }
    void stop_serving(std::size_t after = 0) { serves_ = after; }
    void serve_again() { serves_ = ~std::size_t{0}; }
    // Changes a member it has made, while it lies in the slot.
    std::function<void(bytes_span member)> spoil = [](bytes_span) {};
    // Compresses something else, and tells the checksum of that.
    bool compress_stale_input = false;
    // Decodes into something else, and tells the checksum of that.
    bool decompress_wrongly = false;
    void delay_randomly(std::uint64_t seed) {
        random_.seed(seed);
        turns_max_ = 8;
    }
    double bytes_per_second = 1e9;

    // --- what happened

    std::vector<accel::member_request> requests;
    std::size_t decoded = 0;
    std::vector<std::string> distrusted;

    // --- engine

    const accel::device_identity& identity() const override { return identity_; }
    accel::device_load load() const override { return {.bytes_per_second = bytes_per_second}; }
    accel::device_state state() const override { return {}; }
    bool serving() const override { return serves_ > 0; }
    bool decompresses() const override { return true; }

    awaitable<accel::member_made> compress(accel::member_request request) override {
        requests.push_back(request);
        co_await pass_time();
        obey();
        const device_slots::access open(memory_, request.span.data(), request.span.size());
        co_return make_member(request);
    }

    awaitable<accel::member_data> decompress(accel::member_data_request request) override {
        co_await pass_time();
        obey();
        const device_slots::access open(memory_, request.span.data(), request.span.size());
        reference_stream found = reference_inflate(
            request.span.subspan(request.skip_bytes, request.member_bytes), gzip_window);
        if (found.verdict != reference_verdict::complete ||
            found.input_bytes != request.member_bytes)
            throw system_error{accel::codec_errc::bad_data};
        const bytes_span output = request.span.subspan(request.output_offset_bytes);
        if (found.data.size() > output.size())
            throw system_error{accel::codec_errc::output_too_small};
        if (decompress_wrongly && !found.data.empty()) found.data[0] ^= std::byte{1};
        std::ranges::copy(found.data, output.begin());
        ++decoded;
        co_return accel::member_data{.bytes = static_cast<std::uint32_t>(found.data.size()),
                                     .crc32 = reference_crc32(found.data)};
    }

    void distrust(const std::string& reason) override {
        distrusted.push_back(reason);
        serves_ = 0;
    }
    void drain() override { serves_ = 0; }
    void resume() override { serve_again(); }

private:
    struct fault {
        error_code ec;
        std::size_t after = 0;
    };

    awaitable<> pass_time() {
        for (unsigned turns = turns_max_ > 0 ? random_() % turns_max_ : 0; turns > 0; --turns)
            co_await asio::post(executor_, asio::use_awaitable);
    }

    void obey() {
        if (serves_ == 0)
            throw accel::device_error(accel::device_errc::redo_elsewhere, "nvme2: quarantined");
        if (serves_ != ~std::size_t{0}) --serves_;
        if (faults_.empty() || faults_.front().after-- > 0) return;
        const error_code ec = faults_.front().ec;
        faults_.pop_front();
        if (ec == accel::device_errc::redo_elsewhere)
            throw accel::device_error(accel::device_errc::redo_elsewhere, "nvme2: told to fail");
        throw system_error{ec};
    }

    accel::member_made make_member(const accel::member_request& request) {
        bytes input(request.span.begin(), request.span.begin() + request.input_bytes);
        if (compress_stale_input) input[0] ^= std::byte{1};
        const std::uint32_t crc32 = reference_crc32(input);
        const bytes stream = reference_deflate(input, 1, raw_window);
        const std::optional<std::size_t> total =
            write_device_member(request.span.subspan(request.output_offset_bytes), stream, crc32,
                                request.input_bytes, request.alignment_bytes);
        if (!total) throw system_error{accel::codec_errc::output_too_small};
        const bytes_span member = request.span.subspan(request.output_offset_bytes, *total);
        spoil(member);
        return {.bytes = static_cast<std::uint32_t>(*total), .crc32 = crc32};
    }

    asio::any_io_executor executor_;
    const device_slots* memory_;
    accel::device_identity identity_;
    std::deque<fault> faults_;
    std::size_t serves_ = ~std::size_t{0};
    std::mt19937_64 random_;
    unsigned turns_max_ = 0;
};

}  // namespace peerpress::test
