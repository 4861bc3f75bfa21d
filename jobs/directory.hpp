// Opened directories, in which everything of ours is created, named and removed: by descriptor, so
// that a directory which is renamed or replaced meanwhile cannot lead a file astray.
#pragma once

#include "io/asio.hpp"
#include "io/unique_fd.hpp"
#include "jobs/gate.hpp"
#include "jobs/path_rules.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <set>
#include <string>

namespace peerpress::jobs {

struct directory {
    io::unique_fd fd;
    std::string path;
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    // In a mirrored layout. The directory's entry in the parent has to become durable too, unless
    // this object knows that it is.
    std::shared_ptr<directory> parent;
    std::atomic<bool> entry_durable = true;
    // errno of its first sync that failed: entries may be lost, whatever a later one says.
    std::atomic<int> sync_error = 0;
};

// The directories used last. Thread-safe: one lock is held while a directory is opened, since the
// files that ask at the same time mostly ask for the same one.
class directory_cache {
public:
    // `on_open` sees each directory that outputs go to, when it is opened. `through` outlives this.
    explicit directory_cache(std::function<void(directory&)> on_open = {},
                             const gate& through = open_gate());

    // A source's root. A symbolic link is followed where its name is not the last component.
    result<std::shared_ptr<directory>> root(const std::string& path, bool follow_symlinks);

    // An output's directory, made where the place says so.
    result<std::shared_ptr<directory>> open(const output_place& at);

private:
    static const gate& open_gate();
    using entry = std::pair<std::string, std::shared_ptr<directory>>;

    std::shared_ptr<directory> find(const std::string& key);
    std::shared_ptr<directory> keep(std::string key, std::shared_ptr<directory> opened);
    result<std::shared_ptr<directory>> adopt(io::unique_fd fd, std::string path) const;
    mode_t mirrored_mode(const output_place& at, const std::string& relative) const;
    result<std::shared_ptr<directory>> open_locked(const output_place& at,
                                                   const std::string& relative);
    result<std::shared_ptr<directory>> open_root(const std::string& path, bool make);
    result<std::shared_ptr<directory>> open_below(const output_place& at,
                                                  const std::string& relative);
    result<std::shared_ptr<directory>> make_below(const output_place& at,
                                                  const std::string& relative);

    static constexpr std::size_t entries_max = 64;  // descriptors that stay open

    std::function<void(directory&)> on_open_;
    const gate& through_;
    std::mutex mutex_;
    std::list<entry> entries_;  // used last first
    std::set<std::string> made_roots_;
};

}  // namespace peerpress::jobs
