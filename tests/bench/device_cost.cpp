// Jobs on a device that costs nothing, so that what is left is what driving one costs. For
// tests/bench/device_cost.sh, which counts this program's instructions and system calls.
//
// All of it is ours as it is in production, from the job down to the ring, but for two things. The
// slots lie in host memory. And a core is /dev/null, which takes NVMe passthrough entries like
// /dev/ngXnY and does nothing: the answer is made up here. So the output is no gzip file.
#include "accel/noload/device.hpp"
#include "accel/noload/wire.hpp"
#include "accel/software/software_engine.hpp"
#include "jobs/job_run.hpp"
#include "tests/jobs/fake_planner.hpp"

#include <CLI/CLI.hpp>
#include <dlfcn.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/resource.h>
#include <unistd.h>
#include <zlib.h>

#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <vector>

namespace {

bool waits_by_poll = false;

}  // namespace

// Valgrind takes io_uring_enter for a call that does not block, and lets no other thread run
// meanwhile. Under it the lane waits for its ring by poll(): more calls, and a few instructions
// more.
extern "C" int io_uring_submit_and_wait(io_uring* ring, unsigned wait_for) {
    using function = int (*)(io_uring*, unsigned);
    static const auto original =
        reinterpret_cast<function>(::dlsym(RTLD_NEXT, "io_uring_submit_and_wait"));
    if (!waits_by_poll) return original(ring, wait_for);
    const int submitted = io_uring_submit(ring);
    pollfd watched{.fd = ring->ring_fd, .events = POLLIN, .revents = 0};
    while (io_uring_cq_ready(ring) == 0) ::poll(&watched, 1, -1);
    return submitted;
}

namespace peerpress::bench {
namespace {

using accel::noload::opcode;

constexpr std::uint32_t chunk_bytes = accel::member_input_bytes(1 << 20);
constexpr std::uint32_t member_bytes = 160 << 10;  // a ratio of 3

io::unique_fd open_null() {
    io::unique_fd fd(::open("/dev/null", O_RDWR | O_CLOEXEC));
    if (!fd) throw system_error{errno, boost::system::system_category(), "/dev/null"};
    return fd;
}

// Tells of each command what a core would have told.
class null_core final : public accel::noload::core_port {
public:
    explicit null_core(io::uring& ring) : passthrough_(ring, open_null(), 1) {}

    awaitable<io::command_result> send(io::nvme_command command) override {
        io::command_result result = co_await passthrough_.send(command);
        result.value = encode_completion(answer(command));
        co_return result;
    }

private:
    // Nothing is summed for ordinary chunks, whose contents nobody looks at; the device's test of
    // itself, whose commands are its first, gets what it expects.
    accel::noload::completion answer(const io::nvme_command& command) const {
        switch (static_cast<opcode>(command.opcode)) {
            case opcode::checksum:
                return {.bytes = command.cdw12, .crc32 = sum(command)};
            case opcode::decompress:
                return {.bytes = chunk_bytes, .crc32 = tested_crc32_};
            case opcode::compress:
                break;
        }
        if (tested_crc32_ == 0) tested_crc32_ = sum(command);
        return {.bytes = member_bytes, .crc32 = tested_crc32_};
    }
    static std::uint32_t sum(const io::nvme_command& command) {
        return static_cast<std::uint32_t>(
            ::crc32(0, reinterpret_cast<const Bytef*>(command.data.data()), command.cdw12));
    }

    io::nvme_passthrough passthrough_;
    static inline std::uint32_t tested_crc32_ = 0;
};

class silent_observer final : public jobs::job_observer {
public:
    awaitable<> on_prepared(const std::vector<jobs::prepared_file>&) override { co_return; }
    awaitable<> on_finished(const std::vector<jobs::file_result>& files) override {
        for (const jobs::file_result& file : files) {
            if (!file.error.message.empty()) throw std::runtime_error(file.error.message);
            for (const jobs::path_bytes& way : file.paths)
                if (way.path != jobs::data_path::p2p)
                    throw std::runtime_error("not by the device: " + way.reason);
        }
        co_return;
    }
};

struct wish {
    std::filesystem::path dir = ".";
    std::uint64_t chunks = 500;
    std::uint32_t in_flight = 24;
    bool checked = false;
    bool delayed = true;
    bool prepare = false;
    bool under_valgrind = false;
};

// Of time, up to now.
struct used {
    used() {
        struct rusage usage{};
        ::getrusage(RUSAGE_SELF, &usage);
        user_seconds = seconds_of(usage.ru_utime);
        system_seconds = seconds_of(usage.ru_stime);
    }
    static double seconds_of(const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    }

