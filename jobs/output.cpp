#include "jobs/output.hpp"

#include "jobs/describe.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cctype>
#include <cerrno>
#include <utility>

namespace peerpress::jobs {
namespace {

std::string prefix_of(const std::string& tag) {
    return ".peerpress-" + tag + "-";
}

std::string next_temporary_name(const output_options& options) {
    static std::atomic<std::uint64_t> count{0};
    return prefix_of(options.tag) + options.run + "-" + std::to_string(++count) + ".partial";
}

// Kernels and file systems without O_TMPFILE take the flag for "open a directory for writing".
bool means_no_unnamed_files(int error_number) {
    return error_number == EOPNOTSUPP || error_number == EISDIR || error_number == EINVAL ||
           error_number == ENOENT;
}

problem objection_to_destination(const struct stat& existing, const std::string& path,
                                 const source_snapshot& source, const output_options& options) {
    if (existing.st_dev == source.device && existing.st_ino == source.inode)
        return {reason::source_is_output, path + ": source and destination are the same file"};
    if (S_ISDIR(existing.st_mode)) return describe_output(EISDIR, path);
    if (!options.overwrite) return describe_output(EEXIST, path);
    if (S_ISLNK(existing.st_mode))
        return {reason::output_unwritable,
                path + " is a symbolic link; remove it, or name what it points to"};
    if (!S_ISREG(existing.st_mode))
        return {reason::output_unwritable,
                path + " is a FIFO, socket or device; it is not replaced by a file"};
    if (snapshot_of(existing).changed_ns >= options.job_started_ns)
        return {reason::output_exists,
                path +
                    " was written since this job began; it is not overwritten (do two sources "
                    "have one output?)"};
    return {};
}

}  // namespace

pending_output::pending_output(std::shared_ptr<jobs::directory> directory, std::string name,
                               const output_options& options, output_claim claim)
    : directory_(std::move(directory)),
      name_(std::move(name)),
      options_(options),
      claim_(std::move(claim)) {}

pending_output::~pending_output() {
    remove_temporary();
}

std::string pending_output::path() const {
    return directory_->path == "." ? name_ : join(directory_->path, name_);
}

io::unique_fd pending_output::create(error_code& error) {
    const int in = directory_->fd.get();
    const int flags = O_RDWR | O_CLOEXEC;
    if (options_.unnamed_allowed) {
        io::unique_fd fd(::openat(in, ".", flags | O_TMPFILE, 0600));
        if (fd) return fd;
    }
    if (!options_.unnamed_allowed || means_no_unnamed_files(errno)) {
        std::string name = next_temporary_name(options_);
        io::unique_fd fd(::openat(in, name.c_str(), flags | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
        if (fd) {
            temporary_ = std::move(name);
            return fd;
        }
    }
    error = {errno, boost::system::system_category()};
    return {};
}

int pending_output::link_unnamed(int fd, const std::string& name) {
    const std::string self = "/proc/self/fd/" + std::to_string(fd);
    return ::linkat(AT_FDCWD, self.c_str(), directory_->fd.get(), name.c_str(), AT_SYMLINK_FOLLOW);
}

// rename() replaces a destination at once: whoever looks sees the old file or the new one.
int pending_output::replace_destination() {
    const int in = directory_->fd.get();
    const int failed = ::renameat(in, temporary_.c_str(), in, name_.c_str());
    if (failed == 0) temporary_.clear();
    return failed;
}

int pending_output::publish_unnamed(int fd, const step_hook& on_step) {
    if (link_unnamed(fd, name_) == 0) return 0;
    if (errno != EEXIST || !options_.overwrite) return -1;
    // A link cannot replace, so that the file gets a name from which it can be renamed.
    std::string hidden = next_temporary_name(options_);
    if (link_unnamed(fd, hidden) != 0) return -1;
    temporary_ = std::move(hidden);
    if (on_step) on_step(step::output_linked, path());
    return replace_destination();
}

int pending_output::publish_named() {
    if (options_.overwrite) return replace_destination();
    const int in = directory_->fd.get();
    if (::renameat2(in, temporary_.c_str(), in, name_.c_str(), RENAME_NOREPLACE) == 0) {
        temporary_.clear();
        return 0;
    }
    if (errno != EINVAL && errno != ENOSYS) return -1;
    // A file system without RENAME_NOREPLACE; the hidden name goes with this object.
    return ::linkat(in, temporary_.c_str(), in, name_.c_str(), 0);
}

problem pending_output::publish(int fd, const step_hook& on_step) {
    const int failed = temporary_.empty() ? publish_unnamed(fd, on_step) : publish_named();
    if (failed != 0) {
        problem found = describe_output(errno, path());
        remove_temporary();
        return found;
    }
    remove_temporary();
    if (on_step) on_step(step::output_published, path());
    return {};
}

void pending_output::remove_temporary() {
    if (!temporary_.empty()) ::unlinkat(directory_->fd.get(), temporary_.c_str(), 0);
    temporary_.clear();
}

created_output create_output(std::shared_ptr<directory> directory, std::string name,
                             const source_snapshot& source, const output_options& options) {
    const std::string path = directory->path == "." ? name : join(directory->path, name);
    // Before the look at the destination: who holds the claim may be about to publish.
    output_claim claim;
    if (options.outputs) {
        claim = options.outputs->claim({directory->device, directory->inode, name});
        if (!claim)
            return {.error = {reason::output_busy,
                              path + " is being written by another job, or for another source"}};
    }
    created_output created;
    created.pending = std::make_unique<pending_output>(std::move(directory), std::move(name),
                                                       options, std::move(claim));
    pending_output& pending = *created.pending;

    struct stat existing{};
    if (::fstatat(pending.directory()->fd.get(), pending.name().c_str(), &existing,
                  AT_SYMLINK_NOFOLLOW) == 0) {
        if (problem found = objection_to_destination(existing, path, source, options))
            return {.error = std::move(found)};
    } else if (errno != ENOENT) {
        return {.error = describe_output(errno, path)};
    }
    error_code error;
    created.fd = pending.create(error);
    if (!created.fd) return {.error = describe_output(error.value(), path)};
    return created;
}

void remove_leftovers(directory& in, const std::string& tag, const std::string& run) {
    // A second descriptor, since reading a directory moves the position that all copies share.
    DIR* const stream = ::fdopendir(::openat(in.fd.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (stream == nullptr) return;
    const std::string of_job = prefix_of(tag);
    const std::string of_this_run = of_job + run + "-";
    while (const dirent* const entry = ::readdir(stream)) {
        const std::string_view name = entry->d_name;
        if (is_temporary_name(name) && name.starts_with(of_job) && !name.starts_with(of_this_run))
            ::unlinkat(in.fd.get(), entry->d_name, 0);
    }
    ::closedir(stream);
}

std::string temporary_tag(std::string_view job_name) {
    std::string tag;
    for (const char letter : job_name.substr(0, 64))
        tag += std::isalnum(static_cast<unsigned char>(letter)) ? letter : '-';
    return tag.empty() ? "job" : tag;
}

}  // namespace peerpress::jobs
