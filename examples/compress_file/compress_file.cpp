// Compresses one file with the library alone, without a server:  compress_file SOURCE TARGET
//
// What a program needs: a lane (a thread with an io_uring, staging memory and an engine), a
// descriptor for each side, and one coroutine that awaits the transfer on the lane.
#include "accel/software/software_engine.hpp"
#include "io/file.hpp"
#include "io/open_flow.hpp"
#include "pipeline/transfer.hpp"

#include <fcntl.h>

#include <cerrno>
#include <cstdio>
#include <exception>

namespace {

using namespace peerpress;

io::unique_fd open_or_throw(const char* path, int flags) {
    const int fd = ::open(path, flags | O_CLOEXEC, 0600);
    if (fd < 0) throw system_error(errno, boost::system::system_category(), path);
    return io::unique_fd(fd);
}

// `lane` outlives this: main waits for the result before it lets go of the lane.
awaitable<pipeline::transfer_report> compress_file(pipeline::lane& lane, io::unique_fd source_fd,
                                                   io::unique_fd target_fd) {
    const auto source = io::open_storage(lane.ring(), std::move(source_fd), io::caching::direct);
    const auto target = io::open_storage(lane.ring(), std::move(target_fd), io::caching::direct);
    pipeline::transfer_progress progress;
    const io::open_flow flow(lane.staging());

    pipeline::route route{.lane = lane,
                          .flow = flow.id(),
                          .source = *source,
                          .target = target.get(),
                          .stop = {},
                          .progress = progress};
    const auto report = co_await pipeline::compress(route, {.level = 1});
    co_await target->sync();
    co_return report;
}

}  // namespace

int main(int argc, char** argv) try {
    if (argc != 3) return std::fprintf(stderr, "usage: compress_file SOURCE TARGET\n"), 2;
    pipeline::lane lane(
        [](asio::any_io_executor executor) { return accel::software::make_engine(executor); });

    auto done = asio::co_spawn(lane.executor(),
                               compress_file(lane, open_or_throw(argv[1], O_RDONLY),
                                             open_or_throw(argv[2], O_RDWR | O_CREAT | O_EXCL)),
                               asio::use_future);
    const auto report = done.get();
    std::printf("%llu bytes in %llu members, %llu bytes compressed\n",
                static_cast<unsigned long long>(report.bytes_in),
                static_cast<unsigned long long>(report.members),
                static_cast<unsigned long long>(report.bytes_out));
} catch (const std::exception& error) {
    std::fprintf(stderr, "compress_file: %s\n", error.what());
    return 1;
}