    double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
    double user_seconds = 0;
    double system_seconds = 0;
};

void make_source(const std::filesystem::path& path, std::uint64_t bytes) {
    if (std::filesystem::exists(path) && std::filesystem::file_size(path) == bytes) return;
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    std::vector<char> piece(1 << 20);
    for (std::size_t at = 0; at < piece.size(); ++at) piece[at] = static_cast<char>(at * 31 >> 7);
    for (std::uint64_t left = bytes; left > 0;) {
        const std::uint64_t now = std::min<std::uint64_t>(left, piece.size());
        file.write(piece.data(), static_cast<std::streamsize>(now));
        left -= now;
    }
    file.flush();
    if (!file) throw std::runtime_error("cannot write " + path.string());
}

std::shared_ptr<accel::noload::device> make_device(pipeline::lane& lane) {
    using namespace accel;
    std::vector<noload::core_parts> cores;
    for (std::uint32_t id = 1; id <= 4; ++id)
        cores.push_back({.kind = id < 4 ? core_kind::compress : core_kind::decompress,
                         .namespace_id = id,
                         .port = std::make_unique<null_core>(lane.ring())});
    const auto memory = [](std::size_t bytes) {
        return std::make_unique<io::host_slots>(1u, bytes);
    };
    return std::make_shared<noload::device>(lane.executor(),
                                            device_identity{.address = "0000:03:00.0",
                                                            .serial = "NULL",
                                                            .label = "null (0000:03:00.0)",
                                                            .model = "null",
                                                            .span_bytes = 1 << 20},
                                            std::move(cores), memory);
}

awaitable<> admit(std::shared_ptr<accel::noload::device> device) {
    co_await device->admit();
    if (!device->serving()) throw std::runtime_error(device->state().reason);
}

awaitable<io::uring_counters> counters_of(pipeline::lane& lane) {
    co_return lane.ring().counters();
}

template <class T>
T run(pipeline::lane& lane, awaitable<T> work) {
    return asio::co_spawn(lane.executor(), std::move(work), asio::use_future).get();
}

int measure(const wish& wished) {
    const std::filesystem::path source =
        wished.dir / fmt::format("device-cost-{}.data", wished.chunks);
    const std::filesystem::path target = wished.dir / "device-cost.gz";
    if (wished.prepare) {
        make_source(source, wished.chunks * chunk_bytes);
        return 0;
    }

    waits_by_poll = wished.under_valgrind;
    pipeline::lane lane(
        [](asio::any_io_executor executor) { return accel::software::make_engine(executor); },
        {.ring = {.commands = true, .delays = wished.delayed}, .staging = {}});
    const auto device = make_device(lane);
    run(lane, admit(device));
    jobs::fake_planner planner(lane.executor());
    planner.slots = wished.in_flight;
    planner.engines.push_back(device);

    silent_observer observer;
    jobs::job_progress progress;
    jobs::job_spec spec;
    spec.sources = {source.string()};
    spec.destination = target.string();
    spec.overwrite = true;
    spec.via.fallback = jobs::fallback::forbid;
    spec.verification = wished.checked ? jobs::verification::self : jobs::verification::off;
    jobs::job_context context{.lane = lane,
                              .observer = observer,
                              .progress = progress,
                              .stop = {},
                              .outputs = jobs::make_output_registry()};
    context.planner = &planner;
    context.device_sample_every = 0;

    const io::uring_counters before = run(lane, counters_of(lane));
    const used begin;
    const jobs::job_outcome outcome = run(lane, jobs::run_job(spec, std::move(context)));
    const used end;
    const io::uring_counters after = run(lane, counters_of(lane));
    if (outcome.state != jobs::job_state::succeeded) throw std::runtime_error("the job failed");
    fmt::print("chunks {}\nseconds {:.4f}\nuser_seconds {:.4f}\nsystem_seconds {:.4f}\n",
               wished.chunks, end.seconds - begin.seconds, end.user_seconds - begin.user_seconds,
               end.system_seconds - begin.system_seconds);
    fmt::print("operations {}\ncalls {}\n", after.operations - before.operations,
               after.submissions - before.submissions);
    std::filesystem::remove(target);
    return 0;
}

}  // namespace
}  // namespace peerpress::bench

int main(int argc, char** argv) {
    peerpress::bench::wish wished;
    CLI::App app("What driving a device costs, with one that costs nothing");
    app.add_option("--dir", wished.dir, "where files are written and read")->required();
    app.add_option("--chunks", wished.chunks, "of 480 KiB each");
    app.add_option("--in-flight", wished.in_flight, "chunks at a time");
    app.add_flag("--checked", wished.checked, "another core checks each member");
    app.add_flag("!--no-delay", wished.delayed, "look at each completion at once");
    app.add_flag("--under-valgrind", wished.under_valgrind, "wait in a way that Valgrind knows");
    app.add_flag("--prepare", wished.prepare, "write the source for so many chunks, and end");
    CLI11_PARSE(app, argc, argv);
    try {
        return peerpress::bench::measure(wished);
    } catch (const std::exception& failed) {
        fmt::print(stderr, "device_cost: {}\n", failed.what());
        return 1;
    }
}
