#include "tests/crash/faults.hpp"

#include "jobs/local_opener.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>

namespace peerpress::test {
namespace {

// jobs::step's first, in their order.
constexpr std::array step_names{"output_created",   "data_written",     "sealed",
                                "data_synced",      "prepared_told",    "output_linked",
                                "output_published", "directory_synced", "source_removed",
                                "finished_told",    "store_syncing",    "store_synced"};
constexpr std::size_t store_syncing = 10;
constexpr std::size_t store_synced = 11;
static_assert(static_cast<std::size_t>(jobs::step::finished_told) + 1 == store_syncing);

// Steps are told by several threads, and the first may come before main().
struct step_record {
    faults asked;
    std::size_t kill_step = step_names.size();
    unsigned long kill_count = 0;
    std::array<std::atomic<unsigned long>, step_names.size()> counts{};
};
step_record record;

void tell(std::size_t step) {
    if (++record.counts[step] == record.kill_count && step == record.kill_step)
        ::kill(::getpid(), SIGKILL);
}

std::size_t step_named(const std::string& name) {
    for (std::size_t step = 0; step < step_names.size(); ++step)
        if (name == step_names[step]) return step;
    throw std::invalid_argument("there is no step " + name);
}

void leak() {
    constexpr std::size_t bytes = 32 << 10;
    static std::atomic<std::byte*> kept = nullptr;
    auto* const lost = new std::byte[bytes];
    std::fill_n(lost, bytes, std::byte{1});
    kept = lost;  // the one before it is lost
    static_cast<void>(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0));
}

int ignore_synchronous(void*, int action, const char* pragma, const char* value, const char*,
                       const char*) {
    const bool sets_it =
        action == SQLITE_PRAGMA && value != nullptr && sqlite3_stricmp(pragma, "synchronous") == 0;
    return sets_it ? SQLITE_IGNORE : SQLITE_OK;
}

// SQLite calls it for each connection that is opened.
int make_normal(sqlite3* db, char**, const sqlite3_api_routines*) {
    const int code = sqlite3_exec(db, "PRAGMA synchronous = NORMAL", nullptr, nullptr, nullptr);
    sqlite3_set_authorizer(db, ignore_synchronous, nullptr);
    return code;
}

class forgetful_observer final : public jobs::job_observer {
public:
    explicit forgetful_observer(jobs::job_observer& told) : told_(told) {}

    awaitable<> on_prepared(const std::vector<jobs::prepared_file>&) override { co_return; }
    awaitable<> on_finished(const std::vector<jobs::file_result>& files) override {
        return told_.on_finished(files);
    }

private:
    jobs::job_observer& told_;
};

std::unique_ptr<jobs::opener> make_faulty_opener(jobs::opener_options options) {
    options.durable = !record.asked.without_directory_sync && !record.asked.without_data_sync;
    options.unnamed_outputs = !record.asked.named_outputs;
    return jobs::make_local_opener(std::move(options));
}

void sync_directory_of(const std::string& path) {
    const std::string directory = std::filesystem::path(path).parent_path();
    const io::unique_fd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd || ::fsync(fd.get()) != 0) std::abort();
}

class faulty_runner final : public server::lane_job_runner {
public:
    using lane_job_runner::lane_job_runner;

    awaitable<jobs::job_outcome> run(jobs::job_spec spec, server::run_context context) override {
        forgetful_observer forgetful(context.observer);
        server::run_context changed{
            .name = std::move(context.name),
            .resumed = context.resumed,
            .observer = record.asked.without_prepared ? forgetful : context.observer,
            .progress = context.progress,
            .stop = std::move(context.stop),
            .history = std::move(context.history)};
        co_return co_await lane_job_runner::run(std::move(spec), std::move(changed));
    }

protected:
    void amend(jobs::job_context& context) override {
        context.on_step = [](jobs::step done, const std::string& path) {
            tell(static_cast<std::size_t>(done));
            if (record.asked.leaking && done == jobs::step::output_published) leak();
            // The opener then starts no writing either, and leaves the directories to us.
            if (done == jobs::step::output_published && record.asked.without_data_sync)
                sync_directory_of(path);
        };
        context.make_opener = make_faulty_opener;
        context.durable = !record.asked.without_data_sync;
    }
};

}  // namespace

void set_up(const faults& asked) {
    record.asked = asked;
    if (!asked.kill_at.empty()) {
        const std::size_t colon = asked.kill_at.find(':');
        if (colon == std::string::npos) throw std::invalid_argument("--kill-at takes STEP:N");
        record.kill_step = step_named(asked.kill_at.substr(0, colon));
        record.kill_count = std::stoul(asked.kill_at.substr(colon + 1));
    }
    if (asked.without_full_sync) sqlite3_auto_extension(reinterpret_cast<void (*)()>(make_normal));
}

std::unique_ptr<server::job_runner> make_faulty_runner(pipeline::lane& lane) {
    return std::make_unique<faulty_runner>(lane);
}

std::string step_counts() {
    std::string lines;
    for (std::size_t step = 0; step < step_names.size(); ++step)
        lines += std::string(step_names[step]) + " " + std::to_string(record.counts[step]) + "\n";
    return lines;
}

}  // namespace peerpress::test

// In place of libc's, for SQLite: nothing else in the daemon calls it, data go to the disk by the
// ring.
extern "C" int fdatasync(int fd) {
    peerpress::test::tell(peerpress::test::store_syncing);
    const long failed = ::syscall(SYS_fdatasync, fd);
    peerpress::test::tell(peerpress::test::store_synced);
    return static_cast<int>(failed);
}
