// Stages of the way through devices that take time and move nothing: an SSD that reads, cores that
// compress, an SSD that writes. In virtual time, or in real time.
#pragma once

#include "accel/noload/wire.hpp"
#include "io/storage.hpp"
#include "tests/simulation/simulated_core.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <random>
#include <vector>

namespace peerpress::simulation {

struct stage_speed {
    double bytes_per_second = 0;
    nanoseconds latency{0};  // on top, for each piece; pieces overlap in it
    double spread = 0;       // 0.2: a piece takes up to a fifth less or more than its share
};

// Does one piece after the other.
class timed_stage {
public:
    using clock = std::chrono::steady_clock;

    timed_stage(asio::any_io_executor executor, stage_speed speed, std::uint64_t seed = 1)
        : executor_(std::move(executor)), speed_(speed), random_(seed) {}

    awaitable<> serve(std::size_t bytes) {
        const double part = static_cast<double>(random_() % 2001) / 1000 - 1;
        const double seconds =
            static_cast<double>(bytes) / speed_.bytes_per_second * (1 + speed_.spread * part);
        const nanoseconds takes(static_cast<std::int64_t>(seconds * 1e9));
        free_at_ = std::max(free_at_, clock::now()) + takes;
        busy_ += takes;
        if (virtual_time::instance().passes_here()) {
            // As a timer would, without the kernel's.
            co_await sleep_for(free_at_ + speed_.latency - clock::now());
        } else {
            asio::steady_timer done(executor_, free_at_ + speed_.latency);
            co_await done.async_wait(asio::use_awaitable);
        }
    }

    nanoseconds busy() const { return busy_; }

private:
    asio::any_io_executor executor_;
    stage_speed speed_;
    std::mt19937_64 random_;
    clock::time_point free_at_{};
    nanoseconds busy_{0};
};

// One end of a transfer; what is read from it is never looked at.
class timed_storage final : public io::storage {
public:
    timed_storage(timed_stage& stage, std::uint64_t size_bytes) : stage_(stage) {
        traits_.size_bytes = size_bytes;
        traits_.direct = true;
        traits_.alignment = {.memory_bytes = 4096, .offset_bytes = 4096};
    }

    const io::storage_traits& traits() const override { return traits_; }
    awaitable<std::size_t> read(std::uint64_t offset_bytes, bytes_span into) override {
        const std::size_t bytes =
            std::min<std::uint64_t>(into.size(), *traits_.size_bytes - offset_bytes);
        co_await stage_.serve(bytes);
        co_return bytes;
    }
    awaitable<> write(std::uint64_t, bytes_view from) override { return stage_.serve(from.size()); }
    awaitable<> truncate(std::uint64_t) override { co_return; }
    awaitable<> sync() override { co_return; }

private:
    timed_stage& stage_;
    io::storage_traits traits_;
};

// Compresses by a given ratio, in time; what it is tested with before, really and at once.
class timed_core final : public accel::noload::core_port {
public:
    timed_core(timed_stage& stage, double ratio, world& in)
        : stage_(stage), ratio_(ratio), honest_(in) {}

    awaitable<io::command_result> send(io::nvme_command command) override {
        const auto wanted =
            accel::noload::decode({.opcode = command.opcode,
                                   .cdw10 = {command.cdw10, command.cdw11, command.cdw12,
                                             command.cdw13, command.cdw14, command.cdw15}});
        if (!tested_ || !wanted) co_return co_await honest_.send(command);
        co_await stage_.serve(wanted->input_bytes);
        const auto bytes = static_cast<std::uint32_t>(wanted->input_bytes / ratio_) / 4096 * 4096;
        co_return io::command_result{
            .status = 0,
            .value = encode_completion(accel::noload::completion{.bytes = bytes, .crc32 = 1})};
    }

    void be_tested() { tested_ = true; }

private:
    timed_stage& stage_;
    double ratio_;
    simulated_core honest_;
    bool tested_ = false;
};

}  // namespace peerpress::simulation
