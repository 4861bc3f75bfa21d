#include "server/job_store.hpp"
#include "server/refusal.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <ctime>
#include <filesystem>

namespace peerpress::server {

namespace {

namespace fs = std::filesystem;

// A check reads the whole file. Beyond this size it is made only after an unclean end, which leaves
// the WAL behind.
constexpr std::uintmax_t check_bytes_max = 256 << 20;

bool is_damage(const error_code& ec) {
    return ec.category() == sqlite::category() &&
           (ec.value() == SQLITE_CORRUPT || ec.value() == SQLITE_NOTADB);
}

bool wants_check(const std::string& path) {
    std::error_code missing;
    const std::uintmax_t bytes = fs::file_size(path, missing);
    return !missing && (bytes <= check_bytes_max || fs::exists(path + "-wal"));
}

std::unique_ptr<sqlite::database> open_checked(const std::string& path) {
    const bool check = wants_check(path);
    auto db = std::make_unique<sqlite::database>(path);
    // FULL, not NORMAL: in WAL mode NORMAL loses acknowledged transactions when the power fails.
    db->execute(
        "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
        "PRAGMA wal_autocheckpoint = 1000;");
    if (check) {
        // Not quick_check: an index that has lost a job would hide it from whoever asks by name.
        auto q = db->prepare("PRAGMA integrity_check(1)");
        if (q.step() && q.bytes(0) != "ok") {
            throw system_error(error_code(SQLITE_CORRUPT, sqlite::category()), q.bytes(0));
        }
    }
    migrate(*db, job_migrations());
    tables::adopt(*db, {.uid = ::geteuid(), .gid = ::getegid()});
    return db;
}

std::string set_aside(const std::string& path) {
    const std::string aside =
        fmt::format("{}.corrupt-{:%Y%m%dT%H%M%SZ}", path, fmt::gmtime(std::time(nullptr)));
    // The journal goes along: with it the file may still be repaired by hand.
    for (const char* suffix : {"", "-wal", "-shm"}) {
        if (fs::exists(path + suffix)) fs::rename(path + suffix, aside + suffix);
    }
    return aside;
}

}  // namespace

std::unique_ptr<sqlite::database> open_job_database(const std::string& path, std::string& notice) {
    try {
        return open_checked(path);
    } catch (const refusal& e) {
        throw refusal(e.problem().reason, fmt::format("{}: {}", path, e.problem().message));
    } catch (const system_error& e) {
        if (!is_damage(e.code())) throw system_error(e.code(), path);
        const std::string why = e.what();
        const std::string aside = set_aside(path);
        notice = fmt::format(
            "THE JOB DATABASE IS DAMAGED ({}). It was set aside as {} and an empty one begun: jobs "
            "that were "
            "queued in it do not run",
            why, aside);
    }
    return open_checked(path);
}

}  // namespace peerpress::server
