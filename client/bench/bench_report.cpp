#include "client/bench/bench_report.hpp"

#include "client/printable.hpp"
#include "client/report/json_lines.hpp"
#include "client/report/json_reporter.hpp"
#include "client/standard_output.hpp"
#include "client/units.hpp"

#include <fmt/format.h>

#include <utility>

namespace peerpress::client::bench {
namespace {

using boost::json::object;

std::uint64_t whole(double rate) {
    return static_cast<std::uint64_t>(rate);
}

double of_limit(const level_figures& level) {
    return level.job.rate / level.limit.rate;
}

object job_json(const job_figures& job) {
    return {{"ratio", job.ratio},
            {"bytes_per_second", whole(job.rate)},
            {"cpu_seconds_per_gb", job.cpu_seconds_per_gb}};
}

class text_listener final : public bench_listener {
public:
    explicit text_listener(std::ostream& out) : out_(out) {}

    void on_machine(const machine_figures& machine) override { print(machine_text(machine)); }
    void on_disk(const disk_figures& disk) override { print(disk_text(disk)); }
    void on_level(const level_figures& level) override {
        if (!std::exchange(levels_begun_, true)) print(levels_head());
        print(level_text(level));
    }
    void on_peer(const peer_figures& peer) override {
        if (!std::exchange(peers_begun_, true)) print(peers_head());
        print(peer_text(peer));
    }

private:
    void print(const std::string& text) {
        out_ << text << std::flush;
        if (!out_ && standard_output_is_broken()) throw broken_pipe();
    }

    std::ostream& out_;
    bool levels_begun_ = false;
    bool peers_begun_ = false;
};

class json_listener final : public bench_listener {
public:
    explicit json_listener(std::ostream& out) : out_(out) {}

    void on_machine(const machine_figures& machine) override { print(machine_json(machine)); }
    void on_disk(const disk_figures& disk) override { print(disk_json(disk)); }
    void on_level(const level_figures& level) override { print(level_json(level)); }
    void on_peer(const peer_figures& peer) override { print(peer_json(peer)); }

private:
    void print(const object& line) {
        write_json_line(out_, line);
        if (!out_ && standard_output_is_broken()) throw broken_pipe();
    }

    std::ostream& out_;
};

}  // namespace

std::string machine_text(const machine_figures& machine) {
    return fmt::format("{}, {} codec thread{}, {}\ndata  {}\ndisk  {}{}\n", machine.processor,
                       machine.cores, machine.cores == 1 ? "" : "s", machine.kernel,
                       printable(machine.data), printable(machine.directory),
                       machine.file_system.empty() ? "" : ", " + machine.file_system);
}

std::string disk_text(const disk_figures& disk) {
    return fmt::format("      reads {}, writes {}, both at once {} each\n", rate_text(disk.read),
                       rate_text(disk.write), rate_text(disk.copy));
}

std::string levels_head() {
    return fmt::format("\n{:<5}  {:<13}{:>7}{:>11}{:>11}{:>11}{:>9}  {}\n", "LEVEL", "CODEC",
                       "RATIO", "PER CORE", "TOGETHER", "JOB", "CPU s/GB", "OF LIMIT");
}

std::string level_text(const level_figures& level) {
    return fmt::format("{:<5}  {:<13}{:>7.3f}{:>11}{:>11}{:>11}{:>9.2f}  {:.0f} % of {} ({})\n",
                       level.level, level.codec, level.job.ratio, rate_text(level.per_core),
                       rate_text(level.together), rate_text(level.job.rate),
                       level.job.cpu_seconds_per_gb, 100 * of_limit(level),
                       rate_text(level.limit.rate), level.limit.by);
}

std::string peers_head() {
    return fmt::format("\n{:<20}{:>7}{:>33}{:>9}\n", "PEER", "RATIO", "FILE TO FILE", "CPU s/GB");
}

std::string peer_text(const peer_figures& peer) {
    return fmt::format("{:<20}{:>7.3f}{:>33}{:>9.2f}\n", peer.command, peer.job.ratio,
                       rate_text(peer.job.rate), peer.job.cpu_seconds_per_gb);
}

object machine_json(const machine_figures& machine) {
    object line{{"type", "bench-machine"},           {"processor", to_utf8(machine.processor)},
                {"codec_threads", machine.cores},    {"kernel", machine.kernel},
                {"data", to_utf8(machine.data)},     {"data_bytes", machine.data_bytes},
                {"file_system", machine.file_system}};
    put_name(line, "directory", machine.directory);
    return line;
}

object disk_json(const disk_figures& disk) {
    return {{"type", "bench-disk"},
            {"read_bytes_per_second", whole(disk.read)},
            {"write_bytes_per_second", whole(disk.write)},
            {"copy_bytes_per_second", whole(disk.copy)}};
}

object level_json(const level_figures& level) {
    object line{{"type", "bench-level"},
                {"level", level.level},
                {"codec", level.codec},
                {"bytes", level.bytes},
                {"codec_bytes_per_second_per_core", whole(level.per_core)},
                {"codec_bytes_per_second", whole(level.together)},
                {"limit_bytes_per_second", whole(level.limit.rate)},
                {"limited_by", level.limit.by},
                {"of_limit", of_limit(level)}};
    for (const auto& field : job_json(level.job)) line.insert(field);
    return line;
}

object peer_json(const peer_figures& peer) {
    object line{{"type", "bench-peer"},
                {"tool", peer.tool},
                {"level", peer.level},
                {"command", peer.command}};
    for (const auto& field : job_json(peer.job)) line.insert(field);
    return line;
}

std::unique_ptr<bench_listener> make_bench_listener(std::ostream& out, bool json) {
    if (json) return std::make_unique<json_listener>(out);
    return std::make_unique<text_listener>(out);
}

}  // namespace peerpress::client::bench
