// Who owns which memory, and what would survive a power cut: kept beside a run, and compared with
// what the product says. It writes violations down, and goes on.
#pragma once

#include "io/bytes.hpp"

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace peerpress::simulation {

class ledger {
public:
    // --- memory that the kernel, a device or a codec works on
    enum class use { reads, writes };
    std::uint64_t lend(bytes_view memory, use how);
    void give_back(std::uint64_t loan);
    std::size_t lent() const { return loans_.size(); }

    // --- files
    void created(int fd);
    void written(int fd);
    // One that failed has lost what was written before it, whatever a later one says.
    void synced(int fd, bool succeeded);

    // --- names
    void published(const std::string& path);
    void directory_made(int in, const char* name);
    void directory_synced(int fd, bool succeeded);

    // The file was reported as done: it and its name have to survive, and the names above it.
    void check_done(const std::string& path, const std::string& root);

    void blame(std::string violation) { violations_.push_back(std::move(violation)); }
    const std::vector<std::string>& violations() const { return violations_; }

private:
    using file_id = std::pair<dev_t, ino_t>;
    struct file_state {
        bool dirty = false;  // written, and not synced since
        bool lost = false;
    };
    enum class name_state { named, durable, lost };
    struct loan {
        bytes_view memory;
        use how = use::reads;
    };

    static file_id id_of(int fd);
    static file_id id_of(const std::string& path);

    std::map<std::uint64_t, loan> loans_;
    std::uint64_t loans_made_ = 0;
    std::map<file_id, file_state> files_;
    std::map<file_id, std::map<std::string, name_state>> names_;  // by directory
    std::vector<std::string> violations_;
};

}  // namespace peerpress::simulation
