#include "tests/simulation/ledger.hpp"

#include <sys/stat.h>

#include <filesystem>

namespace peerpress::simulation {
namespace {

bool overlap(bytes_view left, bytes_view right) {
    return left.data() < right.data() + right.size() && right.data() < left.data() + left.size();
}

}  // namespace

std::uint64_t ledger::lend(bytes_view memory, use how) {
    for (const auto& [number, other] : loans_) {
        const bool harmless = how == use::reads && other.how == use::reads;
        if (!harmless && overlap(memory, other.memory))
            blame("two operations work on the same memory at once");
    }
    loans_[++loans_made_] = {.memory = memory, .how = how};
    return loans_made_;
}

void ledger::give_back(std::uint64_t loan) {
    loans_.erase(loan);
}

// By the real calls: those of the product may be told to fail.
ledger::file_id ledger::id_of(int fd) {
    return id_of("/proc/self/fd/" + std::to_string(fd));
}

ledger::file_id ledger::id_of(const std::string& path) {
    struct stat status{};
    if (::stat(path.c_str(), &status) != 0) return {};
    return {status.st_dev, status.st_ino};
}

// Its inode's number may have been another file's before.
void ledger::created(int fd) {
    files_[id_of(fd)] = {};
}

void ledger::written(int fd) {
    files_[id_of(fd)].dirty = true;
}

void ledger::synced(int fd, bool succeeded) {
    file_state& file = files_[id_of(fd)];
    file.lost = file.lost || (!succeeded && file.dirty);
    file.dirty = false;
}

void ledger::published(const std::string& path) {
    const file_state file = files_[id_of(path)];
    if (file.dirty) blame(path + " got its name before its data were durable");
    if (file.lost) blame(path + " got its name though its data were lost");
    const std::filesystem::path at(path);
    names_[id_of(at.parent_path())][at.filename()] = name_state::named;
}

void ledger::directory_made(int in, const char* name) {
    names_[id_of(in)][name] = name_state::named;
}

void ledger::directory_synced(int fd, bool succeeded) {
    for (auto& [name, state] : names_[id_of(fd)])
        if (state == name_state::named) state = succeeded ? name_state::durable : name_state::lost;
}

void ledger::check_done(const std::string& path, const std::string& root) {
    for (std::filesystem::path at(path); at.string().size() > root.size(); at = at.parent_path()) {
        const auto& names = names_[id_of(at.parent_path())];
        const auto name = names.find(at.filename());
        // What was there before the run is not ours to make durable.
        if (name != names.end() && name->second != name_state::durable)
            blame(path + " was reported as done before " + at.string() + " was durable");
    }
}

}  // namespace peerpress::simulation
