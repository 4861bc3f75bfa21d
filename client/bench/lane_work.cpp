#include "client/bench/lane_work.hpp"

#include "client/bench/process_time.hpp"
#include "io/host_memory.hpp"
#include "io/open_flow.hpp"
#include "io/task_group.hpp"
#include "pipeline/copy.hpp"
#include "pipeline/transfer.hpp"

#include <algorithm>
#include <vector>

namespace peerpress::client::bench {
namespace {

// So many chunks for each thread lie in memory at once: far more than caches hold, and at the end
// of a pile a thread waits for the others for a small part of it only.
constexpr std::uint32_t chunks_per_thread = 16;

void check(const std::stop_token& stop) {
    if (stop.stop_requested()) throw system_error{asio::error::operation_aborted};
}

// Chunks in memory, and workers that compress them, each into a place of its own.
class pile {
public:
    pile(std::uint32_t chunks_max, std::uint32_t workers, std::size_t output_bytes)
        : chunks_max_(chunks_max),
          output_bytes_(output_bytes),
          input_(std::size_t{chunks_max} * chunk_bytes),
          output_(workers * output_bytes) {
        // The kernel gives memory as it is touched: that is no codec's work.
        std::ranges::fill(output_.bytes(), std::byte{});
    }

    // False where nothing is left.
    awaitable<bool> fill(io::storage& source) {
        chunks_.clear();
        next_ = 0;
        while (chunks_.size() < chunks_max_) {
            const bytes_span into =
                input_.bytes().subspan(chunks_.size() * chunk_bytes, chunk_bytes);
            const std::size_t got = co_await source.read(offset_bytes_, into);
            if (got == 0) break;
            offset_bytes_ += got;
            chunks_.push_back(into.first(got));
            if (got < chunk_bytes) break;
        }
        co_return !chunks_.empty();
    }

    // Compresses one chunk after another, until all are taken.
    awaitable<> work(accel::accelerator& engine, io::flow_id flow, int level,
                     std::uint32_t worker) {
        while (next_ < chunks_.size()) {
            accel::deflate_request request;
            request.input = chunks_[next_++];
            request.output = output_.bytes().subspan(worker * output_bytes_, output_bytes_);
            request.level = level;
            request.flow = flow;
            const accel::deflated made = co_await engine.deflate(request);
            bytes_made_ += made.bytes;
        }
    }

    std::uint64_t bytes_read() const { return offset_bytes_; }
    std::uint64_t bytes_made() const { return bytes_made_; }

private:
    const std::size_t chunks_max_;
    const std::size_t output_bytes_;
    io::host_memory input_;
    io::host_memory output_;
    std::vector<bytes_span> chunks_;
    std::size_t next_ = 0;
    std::uint64_t offset_bytes_ = 0;
    std::uint64_t bytes_made_ = 0;
};

}  // namespace

awaitable<codec_rates> measure_codec(pipeline::lane& lane, io::storage& source, int level,
                                     std::stop_token stop) {
    accel::accelerator& engine = lane.engine();
    const std::uint32_t threads = engine.parallelism();
    // One more than there are threads, so that none waits for its next chunk.
    const std::uint32_t workers = threads + 1;
    const io::open_flow flow(lane.staging());
    pile chunks(threads * chunks_per_thread, workers, engine.deflate_bound(chunk_bytes));
    process_time spent;
    while (co_await chunks.fill(source)) {
        check(stop);
        const process_time::lap lap(spent);
        io::task_group group(lane.executor());
        for (std::uint32_t i = 0; i < workers; ++i)
            group.spawn(chunks.work(engine, flow.id(), level, i));
        co_await group.join();
    }
    const auto bytes = static_cast<double>(chunks.bytes_read());
    co_return codec_rates{.per_core = bytes / spent.cpu_seconds(),
                          .together = bytes / spent.seconds(),
                          .bytes = chunks.bytes_read(),
                          .ratio = bytes / static_cast<double>(chunks.bytes_made())};
}

awaitable<double> measure_disk(pipeline::lane& lane, io::storage& source, io::storage* target,
                               disk_use use, std::stop_token stop) {
    const io::open_flow flow(lane.staging());
    pipeline::transfer_progress unseen;
    const pipeline::copy_route route{.lane = lane,
                                     .staging = lane.staging(),
                                     .flow = flow.id(),
                                     .source = source,
                                     .target = target,
                                     .stop = stop,
                                     .progress = unseen};
    pipeline::copy_options options;
    options.chunk_bytes = chunk_bytes;
    options.depth = 8;
    // Whole chunks: nothing is read that the last bytes of a write could come from.
    options.length_bytes = source.traits().size_bytes.value_or(0) / chunk_bytes * chunk_bytes;
    options.read = use != disk_use::write;
    options.write = use != disk_use::read;

    process_time spent;
    {
        const process_time::lap lap(spent);
        co_await pipeline::copy(route, options);
        if (options.write) co_await target->sync();
    }
    co_return static_cast<double>(*options.length_bytes) / spent.seconds();
}

awaitable<job_figures> measure_job(pipeline::lane& lane, io::storage& source, io::storage& target,
                                   int level, std::stop_token stop) {
    const io::open_flow flow(lane.staging());
    pipeline::transfer_progress unseen;
    const pipeline::route route{.lane = lane,
                                .flow = flow.id(),
                                .source = source,
                                .target = &target,
                                .stop = stop,
                                .progress = unseen};
    pipeline::compress_options options;
    options.level = level;
    options.member_bytes = chunk_bytes;

    process_time spent;
    pipeline::transfer_report report;
    {
        const process_time::lap lap(spent);
        report = co_await pipeline::compress(route, options);
        co_await target.sync();
    }
    const auto bytes = static_cast<double>(report.bytes_in);
    co_return job_figures{.rate = bytes / spent.seconds(),
                          .cpu_seconds_per_gb = spent.cpu_seconds() / bytes * 1e9,
                          .ratio = bytes / static_cast<double>(report.bytes_out)};
}

}  // namespace peerpress::client::bench
