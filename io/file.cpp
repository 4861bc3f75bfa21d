#include "io/file.hpp"

#include "io/file_traits.hpp"
#include "io/raw_file.hpp"
#include "io/regular_file.hpp"
#include "io/stream.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <csignal>
#include <utility>

namespace peerpress::io {

namespace {

// A write to a pipe that nobody reads is an error to report, not a reason to die. io_uring has no
// flag for it on every kernel we run on, and the thread that the signal would hit is the kernel's
// choice. A handler that the program has set stays.
void ignore_broken_pipe_signals() {
    struct sigaction action{};
    if (::sigaction(SIGPIPE, nullptr, &action) == 0 && action.sa_handler == SIG_DFL)
        std::signal(SIGPIPE, SIG_IGN);
}

}  // namespace

std::unique_ptr<storage> open_storage(uring& ring, unique_fd fd, caching caching) {
    struct stat status{};
    if (::fstat(fd.get(), &status) != 0)
        throw system_error{errno, boost::system::system_category(), "fstat"};
    if (S_ISDIR(status.st_mode))
        throw system_error{make_error_code(boost::system::errc::is_a_directory)};
    if (S_ISBLK(status.st_mode))
        throw system_error{make_error_code(boost::system::errc::operation_not_supported),
                           "block device"};
    // Writes to a file that was opened for appending go to its end, whatever offset they are given.
    const bool appends = (::fcntl(fd.get(), F_GETFL) & O_APPEND) != 0;
    if (!S_ISREG(status.st_mode) || appends) return open_stream(ring, std::move(fd));

    storage_traits traits = regular_file_traits(fd.get(), caching);
    return make_storage(make_raw_file(ring, std::move(fd)), std::move(traits), caching);
}

std::unique_ptr<storage> open_stream(uring& ring, unique_fd fd) {
    ignore_broken_pipe_signals();
    return make_storage(make_raw_file(ring, std::move(fd)), stream_traits());
}

std::unique_ptr<storage> make_storage(std::unique_ptr<raw_file> file, storage_traits traits,
                                      caching caching) {
    if (!traits.seekable) return std::make_unique<stream>(std::move(file), std::move(traits));
    const bool may_fall_back = caching != caching::direct_or_fail;
    const bool makes_room = caching == caching::direct_gapless;
    return std::make_unique<regular_file>(std::move(file), std::move(traits), may_fall_back,
                                          makes_room);
}

}  // namespace peerpress::io
