#include "client/bench/bench_run.hpp"

#include "accel/software/level_table.hpp"
#include "accel/software/software_engine.hpp"
#include "client/bench/lane_work.hpp"
#include "client/bench/machine.hpp"
#include "client/bench/peers.hpp"
#include "client/bench/sample.hpp"
#include "client/bench/thinned_storage.hpp"
#include "client/in_process/in_process.hpp"
#include "io/file.hpp"

#include <fcntl.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <utility>

namespace peerpress::client::bench {
namespace {

// What one run of a level may take. A level of 10 MB/s then compresses the fewest chunks that say
// something about its ratio.
constexpr double run_seconds = 1.5;
constexpr std::uint64_t chunks_min = 24;

template <class Value>
Value median(std::vector<Value> values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::ranges::nth_element(values, middle);
    return *middle;
}

job_figures median(const std::vector<job_figures>& runs) {
    std::vector<double> rates;
    std::vector<double> cpu;
    for (const job_figures& run : runs) {
        rates.push_back(run.rate);
        cpu.push_back(run.cpu_seconds_per_gb);
    }
    return {.rate = median(rates), .cpu_seconds_per_gb = median(cpu), .ratio = runs.back().ratio};
}

std::string directory_of(const bench_request& request) {
    if (!request.directory.empty()) return request.directory;
    if (request.file.empty()) return ".";
    const std::string parent = std::filesystem::path(request.file).parent_path().string();
    return parent.empty() ? "." : parent;
}

// Storages live on the lane's thread; they are opened there, and gone before it is.
class benchmark {
public:
    benchmark(const bench_request& request, bench_listener& listener,
              const interruption& interrupted)
        : request_(request),
          listener_(listener),
          interrupted_(interrupted),
          stop_(interrupted.cancelled()),
          directory_(directory_of(request)),
          data_(take_sample(request.file, directory_, request.size_bytes, stop_)),
          backend_(in_process_options{.threads = request.threads}) {}

    figures run();

private:
    std::unique_ptr<io::storage> open_source();
    std::unique_ptr<io::storage> open_target();

    awaitable<double> disk_once(disk_use use);
    awaitable<codec_rates> codec_once(int level, std::uint64_t every);
    awaitable<job_figures> job_once(int level, std::uint64_t every);

    double disk_rate(disk_use use);
    double fastest_ratio(std::uint64_t every);
    level_figures measure_level(int level);
    void measure_peers(std::uint32_t threads);

    const bench_request& request_;
    bench_listener& listener_;
    const interruption& interrupted_;
    const std::stop_token stop_;
    const std::string directory_;
    const sample data_;
    in_process backend_;
    double expected_rate_ = 0;  // of the next level: hardly more than of the one before
    std::map<std::uint64_t, double> fastest_ratios_;
    figures made_;
};

std::unique_ptr<io::storage> benchmark::open_source() {
    return io::open_storage(backend_.lane().ring(), open_again(data_.fd, O_RDONLY),
                            io::caching::direct);
}

std::unique_ptr<io::storage> benchmark::open_target() {
    return io::open_storage(backend_.lane().ring(), open_nameless(directory_),
                            io::caching::direct_gapless);
}

awaitable<double> benchmark::disk_once(disk_use use) {
    const auto source = open_source();
    const auto target = open_target();
    co_return co_await measure_disk(backend_.lane(), *source, target.get(), use, stop_);
}

awaitable<codec_rates> benchmark::codec_once(int level, std::uint64_t every) {
    const auto source = open_source();
    thinned_storage thinned(*source, chunk_bytes, every);
    co_return co_await measure_codec(backend_.lane(), thinned, level, stop_);
}

awaitable<job_figures> benchmark::job_once(int level, std::uint64_t every) {
    const auto source = open_source();
    const auto target = open_target();
    thinned_storage thinned(*source, chunk_bytes, every);
    co_return co_await measure_job(backend_.lane(), thinned, *target, level, stop_);
}

double benchmark::disk_rate(disk_use use) {
    std::vector<double> rates;
    for (std::uint32_t i = 0; i < request_.runs; ++i)
        rates.push_back(backend_.run_on_lane(disk_once(use), interrupted_));
    return median(rates);
}

// What the fastest level makes of a part of the data. Parts differ in how well they compress; what
// this level makes of a part and of all tells by how much.
double benchmark::fastest_ratio(std::uint64_t every) {
    double& ratio = fastest_ratios_[every];
    if (ratio == 0)
        ratio =
            backend_.run_on_lane(codec_once(accel::software::level_min, every), interrupted_).ratio;
    return ratio;
}

// Codec and job take turns, so that a disturbance meets both.
level_figures benchmark::measure_level(int level) {
    const std::uint64_t every =
        thinning(data_.size_bytes, chunk_bytes, expected_rate_ > 0 ? expected_rate_ : 1e12,
                 run_seconds, chunks_min);
    std::vector<double> per_core;
    std::vector<double> together;
    std::vector<job_figures> jobs;
    std::uint64_t bytes = 0;
    for (std::uint32_t i = 0; i < request_.runs; ++i) {
        const codec_rates codec = backend_.run_on_lane(codec_once(level, every), interrupted_);
        per_core.push_back(codec.per_core);
        together.push_back(codec.together);
        bytes = codec.bytes;
        jobs.push_back(backend_.run_on_lane(job_once(level, every), interrupted_));
    }
    level_figures made{.level = level,
                       .codec = accel::software::codec_name(level, accel::codec::automatic),
                       .bytes = bytes,
                       .per_core = median(per_core),
                       .together = median(together),
                       .job = median(jobs),
                       .limit = {}};
    if (every > 1) made.job.ratio *= fastest_ratio(1) / fastest_ratio(every);
    made.limit = limit_of(made_.disk, made.per_core * made_.machine.cores, made.job.ratio);
    expected_rate_ = made.together;
    return made;
}

void benchmark::measure_peers(std::uint32_t threads) {
    const std::vector<peer> peers = installed_peers(threads);
    for (const peer& each : peers) {
        std::vector<job_figures> runs;
        for (std::uint32_t i = 0; i < request_.runs; ++i)
            if (const auto run = measure_peer(each, data_, directory_, stop_)) runs.push_back(*run);
        if (runs.empty()) continue;
        std::string command;
        for (const std::string& word : each.command) command += (command.empty() ? "" : " ") + word;
        made_.peers.push_back({.tool = each.tool,
                               .command = std::move(command),
                               .level = each.level,
                               .job = median(runs)});
        listener_.on_peer(made_.peers.back());
    }
}

figures benchmark::run() {
    const std::uint32_t threads = backend_.parallelism();
    made_.machine = look_at_machine(directory_);
    made_.machine.cores = threads;
    made_.machine.data = data_.description;
    made_.machine.data_bytes = data_.size_bytes;
    listener_.on_machine(made_.machine);

    made_.disk = {.read = disk_rate(disk_use::read),
                  .write = disk_rate(disk_use::write),
                  .copy = disk_rate(disk_use::copy)};
    listener_.on_disk(made_.disk);

    for (const int level : request_.levels) {
        made_.levels.push_back(measure_level(level));
        listener_.on_level(made_.levels.back());
    }
    if (request_.peers) measure_peers(threads);
    return std::move(made_);
}

}  // namespace

figures run_bench(const bench_request& request, bench_listener& listener,
                  const interruption& interrupted) {
    return benchmark(request, listener, interrupted).run();
}

}  // namespace peerpress::client::bench
