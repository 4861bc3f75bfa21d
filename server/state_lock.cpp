#include "server/state_lock.hpp"

#include "server/refusal.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

namespace peerpress::server {

namespace {

[[noreturn]] void fail(const std::string& path, int error) {
    throw refusal(jobs::reason::internal, fmt::format("{}: {} (state.directory, --state-dir)", path,
                                                      std::generic_category().message(error)));
}

}  // namespace

state_lock::state_lock(const std::string& directory) {
    std::error_code ec;
    if (std::filesystem::create_directories(directory, ec)) ::chmod(directory.c_str(), 0700);
    if (ec) fail(directory, ec.value());

    const std::string path = directory + "/lock";
    fd_ = io::unique_fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!fd_) fail(path, errno);
    if (::flock(fd_.get(), LOCK_EX | LOCK_NB) == 0) return;
    if (errno != EWOULDBLOCK) fail(path, errno);
    throw refusal(
        jobs::reason::internal,
        fmt::format("{}: another peerpressd works with this directory: stop it, or name another "
                    "directory (--state-dir)",
                    directory));
}

}  // namespace peerpress::server
