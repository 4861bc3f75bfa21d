#include "jobs/local_opener.hpp"

#include "jobs/blocking_calls.hpp"
#include "jobs/describe.hpp"
#include "jobs/directory_sync.hpp"
#include "jobs/output.hpp"
#include "jobs/process_limits.hpp"
#include "jobs/seal.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <filesystem>
#include <random>
#include <utility>

namespace peerpress::jobs {
namespace {

// One walks, one opens, two commit.
constexpr std::size_t threads_count = 4;
constexpr std::size_t page_entries_max = 256;

// What it removes is removed with the rights with which it was made. It does not outlive the
// opener.
struct local_ticket final : output_ticket {
    explicit local_ticket(blocking_calls& calls) : calls(calls) {}
    ~local_ticket() override {
        if (pending && pending->has_temporary()) calls.run_now([this] { pending.reset(); });
    }

    blocking_calls& calls;
    std::unique_ptr<pending_output> pending;  // null where it was published already
    std::shared_ptr<directory> lies_in;
};

struct local_cursor final : tree_cursor {
    std::string root;
    std::unique_ptr<tree_walk> walk;  // null until the first page is asked for
};

std::int64_t now_ns() {
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * std::int64_t{1'000'000'000} + now.tv_nsec;
}

std::string random_run() {
    std::random_device device;
    return std::to_string((std::uint64_t{device()} << 32) | device());
}

output_options output_options_of(const opener_options& options) {
    return {.overwrite = options.overwrite,
            .unnamed_allowed = options.unnamed_outputs && ::access("/proc/self/fd", X_OK) == 0,
            .job_started_ns = now_ns(),
            .tag = options.tag,
            .run = random_run(),
            .outputs = options.outputs};
}

class local_opener final : public opener {
public:
    explicit local_opener(opener_options options);

    awaitable<std::vector<source_look>> look(std::vector<std::string> paths) override;
    std::unique_ptr<tree_cursor> walk(std::string root) override;
    awaitable<tree_page> next(tree_cursor& cursor) override;
    awaitable<std::vector<opened_file>> open(std::vector<open_request> requests) override;
    awaitable<std::vector<sealed_file>> seal(std::vector<seal_request> requests) override;
    awaitable<std::vector<problem>> publish(std::vector<publish_request> requests) override;
    awaitable<std::vector<problem>> remove(std::vector<remove_request> requests) override;
    awaitable<> tidy(std::vector<output_place> places) override;

private:
    // The blocking part of each, on a thread of ours.
    source_look look_at(const std::string& path) const;
    tree_page next_page(local_cursor& cursor);
    opened_file open_one(const open_request& request);
    opened_file open_source_of(const open_request& request);
    problem open_output(const open_request& request, std::shared_ptr<directory> in,
                        opened_file& opened);
    opened_file open_expected(const open_request& request, std::shared_ptr<directory> in);
    opened_file open_for_rehearsal(const open_request& request);
    bool is_there(const open_request& request, const directory& in) const;
    std::vector<problem> publish_all(const std::vector<publish_request>& requests);
    problem remove_one(const remove_request& request);
    void tell(step done, const std::string& path) const;
    void tell_access(access_kind kind, const std::string& path, const source_snapshot& file,
                     const problem& error) const;

    template <class Answer, class Request, class One>
    awaitable<std::vector<Answer>> each(std::vector<Request> requests, One one);

    opener_options options_;
    output_options output_options_;
    seal_options seal_options_;
    acting acting_;
    directory_cache directories_;
    blocking_calls calls_;
};

local_opener::local_opener(opener_options options)
    : options_(std::move(options)),
      output_options_(output_options_of(options_)),
      seal_options_{.carry_metadata = options_.carry_metadata,
                    .plain_mode = 0666 & ~process_umask(),
                    .durable = options_.durable},
      acting_(options_.act_for, options_.out_of_bounds),
      directories_(
          [this](directory& opened) {
              if (options_.resumed) remove_leftovers(opened, options_.tag, output_options_.run);
          },
          acting_.gate()),
      calls_(threads_count, [this] { acting_.begin(); }) {}

void local_opener::tell(step done, const std::string& path) const {
    if (options_.on_step) options_.on_step(done, path);
}

void local_opener::tell_access(access_kind kind, const std::string& path,
                               const source_snapshot& file, const problem& error) const {
    if (!options_.on_access) return;
    options_.on_access({.kind = kind,
                        .root = acting_.gate().root_of(path),
                        .path = path,
                        .device = file.device,
                        .inode = file.inode,
                        .error = error});
}

template <class Answer, class Request, class One>
awaitable<std::vector<Answer>> local_opener::each(std::vector<Request> requests, One one) {
    auto all = [requests = std::move(requests), one = std::move(one)] {
        std::vector<Answer> answers;
        answers.reserve(requests.size());
        for (const Request& request : requests) answers.push_back(one(request));
        return answers;
    };
    return calls_.run(std::move(all));
}

awaitable<std::vector<source_look>> local_opener::look(std::vector<std::string> paths) {
    return each<source_look>(std::move(paths),
                             [this](const std::string& path) { return look_at(path); });
}

std::unique_ptr<tree_cursor> local_opener::walk(std::string root) {
    auto cursor = std::make_unique<local_cursor>();
    cursor->root = std::move(root);
    return cursor;
}

awaitable<tree_page> local_opener::next(tree_cursor& cursor) {
    auto& local = static_cast<local_cursor&>(cursor);
    return calls_.run([this, &local] { return next_page(local); });
}

awaitable<std::vector<opened_file>> local_opener::open(std::vector<open_request> requests) {
    return each<opened_file>(std::move(requests),
                             [this](const open_request& request) { return open_one(request); });
}

awaitable<std::vector<sealed_file>> local_opener::seal(std::vector<seal_request> requests) {
    return each<sealed_file>(std::move(requests), [this](const seal_request& request) {
        sealed_file sealed = seal_output(request, seal_options_);
        if (!sealed.error) tell(step::sealed, request.destination);
        return sealed;
    });
}

awaitable<std::vector<problem>> local_opener::publish(std::vector<publish_request> requests) {
    return calls_.run([this, requests = std::move(requests)] { return publish_all(requests); });
}

awaitable<std::vector<problem>> local_opener::remove(std::vector<remove_request> requests) {
    return each<problem>(std::move(requests),
                         [this](const remove_request& request) { return remove_one(request); });
}

// Whatever directory of outputs is opened, its leftovers go.
awaitable<> local_opener::tidy(std::vector<output_place> places) {
    auto open_each = [this, places = std::move(places)]() mutable {
        for (output_place& at : places) {
            at.make_directories = false;
            directories_.open(at);
        }
        return places.size();
    };
    co_await calls_.run(std::move(open_each));
}

source_look local_opener::look_at(const std::string& path) const {
    if (options_.devices.taken)
        if (const auto device = find_device(path))
            return {
                .error = objection_to_device(path, *device, device_use::source, options_.devices),
                .size_bytes = device->size_bytes};
    struct stat status{};
    if (!acting_.gate().status(path, options_.follow_symlinks, status))
        return {.error = describe_open_source(errno, path)};
    if (S_ISDIR(status.st_mode)) return {.is_directory = true};
    return {.error = objection_to_type(status.st_mode, path),
            .size_bytes = static_cast<std::uint64_t>(status.st_size)};
}

tree_page local_opener::next_page(local_cursor& cursor) {
    if (!cursor.walk) {
        auto root = directories_.root(cursor.root, options_.follow_symlinks);
        if (root) {
            tell_access(access_kind::list, cursor.root,
                        {.device = (*root)->device, .inode = (*root)->inode}, {});
        } else {
            problem error = describe_open_source(root.error().value(), cursor.root);
            tell_access(access_kind::list, cursor.root, {}, error);
            tree_page failed{.entries = {}, .ended = true};
            failed.entries.push_back({.kind = entry_kind::problem, .error = std::move(error)});
            return failed;
        }
        cursor.walk = std::make_unique<tree_walk>(*root);
    }
    return cursor.walk->next(page_entries_max);
}

opened_file local_opener::open_one(const open_request& request) {
    if (request.rehearsal) return open_for_rehearsal(request);
    std::shared_ptr<directory> in;
    if (request.output) {
        auto found = directories_.open(*request.output);
        const std::string& root = request.output->directory.root;
        if (!found && options_.devices.taken && find_device(root))
            return {.error = {reason::output_unwritable,
                              root + " is a block device: it takes one source, and no tree"}};
        if (!found) {
            problem error = describe_output(found.error().value(), request.output->path());
            tell_access(access_kind::write, request.output->path(), {}, error);
            return {.error = std::move(error)};
        }
        in = *found;
        if (request.expected && is_there(request, *in)) return open_expected(request, in);
    }
    opened_file opened = open_source_of(request);
    tell_access(access_kind::read, request.source.path(), opened.snapshot, opened.error);
    if (opened.error || !request.output) return opened;
    if (problem failed = open_output(request, std::move(in), opened)) {
        tell_access(access_kind::write, request.output->path(), {}, failed);
        return {.error = std::move(failed)};
    }
    if (options_.on_access) {
        struct stat output{};
        ::fstat(opened.output.get(), &output);
        tell_access(access_kind::write, request.output->path(), snapshot_of(output), {});
    }
    tell(step::output_created, request.output->path());
    return opened;
}

opened_file local_opener::open_source_of(const open_request& request) {
    const std::string path = request.source.path();
    const bool named_itself = request.source.relative.empty();
    if (options_.devices.taken && named_itself && find_device(path)) {
        opened_device device = open_device(path, device_use::source, options_.devices);
        return {.error = std::move(device.error),
                .source = std::move(device.fd),
                .snapshot = device.snapshot,
                .source_is_device = true};
    }
    std::shared_ptr<directory> root;
    if (!named_itself) {
        auto found = directories_.root(request.source.root, options_.follow_symlinks);
        if (!found)
            return {.error = describe_open_source(found.error().value(), request.source.root)};
        root = *found;
    }
    opened_source source = open_source(request.source, root ? root->fd.get() : -1,
                                       options_.follow_symlinks, acting_.gate());
    return {.error = std::move(source.error),
            .source = std::move(source.fd),
            .snapshot = source.snapshot};
}

problem local_opener::open_output(const open_request& request, std::shared_ptr<directory> in,
                                  opened_file& opened) {
    auto ticket = std::make_unique<local_ticket>(calls_);
    const std::string path = request.output->path();
    const auto target = options_.devices.taken ? find_device(path) : std::nullopt;
    if (target) {
        struct stat source{};
        if (opened.source_is_device && ::fstat(opened.source.get(), &source) == 0 &&
            source.st_rdev == target->number)
            return {reason::source_is_output, path + ": source and destination are one device"};
        opened_device device = open_device(path, device_use::target, options_.devices);
        if (device.error) return std::move(device.error);
        opened.output = std::move(device.fd);
        opened.output_is_device = true;
        opened.output_serial = std::move(device.serial);
        opened.output_bytes = device.snapshot.size_bytes;
        opened.ticket = std::move(ticket);
        return {};
    }
    created_output created =
        create_output(in, request.output->name, opened.snapshot, output_options_);
    if (created.error) return std::move(created.error);
    ticket->pending = std::move(created.pending);
    ticket->lies_in = std::move(in);
    opened.output = std::move(created.fd);
    opened.ticket = std::move(ticket);
    return {};
}

// The device's number does not count: a disk may come up under another one after a restart.
bool local_opener::is_there(const open_request& request, const directory& in) const {
    struct stat status{};
    return ::fstatat(in.fd.get(), request.output->name.c_str(), &status, AT_SYMLINK_NOFOLLOW) ==
               0 &&
           status.st_ino == request.expected->inode &&
           static_cast<std::uint64_t>(status.st_size) == request.expected->size_bytes;
}

opened_file local_opener::open_expected(const open_request& request,
                                        std::shared_ptr<directory> in) {
    opened_file opened{.already_published = true};
    struct stat source{};
    struct stat output{};
    // The output took over its source's time, so that the source is known by it. Where metadata are
    // not carried over there is no telling, and the source stays.
    if (acting_.gate().status(request.source.path(), options_.follow_symlinks, source) &&
        ::fstatat(in->fd.get(), request.output->name.c_str(), &output, AT_SYMLINK_NOFOLLOW) == 0) {
        opened.snapshot = snapshot_of(source);
        opened.source_as_before = options_.carry_metadata &&
                                  opened.snapshot.modified_ns == snapshot_of(output).modified_ns;
    }
    auto ticket = std::make_unique<local_ticket>(calls_);
    ticket->lies_in = std::move(in);
    opened.ticket = std::move(ticket);
    return opened;
}

opened_file local_opener::open_for_rehearsal(const open_request& request) {
    opened_file opened = open_source_of(request);
    if (opened.error || !request.output) return opened;
    std::filesystem::path at = request.output->directory.path();
    for (;;) {
        if (at.empty()) at = ".";
        opened.output = acting_.gate().open(at, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
        if (opened.output || errno != ENOENT || !at.has_relative_path() || at == ".") break;
        at = at.parent_path();
    }
    if (!opened.output) opened.output = acting_.gate().open(at, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (!opened.output) opened.error = describe_output(errno, request.output->path());
    return opened;
}

std::vector<problem> local_opener::publish_all(const std::vector<publish_request>& requests) {
    std::vector<problem> problems;
    std::vector<std::shared_ptr<directory>> directories;
    for (const publish_request& request : requests) {
        const auto& ticket = static_cast<const local_ticket&>(*request.ticket);
        problems.push_back(ticket.pending
                               ? ticket.pending->publish(request.output_fd, options_.on_step)
                               : problem{});
        directories.push_back(problems.back() ? nullptr : ticket.lies_in);
        if (request.drop_cache && options_.durable)
            ::posix_fadvise(request.output_fd, 0, 0, POSIX_FADV_DONTNEED);
    }
    if (options_.durable) sync_directories(directories, problems, options_.on_step);
    return problems;
}

problem local_opener::remove_one(const remove_request& request) {
    const std::string path = request.source.path();
    const std::size_t slash = request.source.relative.rfind('/');
    std::shared_ptr<directory> in;
    std::string name;
    if (!request.source.relative.empty()) {
        const bool nested = slash != std::string::npos;
        output_place at;
        at.directory = {request.source.root,
                        nested ? request.source.relative.substr(0, slash) : std::string()};
        auto found = directories_.open(at);
        if (!found) return describe_open_source(found.error().value(), path);
        in = *found;
        name = nested ? request.source.relative.substr(slash + 1) : request.source.relative;
    }
    struct stat status{};
    const bool there = in ? ::fstatat(in->fd.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0
                          : acting_.gate().status(path, options_.follow_symlinks, status);
    if (!there) return errno == ENOENT ? problem{} : describe_open_source(errno, path);
    if (snapshot_of(status) != request.snapshot)
        return {reason::source_changed, path + " changed after it was read, so that it stays"};
    const bool removed =
        in ? ::unlinkat(in->fd.get(), name.c_str(), 0) == 0 : acting_.gate().remove(path);
    problem error;
    if (!removed)
        error = {reason::source_unreadable, path + " could not be removed: " +
                                                boost::system::system_category().message(errno)};
    tell_access(access_kind::remove, path, request.snapshot, error);
    if (removed) tell(step::source_removed, path);
    return error;
}

}  // namespace

std::unique_ptr<opener> make_local_opener(opener_options options) {
    return std::make_unique<local_opener>(std::move(options));
}

}  // namespace peerpress::jobs
