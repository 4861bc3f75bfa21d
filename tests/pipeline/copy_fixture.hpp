// Copies run on a lane, through slots on the host's pages or on a device that catches processors.
#pragma once

#include "pipeline/copy.hpp"
#include "tests/pipeline/transfer_fixture.hpp"
#include "tests/support/device_slots.hpp"

#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace peerpress::test {

struct copy_outcome {
    std::optional<pipeline::copy_report> report;
    error_code error;
    std::string text;
};

class Copy : public testing::Test {
protected:
    static constexpr std::uint32_t slot_count = 4;
    static constexpr std::size_t slot_bytes = 16384;

    Copy() {
        auto memory = std::make_unique<device_slots>(slot_count, slot_bytes);
        device = memory.get();
        device_pool.emplace(on.lane().executor(), std::move(memory));
        host_pool.emplace(on.lane().executor(),
                          std::make_unique<io::host_slots>(slot_count, slot_bytes));
        device_flow = on.run(open_flow(*device_pool));
        host_flow = on.run(open_flow(*host_pool));
    }
    ~Copy() override {
        EXPECT_EQ(on.run(free_slots(*device_pool)), slot_count);
        EXPECT_EQ(on.run(free_slots(*host_pool)), slot_count);
        on.run(close_flow(*device_pool, device_flow));
        on.run(close_flow(*host_pool, host_flow));
        on.run(destroy_pools());
    }

    pipeline::copy_route host_route(io::storage& source, io::storage* target) {
        return {.lane = on.lane(),
                .staging = *host_pool,
                .flow = host_flow,
                .source = source,
                .target = target,
                .stop = stop.get_token(),
                .progress = on.progress()};
    }
    pipeline::copy_route device_route(io::storage& source, io::storage* target) {
        return {.lane = on.lane(),
                .staging = *device_pool,
                .flow = device_flow,
                .source = source,
                .target = target,
                .stop = stop.get_token(),
                .progress = on.progress()};
    }

    copy_outcome run(awaitable<pipeline::copy_report> work) {
        copy_outcome end;
        try {
            end.report = on.run(std::move(work));
        } catch (const system_error& error) {
            end.error = error.code();
            end.text = error.what();
        }
        return end;
    }
    copy_outcome through_host(io::storage& source, io::storage* target,
                              pipeline::copy_options options = {}) {
        return run(pipeline::copy(host_route(source, target), options));
    }
    // Both storages are the device's own.
    copy_outcome through_device(io::storage& source, io::storage* target,
                                pipeline::copy_options options = {}) {
        dma_storage from(source, *device);
        if (!target) return run(pipeline::copy(device_route(from, nullptr), options));
        dma_storage to(*target, *device);
        copy_outcome end = run(pipeline::copy(device_route(from, &to), options));
        device_bytes = from.device_bytes() + to.device_bytes();
        return end;
    }

    static awaitable<io::flow_id> open_flow(io::staging_pool& pool) { co_return pool.open_flow(); }
    static awaitable<> close_flow(io::staging_pool& pool, io::flow_id flow) {
        pool.close_flow(flow);
        co_return;
    }
    static awaitable<std::uint32_t> free_slots(io::staging_pool& pool) {
        co_return pool.free_slots();
    }
    awaitable<> destroy_pools() {
        device_pool.reset();
        host_pool.reset();
        co_return;
    }

    test_lane on;
    std::stop_source stop;
    const device_slots* device = nullptr;  // the pool's
    std::optional<io::staging_pool> device_pool, host_pool;
    io::flow_id device_flow{}, host_flow{};
    std::uint64_t device_bytes = 0;  // that the last copy moved into and out of the device's slots
};

}  // namespace peerpress::test
