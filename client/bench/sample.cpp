#include "client/bench/sample.hpp"

#include "client/units.hpp"
#include "io/asio.hpp"
#include "jobs/describe.hpp"
#include "jobs/problem_error.hpp"
#include "jobs/source.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <utility>
#include <vector>

namespace peerpress::client::bench {
namespace {

using jobs::problem_error;
using jobs::reason;

constexpr std::uint64_t piece_bytes = 1 << 20;
// Less says nothing about a disk, and little about a codec.
constexpr std::uint64_t sample_bytes_min = 4 << 20;

// Of the files below /usr: bounds how long looking for them takes, and what one of them can weigh.
constexpr std::size_t own_files_max = 400'000;
constexpr std::uint64_t own_file_bytes_max = 4 << 20;

std::string file_name(const std::string& path) {
    return std::filesystem::path(path).filename().string();
}

// Appends bytes of one file to another, through the page cache, and returns how many.
class collector {
public:
    collector(const std::string& directory, std::stop_token stop)
        : directory_(directory), stop_(std::move(stop)), target_(open_nameless(directory)) {}

    // False where the source cannot be read: it is passed over.
    bool take(int source, std::uint64_t offset_bytes, std::uint64_t length_bytes) {
        if (stop_.stop_requested()) throw system_error{asio::error::operation_aborted};
        while (length_bytes > 0) {
            const std::size_t wanted = std::min<std::uint64_t>(length_bytes, buffer_.size());
            const ssize_t got =
                ::pread(source, buffer_.data(), wanted, static_cast<off_t>(offset_bytes));
            if (got <= 0) return false;
            write(static_cast<std::size_t>(got));
            offset_bytes += static_cast<std::uint64_t>(got);
            length_bytes -= static_cast<std::uint64_t>(got);
        }
        return true;
    }

    std::uint64_t bytes() const { return bytes_; }

    io::unique_fd finish() {
        if (::fsync(target_.get()) != 0)
            throw problem_error(jobs::describe_output(errno, directory_));
        forget_cached(target_);
        return std::move(target_);
    }

private:
    void write(std::size_t length) {
        const char* from = buffer_.data();
        while (length > 0) {
            const ssize_t done = ::write(target_.get(), from, length);
            if (done < 0 && errno == EINTR) continue;
            if (done < 0) throw problem_error(jobs::describe_output(errno, directory_));
            from += done;
            length -= static_cast<std::size_t>(done);
            bytes_ += static_cast<std::uint64_t>(done);
        }
    }

    const std::string directory_;
    std::stop_token stop_;
    io::unique_fd target_;
    std::uint64_t bytes_ = 0;
    std::vector<char> buffer_ = std::vector<char>(piece_bytes);
};

// In an order that has nothing to do with what they are, but is the same each time.
std::uint64_t shuffled(const std::string& path) {
    std::uint64_t hash = 0xcbf29ce484222325;  // FNV-1a
    for (const char c : path) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    return hash;
}

std::vector<std::string> own_files() {
    namespace fs = std::filesystem;
    std::vector<std::pair<std::uint64_t, std::string>> found;
    std::error_code ignored;
    fs::recursive_directory_iterator at("/usr", fs::directory_options::skip_permission_denied,
                                        ignored);
    for (; at != fs::recursive_directory_iterator() && found.size() < own_files_max;
         at.increment(ignored)) {
        if (at->symlink_status(ignored).type() != fs::file_type::regular) continue;
        std::string path = at->path().string();
        const std::uint64_t place = shuffled(path);
        found.emplace_back(place, std::move(path));
    }
    std::ranges::sort(found);
    std::vector<std::string> paths;
    for (auto& [place, path] : found) paths.push_back(std::move(path));
    return paths;
}

sample sample_of_machine(collector into, std::uint64_t bytes_max) {
    for (const std::string& path : own_files()) {
        if (into.bytes() >= bytes_max) break;
        const io::unique_fd file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
        const off_t size = file ? ::lseek(file.get(), 0, SEEK_END) : 0;
        if (size <= 0) continue;
        into.take(file.get(), 0,
                  std::min({static_cast<std::uint64_t>(size), own_file_bytes_max,
                            bytes_max - into.bytes()}));
    }
    const std::uint64_t bytes = into.bytes();
    if (bytes < sample_bytes_min)
        throw problem_error({reason::invalid_argument,
                             "there is too little below /usr to measure with: name a "
                             "FILE"});
    return {into.finish(), bytes, bytes_text(bytes) + " of the files below /usr"};
}

// Whole pieces, evenly spread.
sample sample_of_file(collector into, int fd, const std::string& file, std::uint64_t size_bytes,
                      std::uint64_t bytes_max) {
    const std::uint64_t pieces = std::max<std::uint64_t>(bytes_max / piece_bytes, 1);
    const std::uint64_t step = size_bytes / pieces;
    for (std::uint64_t i = 0; i < pieces; ++i)
        if (!into.take(fd, i * step, piece_bytes))
            throw problem_error(jobs::describe_open_source(errno, file));
    const std::uint64_t bytes = into.bytes();
    return {
        into.finish(), bytes,
        bytes_text(bytes) + " spread over " + file_name(file) + " of " + bytes_text(size_bytes)};
}

}  // namespace

io::unique_fd open_again(const io::unique_fd& fd, int flags) {
    const std::string path = "/proc/self/fd/" + std::to_string(fd.get());
    io::unique_fd again(::open(path.c_str(), flags | O_CLOEXEC));
    if (!again) throw system_error{errno, boost::system::system_category(), "open " + path};
    return again;
}

io::unique_fd open_nameless(const std::string& directory) {
    io::unique_fd fd(::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
    if (!fd) throw problem_error(jobs::describe_output(errno, directory));
    return fd;
}

void forget_cached(const io::unique_fd& fd) {
    ::posix_fadvise(fd.get(), 0, 0, POSIX_FADV_DONTNEED);
}

sample take_sample(const std::string& file, const std::string& directory, std::uint64_t bytes_max,
                   std::stop_token stop) {
    if (file.empty()) return sample_of_machine(collector(directory, stop), bytes_max);
    jobs::opened_source opened = jobs::open_source({file, ""}, -1, true);
    if (opened.error) throw problem_error(opened.error);
    const std::uint64_t size = opened.snapshot.size_bytes;
    if (size < sample_bytes_min)
        throw problem_error(
            {reason::invalid_argument, file + " is too small to measure with: at least " +
                                           bytes_text(sample_bytes_min) + " are needed"});
    if (size > bytes_max)
        return sample_of_file(collector(directory, stop), opened.fd.get(), file, size, bytes_max);
    return {std::move(opened.fd), size, bytes_text(size) + ", " + file_name(file)};
}

}  // namespace peerpress::client::bench
