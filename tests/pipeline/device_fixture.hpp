// Transfers on devices that catch every processor which touches their memory.
#pragma once

#include "pipeline/device_transfer.hpp"
#include "tests/pipeline/transfer_fixture.hpp"
#include "tests/support/device_slots.hpp"
#include "tests/support/fake_device_engine.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace peerpress::test {

struct device_outcome {
    std::optional<pipeline::device_report> report;
    error_code error;
    std::string text;
    std::uint64_t member_index = 0;  // of a format_error
};

class DeviceTransfer : public testing::Test {
protected:
    static constexpr std::uint32_t slot_count = 4;
    static constexpr std::size_t span_bytes = 128 << 10;
    static constexpr std::size_t chunk_bytes = 60 << 10;

    struct device {
        const device_slots* memory = nullptr;  // the pool's
        std::optional<io::staging_pool> pool;
        io::flow_id flow{};
        std::optional<fake_device_engine> engine;
    };

    explicit DeviceTransfer(std::size_t count = 1) {
        for (std::size_t index = 0; index < count; ++index) add_device();
    }
    ~DeviceTransfer() override {
        for (device* each : all()) EXPECT_EQ(on.run(free_slots(*each->pool)), slot_count);
        EXPECT_TRUE(on.all_slots_free());
        on.run(destroy());
    }

    device& add_device() {
        device& made = *devices.emplace_back(std::make_unique<device>());
        auto memory = std::make_unique<device_slots>(slot_count, span_bytes);
        made.memory = memory.get();
        made.pool.emplace(on.lane().executor(), std::move(memory));
        made.flow = on.run(open_flow(*made.pool));
        made.engine.emplace(on.lane().executor(), made.memory, span_bytes,
                            "0000:0" + std::to_string(devices.size() + 2) + ":00.0");
        return made;
    }
    fake_device_engine& engine(std::size_t index = 0) { return *devices[index]->engine; }

    pipeline::device_route route(io::storage& source, io::storage* target) {
        pipeline::device_route made{
            .host = on.route(source, target, stop.get_token()), .sites = {}, .software = software};
        if (on_bytes) made.on_bytes = on_bytes;
        for (device* each : all())
            made.sites.push_back(
                {.engine = *each->engine, .staging = *each->pool, .flow = each->flow});
        return made;
    }

    device_outcome compress(io::storage& source, io::storage& target,
                            pipeline::device_compress_options options = {}) {
        ends through(*this, source, &target);
        return run(
            pipeline::compress_on_devices(route(through.source(), through.target()), options));
    }
    device_outcome decompress(io::storage& source, io::storage* target,
                              pipeline::device_decompress_options options = {}) {
        ends through(*this, source, target);
        return run(
            pipeline::decompress_on_devices(route(through.source(), through.target()), options));
    }
    pipeline::device_fit fit(io::storage& source, io::storage* target,
                             pipeline::device_decompress_options options = {}) {
        return on.run(fit_of(route(source, target), options));
    }

    std::vector<device*> all() {
        std::vector<device*> found;
        for (const auto& each : devices) found.push_back(each.get());
        return found;
    }

    test_lane on;
    std::stop_source stop;
    bool software = true;
    std::function<void(std::optional<std::size_t>, std::uint64_t)> on_bytes;
    std::vector<std::unique_ptr<device>> devices;

private:
    // Source and target move bytes as devices do, into and out of whichever device's slots.
    class ends {
    public:
        ends(DeviceTransfer& of, io::storage& source, io::storage* target) {
            source_.push_back(&source);
            target_.push_back(target);
            for (device* each : of.all()) {
                made_.push_back(std::make_unique<dma_storage>(*source_.back(), *each->memory));
                source_.push_back(made_.back().get());
                if (!target) continue;
                made_.push_back(std::make_unique<dma_storage>(*target_.back(), *each->memory));
                target_.push_back(made_.back().get());
            }
        }
        io::storage& source() { return *source_.back(); }
        io::storage* target() { return target_.back(); }

    private:
        std::vector<std::unique_ptr<dma_storage>> made_;
        std::vector<io::storage*> source_, target_;
    };

    device_outcome run(awaitable<pipeline::device_report> work) {
        device_outcome end;
        try {
            end.report = on.run(std::move(work));
        } catch (const pipeline::format_error& error) {
            end.error = error.code();
            end.text = error.what();
            end.member_index = error.member_index();
        } catch (const system_error& error) {
            end.error = error.code();
            end.text = error.what();
        }
        return end;
    }

    static awaitable<pipeline::device_fit> fit_of(pipeline::device_route route,
                                                  pipeline::device_decompress_options options) {
        co_return co_await pipeline::fit_devices(route, options);
    }
    static awaitable<io::flow_id> open_flow(io::staging_pool& pool) { co_return pool.open_flow(); }
    static awaitable<std::uint32_t> free_slots(io::staging_pool& pool) {
        co_return pool.free_slots();
    }
    awaitable<> destroy() {
        for (const auto& each : devices) {
            each->pool->close_flow(each->flow);
            each->pool.reset();
        }
        co_return;
    }
};

}  // namespace peerpress::test
