// A core in a test's own memory that takes the device's commands and a test's orders: what fails
// next, what it gets wrong, how slow it is.
#pragma once

#include "accel/noload/core_port.hpp"
#include "accel/noload/wire.hpp"
#include "tests/support/reference_zlib.hpp"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace peerpress::test {

// Orders and records of one core, which a test keeps while the device owns the port.
struct fake_core {
    // Each answers one command: a status of the controller's, or a (negative) errno.
    std::deque<int> failures;
    std::optional<int> always;  // for every command, until it is taken back
    // Changes what a successful command returns, or the memory it worked in.
    std::function<void(accel::noload::completion&)> twist = [](auto&) {};
    std::function<void(bytes_span span)> spoil = [](bytes_span) {};
    std::size_t span_bytes_max = 1 << 20;  // of the kernel: more is EINVAL
    std::chrono::microseconds time{0};     // of one command; they follow one another

    std::vector<accel::noload::operation> commands;
    std::uint32_t timeout_ms = 0;
};

class fake_core_port final : public accel::noload::core_port {
public:
    fake_core_port(asio::any_io_executor executor, std::shared_ptr<fake_core> orders)
        : executor_(std::move(executor)), orders_(std::move(orders)) {}

    awaitable<io::command_result> send(io::nvme_command command) override {
        const auto orders = orders_;
        orders->timeout_ms = command.timeout_ms;
        co_await pass_time();
        if (command.data.size() > orders->span_bytes_max) fail(EINVAL);
        const auto wanted =
            accel::noload::decode({.opcode = command.opcode,
                                   .cdw10 = {command.cdw10, command.cdw11, command.cdw12,
                                             command.cdw13, command.cdw14, command.cdw15}});
        if (!wanted || !fits_span(*wanted) || wanted->span_bytes != command.data.size())
            co_return io::command_result{.status = accel::noload::status::invalid_field};
        orders->commands.push_back(*wanted);
        if (const int failure = next_failure(); failure != 0) {
            if (failure < 0) fail(-failure);
            co_return io::command_result{.status = static_cast<std::uint32_t>(failure)};
        }
        co_return carry_out(*wanted, command.data);
    }

private:
    using operation = accel::noload::operation;
    using opcode = accel::noload::opcode;

    awaitable<> pass_time() {
        if (orders_->time.count() == 0) {
            co_await asio::post(executor_, asio::use_awaitable);
            co_return;
        }
        free_ = std::max(free_, std::chrono::steady_clock::now()) + orders_->time;
        asio::steady_timer timer(executor_, free_);
        co_await timer.async_wait(asio::use_awaitable);
    }

    [[noreturn]] static void fail(int number) {
        throw system_error{number, boost::system::system_category()};
    }

    int next_failure() {
        if (orders_->always) return *orders_->always;
        if (orders_->failures.empty()) return 0;
        const int failure = orders_->failures.front();
        orders_->failures.pop_front();
        return failure;
    }

    io::command_result carry_out(const operation& wanted, bytes_span span) {
        const bytes_view input = span.subspan(wanted.skip_bytes, wanted.input_bytes);
        const bytes_span room = span.subspan(wanted.output_offset_bytes);
        io::command_result result;
        switch (wanted.opcode) {
            case opcode::checksum:
                result = success(wanted.input_bytes, reference_crc32(input));
                break;
            case opcode::compress:
                result = compress(wanted, input, room);
                break;
            case opcode::decompress:
                result = decompress(wanted, input, room);
                break;
        }
        orders_->spoil(span);
        return result;
    }

    io::command_result success(std::size_t bytes, std::uint32_t crc32) {
        accel::noload::completion done{.bytes = static_cast<std::uint32_t>(bytes), .crc32 = crc32};
        orders_->twist(done);
        return {.status = 0, .value = encode_completion(done)};
    }

    // One gzip member without a length field; its padding to the alignment is a file name.
    io::command_result compress(const operation& wanted, bytes_view input, bytes_span room) {
        const test::bytes stream = reference_deflate(input, 1, raw_window);
        const std::size_t alignment = std::size_t{1} << wanted.output_alignment_log2;
        const std::size_t padding = alignment - (18 + stream.size()) % alignment;
        const std::size_t total = 18 + padding + stream.size();
        if (total > room.size()) return {.status = accel::noload::status::output_too_small};
        const unsigned char header[] = {0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 0, 255};
        std::memset(room.data(), 'x', 10 + padding);
        std::memcpy(room.data(), header, sizeof header);
        room[10 + padding - 1] = std::byte{0};
        std::memcpy(room.data() + 10 + padding, stream.data(), stream.size());
        const std::uint32_t crc32 = reference_crc32(input);
        const auto size = static_cast<std::uint32_t>(input.size());
        std::memcpy(room.data() + total - 8, &crc32, 4);
        std::memcpy(room.data() + total - 4, &size, 4);
        return success(total, crc32);
    }

    io::command_result decompress(const operation& wanted, bytes_view input, bytes_span room) {
        const reference_stream found = reference_inflate(input, gzip_window);
        if (found.verdict != reference_verdict::complete)
            return {.status = accel::noload::status::bad_format};
        if (!wanted.check_only) {
            if (found.data.size() > room.size())
                return {.status = accel::noload::status::output_too_small};
            std::ranges::copy(found.data, room.begin());
        }
        return success(found.data.size(), reference_crc32(found.data));
    }

    asio::any_io_executor executor_;
    std::shared_ptr<fake_core> orders_;
    std::chrono::steady_clock::time_point free_{};
};

}  // namespace peerpress::test
