// The way through devices keeps its slowest stage busy, however many cores and devices there are:
// the product's pipeline and engine, between stages that take a given time. In virtual time, so
// that rates are those of real devices and the figures are the same on every machine; and at rates
// that timers can follow in real time, for comparison.
#include "accel/noload/device.hpp"
#include "pipeline/device_transfer.hpp"
#include "tests/simulation/environment.hpp"
#include "tests/simulation/simulated_engine.hpp"
#include "tests/simulation/timed_stage.hpp"
#include "tests/simulation/world.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace peerpress::simulation {
namespace {

constexpr std::size_t span_bytes = 1 << 20;
constexpr std::uint32_t slots = 24;  // a device's, as a server takes them
constexpr double ratio = 3;

struct machine {
    std::string name;
    unsigned devices = 1;
    unsigned cores = 1;  // of each
    stage_speed reader{}, core{}, writer{};
    std::uint64_t bytes = 0;
};

struct figures {
    double seconds = 0;
    double reader = 0, cores = 0, writer = 0;  // shares of the time in which they were busy
    double slowest() const { return std::max({reader, cores, writer}); }
};

class scaled_transfer {
public:
    scaled_transfer(const machine& on, bool in_virtual_time)
        : on_(on),
          virtual_(in_virtual_time),
          world_(1, nothing_),
          lane_([this](const asio::any_io_executor&) { return make_simulated_engine(world_); },
                {.ring = {},
                 .staging = {.slots = 2, .input_bytes = span_bytes, .slack_bytes = 64 << 10}}),
          reader_(lane_.executor(), on.reader),
          writer_(lane_.executor(), on.writer) {
        for (unsigned number = 0; number < on.devices * on.cores; ++number)
            cores_.emplace_back(lane_.executor(), on.core, number);
    }

    figures run() { return asio::co_spawn(lane_.executor(), live(), asio::use_future).get(); }

private:
    struct site {
        std::shared_ptr<accel::noload::device> device;
        std::unique_ptr<io::staging_pool> pool;
        io::flow_id flow{};
    };

    awaitable<figures> live() {
        std::optional<world::running> in;
        if (virtual_) in.emplace(world_);
        std::vector<site> sites;
        for (unsigned number = 0; number < on_.devices; ++number) {
            sites.push_back(make_site(number));
            co_await sites.back().device->admit();
        }
        for (timed_core* port : ports_) port->be_tested();
        const figures found = co_await measure(sites);
        for (site& one : sites) one.pool->close_flow(one.flow);
        co_return found;
    }

    awaitable<figures> measure(std::vector<site>& sites) {
        timed_storage source(reader_, on_.bytes);
        timed_storage target(writer_, 0);
        pipeline::transfer_progress progress;
        io::flow_id flow = lane_.staging().open_flow();
        pipeline::device_route route{.host = {.lane = lane_,
                                              .flow = flow,
                                              .source = source,
                                              .target = &target,
                                              .stop = {},
                                              .progress = progress},
                                     .sites = {},
                                     .software = false};
        for (site& one : sites)
            route.sites.push_back({.engine = *one.device, .staging = *one.pool, .flow = one.flow});
        const auto began = timed_stage::clock::now();
        co_await pipeline::compress_on_devices(std::move(route), {.sample_every = 0});
        const nanoseconds took = timed_stage::clock::now() - began;
        lane_.staging().close_flow(flow);
        co_return figures_of(took);
    }

    figures figures_of(nanoseconds took) const {
        const auto share = [took](nanoseconds busy) {
            return static_cast<double>(busy.count()) / static_cast<double>(took.count());
        };
        nanoseconds cores_busy{0};
        for (const timed_stage& core : cores_) cores_busy += core.busy();
        return {.seconds = static_cast<double>(took.count()) / 1e9,
                .reader = share(reader_.busy()),
                .cores = share(cores_busy) / static_cast<double>(cores_.size()),
                .writer = share(writer_.busy())};
    }

    site make_site(unsigned number) {
        std::vector<accel::noload::core_parts> parts;
        for (unsigned core = 0; core < on_.cores; ++core) {
            auto port =
                std::make_unique<timed_core>(cores_[number * on_.cores + core], ratio, world_);
            ports_.push_back(port.get());
            parts.push_back({.kind = accel::core_kind::compress,
                             .namespace_id = core + 1,
                             .port = std::move(port)});
        }
        site made;
        made.device = std::make_shared<accel::noload::device>(
            lane_.executor(),
            accel::device_identity{.address = "0000:0" + std::to_string(number + 3) + ":00.0",
                                   .serial = "TIMED",
                                   .label = "nvme" + std::to_string(number),
                                   .model = "timed",
                                   .span_bytes = span_bytes},
            std::move(parts),
            [](std::size_t bytes) { return std::make_unique<io::host_slots>(1, bytes); });
        made.pool = std::make_unique<io::staging_pool>(
            lane_.executor(), std::make_unique<io::host_slots>(slots, span_bytes));
        made.flow = made.pool->open_flow();
        return made;
    }

