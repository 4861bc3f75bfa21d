// A job is killed at each of its durable steps and started again: at no moment is a destination
// half written, and in the end everything is there, reported once, with nothing left over.
#include "job_fixture.hpp"

#include <signal.h>
#include <sys/wait.h>

#include <fstream>
#include <set>
#include <sstream>

namespace peerpress::jobs {
namespace {

using test::listing;
using test::read_file;
using test::some_text;
using test::write_file;

constexpr int files_count = 6;

// What a server's database does: remembers across a kill.
class journal final : public job_observer {
public:
    explicit journal(std::string path) : path_(std::move(path)) {}

    awaitable<> on_prepared(const std::vector<prepared_file>& files) override {
        std::ofstream out(path_, std::ios::app);
        for (const prepared_file& file : files)
            out << "P " << file.source << ' ' << file.destination << ' ' << file.device << ' '
                << file.inode << ' ' << file.bytes_in << ' ' << file.bytes_out << ' ' << file.crc32
                << '\n';
        co_return;
    }
    awaitable<> on_finished(const std::vector<file_result>& files) override {
        std::ofstream out(path_, std::ios::app);
        for (const file_result& file : files)
            if (!file.error && !file.skipped) out << "F " << file.source << '\n';
        co_return;
    }

private:
    std::string path_;
};

struct remembered {
    std::map<std::string, prepared_file> prepared;  // and not finished
    std::multiset<std::string> finished;
};

remembered recall(const std::string& path) {
    remembered known;
    std::ifstream in(path);
    for (std::string line; std::getline(in, line);) {
        std::istringstream words(line);
        std::string kind;
        prepared_file file;
        words >> kind >> file.source;
        if (kind == "P") {
            words >> file.destination >> file.device >> file.inode >> file.bytes_in >>
                file.bytes_out >> file.crc32;
            known.prepared[file.source] = file;
        } else {
            known.finished.insert(file.source);
            known.prepared.erase(file.source);
        }
    }
    return known;
}

// How the job's outputs come about.
enum class variety { fresh, hidden, overwriting, removing };

struct kill_point {
    step at;
    int occurrence;
    variety how;
};

class JobCrash : public testing::TestWithParam<kill_point> {
protected:
    job_spec spec() const {
        job_spec made;
        made.sources = {(dir / "tree").string()};
        made.recursive = true;
        made.member_bytes = 64 << 10;
        made.overwrite = GetParam().how == variety::overwriting;
        made.remove_sources = GetParam().how == variety::removing;
        return made;
    }
    std::string text(int index) const { return some_text(30'000, static_cast<unsigned>(index)); }
    std::filesystem::path source(int index) const {
        return dir / "tree" / ("d" + std::to_string(index % 2)) / std::to_string(index);
    }
    std::filesystem::path destination(int index) const { return source(index).string() + ".gz"; }

    // Runs the job with what earlier runs left in the journal.
    job_outcome run_job_here(step_hook hook) {
        job_harness harness(dir.path());
        const remembered known = recall(journal_path());
        journal observer(journal_path());
        job_progress progress;
        job_context context{.lane = harness.lane,
                            .observer = observer,
                            .progress = progress,
                            .stop = {},
                            .outputs = make_output_registry()};
        context.on_step = std::move(hook);
        context.name = "jobs/crash";
        context.resumed = true;
        context.history.finished = [&](const std::string& path) {
            return known.finished.contains(path);
        };
        context.history.prepared = [&](const std::string& path) {
            const auto at = known.prepared.find(path);
            return at == known.prepared.end() ? std::nullopt : std::optional(at->second);
        };
        for (const auto& [path, file] : known.prepared) context.history.unfinished.push_back(file);
        context.history.files_done = known.finished.size();
        context.make_opener = default_opener();
        if (GetParam().how == variety::hidden)
            context.make_opener = [](opener_options options) {
                options.unnamed_outputs = false;
                return open_by_default(std::move(options));
            };
        return job_harness::finish(asio::co_spawn(
            harness.lane.executor(), run_job(spec(), std::move(context)), asio::use_future));
    }

    void run_and_die() {
        const pid_t child = ::fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            std::atomic<int> seen = 0;
            run_job_here([&](step done, const std::string&) {
                if (done == GetParam().at && ++seen == GetParam().occurrence)
                    ::kill(::getpid(), SIGKILL);
            });
            ::_exit(0);  // the step never came
        }
        int status = 0;
        ASSERT_EQ(::waitpid(child, &status, 0), child);
        ASSERT_TRUE(WIFSIGNALED(status)) << "the job was not killed at this step";
    }

    std::string journal_path() const { return (dir / "journal").string(); }

    test::temp_dir dir;
};

TEST_P(JobCrash, LeavesEachDestinationAbsentUntouchedOrCompleteAndResumes) {
    for (int index = 0; index < files_count; ++index) {
        write_file(source(index), text(index));
        if (GetParam().how == variety::overwriting) write_file(destination(index), "old");
    }

    run_and_die();

    for (int index = 0; index < files_count; ++index) {
        const bool removed = !std::filesystem::exists(source(index));
        if (!std::filesystem::exists(destination(index))) {
            EXPECT_FALSE(removed) << "both are gone";
            EXPECT_NE(GetParam().how, variety::overwriting) << "the old file is gone";
        } else if (read_file(destination(index)) != "old") {
            EXPECT_EQ(gunzipped(destination(index)), text(index));
        }
        if (!removed) {
            EXPECT_EQ(read_file(source(index)), text(index));
        }
    }

    const job_outcome outcome = run_job_here({});

    EXPECT_EQ(outcome.state, job_state::succeeded) << outcome.error.message;
    const remembered known = recall(journal_path());
    for (int index = 0; index < files_count; ++index) {
        EXPECT_EQ(gunzipped(destination(index)), text(index));
        EXPECT_EQ(known.finished.count(source(index).string()), 1u) << "reported once";
    }
    const bool removing = GetParam().how == variety::removing;
    EXPECT_EQ(listing(dir / "tree").size(), (removing ? 1u : 2u) * files_count + 2u)
        << "outputs, directories and nothing else";
}

std::vector<kill_point> kill_points() {
    std::vector<kill_point> points;
    for (const variety how :
         {variety::fresh, variety::hidden, variety::overwriting, variety::removing}) {
        for (const step at : {step::output_created, step::data_written, step::sealed,
                              step::data_synced, step::prepared_told, step::output_published,
                              step::directory_synced, step::finished_told}) {
            points.push_back({at, 1, how});
            if (at != step::directory_synced) points.push_back({at, 4, how});
        }
        if (how == variety::overwriting) points.push_back({step::output_linked, 2, how});
        if (how == variety::removing) points.push_back({step::source_removed, 3, how});
    }
    return points;
}

std::string point_name(const testing::TestParamInfo<kill_point>& info) {
    static const char* const steps[] = {"Created",       "Written", "Sealed",    "Synced",
                                        "Prepared",      "Linked",  "Published", "DirectorySynced",
                                        "SourceRemoved", "Finished"};
    static const char* const varieties[] = {"Fresh", "Hidden", "Overwriting", "Removing"};
    return std::string(varieties[static_cast<int>(info.param.how)]) +
           steps[static_cast<int>(info.param.at)] + std::to_string(info.param.occurrence);
}

INSTANTIATE_TEST_SUITE_P(AtEachStep, JobCrash, testing::ValuesIn(kill_points()), point_name);

}  // namespace
}  // namespace peerpress::jobs
