// A lane with the software engine, and transfers run on it from a test's own thread.
#pragma once

#include "accel/software/software_engine.hpp"
#include "pipeline/transfer.hpp"
#include "tests/support/memory_storage.hpp"
#include "tests/support/random_bytes.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace peerpress::test {

using bytes = std::vector<std::byte>;

inline pipeline::lane_options small_lane(std::uint32_t slots = 4,
                                         std::uint32_t input_bytes = 1 << 20) {
    pipeline::lane_options options;
    options.staging = {.slots = slots, .input_bytes = input_bytes, .slack_bytes = 64 << 10};
    return options;
}

inline std::unique_ptr<accel::accelerator> two_threads(asio::any_io_executor executor) {
    return accel::software::make_engine(std::move(executor), {.threads = 2});
}

// What became of a transfer.
struct outcome {
    std::optional<pipeline::transfer_report> report;
    error_code error;
    std::string text;
    std::uint64_t member_index = 0;  // of a format_error
    std::uint64_t offset_bytes = 0;
};

class test_lane {
public:
    explicit test_lane(pipeline::lane_options options = small_lane(),
                       pipeline::engine_factory make_engine = two_threads)
        : lane_(std::move(make_engine), options), flow_(run(open_flow(lane_))) {}
    ~test_lane() { run(close_flow(lane_, flow_)); }

    pipeline::lane& lane() { return lane_; }

    pipeline::route route(io::storage& source, io::storage* target, std::stop_token stop = {}) {
        return {.lane = lane_,
                .flow = flow_,
                .source = source,
                .target = target,
                .stop = std::move(stop),
                .progress = progress_};
    }
    pipeline::transfer_progress& progress() { return progress_; }

    // What `work` returns or throws, run on the lane. A hang ends the program: nothing could be
    // cleaned up.
    template <class T>
    T run(awaitable<T> work) {
        std::future<T> done = start(std::move(work));
        return get(done);
    }
    template <class T>
    std::future<T> start(awaitable<T> work) {
        return asio::co_spawn(lane_.executor(), std::move(work), asio::use_future);
    }
    template <class T>
    static T get(std::future<T>& done) {
        if (done.wait_for(std::chrono::seconds(100)) != std::future_status::ready) {
            std::fputs("the transfer hangs\n", stderr);
            std::abort();
        }
        return done.get();
    }

    outcome run_transfer(awaitable<pipeline::transfer_report> work) {
        std::future<pipeline::transfer_report> done = start(std::move(work));
        return get_outcome(done);
    }
    static outcome get_outcome(std::future<pipeline::transfer_report>& done) {
        outcome end;
        try {
            end.report = get(done);
        } catch (const pipeline::format_error& error) {
            end.error = error.code();
            end.text = error.what();
            end.member_index = error.member_index();
            end.offset_bytes = error.offset_bytes();
        } catch (const system_error& error) {
            end.error = error.code();
            end.text = error.what();
        }
        return end;
    }

    outcome compress(io::storage& source, io::storage* target,
                     pipeline::compress_options options = {}, std::stop_token stop = {}) {
        return run_transfer(pipeline::compress(route(source, target, std::move(stop)), options));
    }
    outcome decompress(io::storage& source, io::storage* target,
                       pipeline::decompress_options options = {}, std::stop_token stop = {}) {
        return run_transfer(pipeline::decompress(route(source, target, std::move(stop)), options));
    }

    std::uint32_t free_slots() { return run(count_free_slots(lane_)); }
    bool all_slots_free() { return free_slots() == lane_.options().staging.slots; }

private:
    static awaitable<io::flow_id> open_flow(pipeline::lane& lane) {
        co_return lane.staging().open_flow();
    }
    static awaitable<> close_flow(pipeline::lane& lane, io::flow_id flow) {
        lane.staging().close_flow(flow);
        co_return;
    }
    static awaitable<std::uint32_t> count_free_slots(pipeline::lane& lane) {
        co_return lane.staging().free_slots();
    }

    pipeline::lane lane_;
    io::flow_id flow_;
    pipeline::transfer_progress progress_;
};

inline constexpr io::alignment unaligned{};
inline constexpr io::alignment block_512{.memory_bytes = 512, .offset_bytes = 512};
inline constexpr io::alignment block_4096{.memory_bytes = 4096, .offset_bytes = 4096};

// Everything in one go, for tests that care for the bytes only.
inline bytes compressed(test_lane& on, const bytes& data, pipeline::compress_options options = {}) {
    memory_storage source(data);
    memory_storage target;
    const outcome end = on.compress(source, &target, options);
    EXPECT_FALSE(end.error) << end.text;
    return target.content();
}

}  // namespace peerpress::test