    const machine& on_;
    bool virtual_;
    no_faults nothing_;
    world world_;
    pipeline::lane lane_;
    timed_stage reader_;
    timed_stage writer_;
    std::vector<timed_stage> cores_;
    std::vector<timed_core*> ports_;
};

figures measure(const machine& on, bool in_virtual_time = true) {
    return scaled_transfer(on, in_virtual_time).run();
}

void print(const machine& on, const figures& found, double one_core_seconds) {
    std::printf(
        "%-22s %u x %u cores %8.3f s  x %4.2f   reader %5.1f %%  cores %5.1f %%  writer "
        "%5.1f %%\n",
        on.name.c_str(), on.devices, on.cores, found.seconds, one_core_seconds / found.seconds,
        100 * found.reader, 100 * found.cores, 100 * found.writer);
}

constexpr double giga = 1e9;
constexpr stage_speed fast_reader{16 * giga, std::chrono::microseconds(90), 0.2};
constexpr stage_speed fast_writer{6 * giga, std::chrono::microseconds(25), 0.2};
constexpr stage_speed core{1 * giga, std::chrono::microseconds(50), 0.2};

// A core each does 1 GB/s, and the SSDs keep up with twelve of them.
machine limited_by_cores(unsigned devices, unsigned cores) {
    return {.name = "limited by cores",
            .devices = devices,
            .cores = cores,
            .reader = fast_reader,
            .core = core,
            .writer = fast_writer,
            .bytes = std::uint64_t{devices * cores} << 29};
}

class Scaling : public testing::TestWithParam<std::tuple<unsigned, unsigned>> {};

TEST_P(Scaling, KeepsTheSlowestStageBusy) {
    const auto [devices, cores] = GetParam();
    machine alone = limited_by_cores(1, 1);
    alone.bytes = std::uint64_t{devices * cores} << 29;
    const double one_core_seconds = measure(alone).seconds;

    const machine many = limited_by_cores(devices, cores);
    const figures by_cores = measure(many);
    print(many, by_cores, one_core_seconds);
    EXPECT_GE(by_cores.cores, 0.95);
    EXPECT_GE(one_core_seconds / by_cores.seconds, 0.95 * devices * cores);

    machine slow_reader = many;
    slow_reader.name = "limited by the reader";
    slow_reader.reader.bytes_per_second = 0.7 * giga * devices * cores;
    const figures by_reader = measure(slow_reader);
    print(slow_reader, by_reader, one_core_seconds);
    EXPECT_GE(by_reader.reader, 0.95);

    machine slow_writer = many;
    slow_writer.name = "limited by the writer";
    slow_writer.writer.bytes_per_second = 0.7 * giga * devices * cores / ratio;
    const figures by_writer = measure(slow_writer);
    print(slow_writer, by_writer, one_core_seconds);
    EXPECT_GE(by_writer.writer, 0.95);
}

INSTANTIATE_TEST_SUITE_P(OfCoresAndDevices, Scaling,
                         testing::Combine(testing::Values(1u, 2u), testing::Values(1u, 2u, 3u, 6u)),
                         [](const auto& info) {
                             return std::to_string(std::get<0>(info.param)) + "Times" +
                                    std::to_string(std::get<1>(info.param));
                         });

// At rates which the emulated machine of tests/vm has, too. What virtual time leaves out, the
// processor's, is little beside a chunk's 25 ms; on a machine that has other things to do it may be
// any amount, so that an upper bound is a matter of a quiet one:
//
//     PEERPRESS_SIMULATION_QUIET=1
TEST(VirtualTime, PassesAsRealTimeDoes) {
    constexpr double mega = 1e6;
    const bool quiet = number_from_environment("PEERPRESS_SIMULATION_QUIET").value_or(0) > 0;
    for (const unsigned cores : {1u, 3u}) {
        const machine slow{.name = "at small scale",
                           .devices = 1,
                           .cores = cores,
                           .reader = {400 * mega, std::chrono::microseconds(90), 0},
                           .core = {20 * mega, std::chrono::microseconds(50), 0},
                           .writer = {200 * mega, std::chrono::microseconds(25), 0},
                           .bytes = 24 << 20};
        const figures expected = measure(slow);
        double real_seconds = 1e9;
        const int attempts_max = quiet ? 5 : 1;
        for (int attempt = 0; attempt < attempts_max && real_seconds > 1.05 * expected.seconds;
             ++attempt)
            real_seconds = std::min(real_seconds, measure(slow, false).seconds);
        std::printf("%u cores: %.3f s in virtual time, %.3f s in real time\n", cores,
                    expected.seconds, real_seconds);

        EXPECT_GE(real_seconds, 0.99 * expected.seconds);
        if (quiet) {
            EXPECT_LE(real_seconds, 1.25 * expected.seconds);
        }
    }
}

}  // namespace
}  // namespace peerpress::simulation
