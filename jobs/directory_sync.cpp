#include "jobs/directory_sync.hpp"

#include "io/asio.hpp"

#include <unistd.h>

#include <cerrno>
#include <map>

namespace peerpress::jobs {
namespace {

class sync_once {
public:
    explicit sync_once(const step_hook& on_step) : on_step_(on_step) {}

    // The errno of the directory's sync, or of one above it whose entries are not known to be
    // durable.
    int operator()(const std::shared_ptr<directory>& asked) {
        int first_error = sync(asked);
        for (auto below = asked; below->parent && !below->entry_durable; below = below->parent) {
            const int error = sync(below->parent);
            if (error == 0) durable_.push_back(below);
            if (first_error == 0) first_error = error;
        }
        return first_error;
    }

    // Not before the end: a sibling that asks has to see how the parent's sync went.
    ~sync_once() {
        for (const auto& entry : durable_) entry->entry_durable = true;
    }

private:
    int sync(const std::shared_ptr<directory>& one) {
        // Never again after one that failed: it may falsely succeed.
        const auto [at, is_new] = done_.try_emplace(one.get(), one->sync_error);
        if (!is_new || at->second != 0) return at->second;
        if (::fsync(one->fd.get()) != 0) one->sync_error = at->second = errno;
        if (on_step_) on_step_(step::directory_synced, one->path);
        return at->second;
    }

    const step_hook& on_step_;
    std::map<const directory*, int> done_;
    std::vector<std::shared_ptr<directory>> durable_;
};

}  // namespace

void sync_directories(const std::vector<std::shared_ptr<directory>>& directories,
                      std::vector<problem>& problems, const step_hook& on_step) {
    sync_once sync(on_step);
    for (std::size_t index = 0; index < directories.size(); ++index) {
        if (!directories[index]) continue;
        if (const int error = sync(directories[index]))
            problems[index] = {reason::io_error,
                               directories[index]->path +
                                   ": the directory could not be made durable: " +
                                   boost::system::system_category().message(error)};
    }
}

}  // namespace peerpress::jobs
