// Compresses one file with the library alone:  compress_file SOURCE TARGET [auto|noload|software]
// It takes a lane (a thread with an io_uring, staging memory and a software engine), a planner that
// knows the machine's accelerators, and a job.
#include "accel/noload/discovery.hpp"
#include "accel/software/software_engine.hpp"
#include "jobs/job_run.hpp"
#include "jobs/p2p_planner.hpp"

#include <cstdio>

using namespace peerpress;

// What became of the job's only file.
struct observer final : jobs::job_observer {
    awaitable<> on_prepared(const std::vector<jobs::prepared_file>&) override { co_return; }
    awaitable<> on_finished(const std::vector<jobs::file_result>& files) override {
        result = files.front();
        co_return;
    }
    jobs::file_result result;
};

awaitable<accel::device_engines> find_accelerators(pipeline::lane& lane) {
    const io::topology::host_files files;
    auto found = accel::noload::find_devices(files, io::topology::read_machine(files));
    co_return co_await accel::noload::open_devices(lane.ring(), std::move(found));
}

int main(int argc, char** argv) try {
    const auto engine = jobs::engine_from_name(argc == 4 ? argv[3] : "auto");
    if (argc < 3 || argc > 4 || !engine)
        throw std::runtime_error("usage: compress_file SOURCE TARGET [auto|noload|software]");
    pipeline::lane lane([](auto executor) { return accel::software::make_engine(executor); },
                        {.ring = {.commands = true}, .staging = {}});
    jobs::p2p_planner planner(lane.executor(), {});
    planner.use(asio::co_spawn(lane.executor(), find_accelerators(lane), asio::use_future).get());

    jobs::job_spec spec;
    spec.sources = {argv[1]};
    spec.destination = argv[2];
    spec.engine = *engine;
    observer seen;
    jobs::job_progress progress;
    jobs::job_context context{.lane = lane,
                              .observer = seen,
                              .progress = progress,
                              .stop = {},
                              .outputs = nullptr,
                              .planner = &planner};
    auto job = jobs::run_job(std::move(spec), std::move(context));
    const auto end = asio::co_spawn(lane.executor(), std::move(job), asio::use_future).get();
    if (end.error) throw std::runtime_error(end.error.message);
    for (const jobs::path_bytes& part : seen.result.paths)
        std::printf("%llu bytes by %s\n", static_cast<unsigned long long>(part.bytes),
                    part.device.c_str());
} catch (const std::exception& error) {
    std::fprintf(stderr, "compress_file: %s\n", error.what());
    return 1;
}
