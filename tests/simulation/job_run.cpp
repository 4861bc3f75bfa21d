#include "tests/simulation/job_run.hpp"

#include "accel/noload/device.hpp"
#include "jobs/local_opener.hpp"
#include "jobs/output.hpp"
#include "tests/jobs/fake_planner.hpp"
#include "tests/jobs/files.hpp"
#include "tests/pipeline/handmade_members.hpp"
#include "tests/simulation/simulated_core.hpp"
#include "tests/simulation/simulated_engine.hpp"
#include "tests/simulation/world.hpp"
#include "tests/support/reference_decoder.hpp"

#include <algorithm>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>

namespace peerpress::simulation {
namespace {

constexpr std::size_t span_bytes = 64 << 10;
constexpr const char* old_content = "what was there before";

std::size_t open_descriptors() {
    const std::filesystem::directory_iterator all("/proc/self/fd");
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

bytes_view bytes_of(const std::string& text) {
    return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

std::string text_of(bytes_view data) {
    return {reinterpret_cast<const char*>(data.data()), data.size()};
}

// The same few are asked for again and again.
const std::string& compressed(const std::string& plain) {
    static std::map<std::string, std::string> known;
    auto [at, is_new] = known.try_emplace(plain);
    if (is_new) {
        if (known.size() > 64) {
            known.clear();
            at = known.try_emplace(plain).first;
        }
        at->second = plain.empty() ? text_of(test::make_member({}, "MiGz").whole())
                                   : text_of(test::make_file(bytes_of(plain), 16 << 10, "MiGz"));
    }
    return at->second;
}

std::optional<std::string> content_of(const std::filesystem::path& path) {
    if (!std::filesystem::exists(path)) return std::nullopt;
    return test::read_file(path);
}

std::optional<std::string> decoded(const std::string& file) {
    const test::reference_file found = test::reference_decode(bytes_of(file));
    if (found.error || found.trailing_garbage_bytes > 0) return std::nullopt;
    return text_of(found.data);
}

// Where the sources lie, what they hold, and where their outputs belong.
class tree {
public:
    explicit tree(const scenario& wanted) : wanted_(wanted) {
        for (const source_file& file : wanted.files) {
            test::write_file(source(file), content(file));
            // Whoever changes it changes its time, too.
            std::filesystem::last_write_time(
                source(file),
                std::filesystem::file_time_type::clock::now() - std::chrono::hours(1));
            before_[file.name] = content(file);
            if (wanted.overwrite) test::write_file(destination(file), old_content);
        }
        std::filesystem::create_directories(dir_ / "out");
    }

    std::filesystem::path root() const { return dir_.path(); }
    std::filesystem::path sources() const { return dir_ / "tree"; }
    std::string source(const source_file& file) const {
        return sources() / (file.name + (is(jobs::operation::decompress) ? ".gz" : ""));
    }
    std::string destination(const source_file& file) const {
        return dir_ / "out/tree" / (file.name + (is(jobs::operation::compress) ? ".gz" : ""));
    }
    // What the output holds, decoded; nothing where it is no gzip file.
    std::optional<std::string> plain_of(const std::string& output) const {
        return is(jobs::operation::compress) ? decoded(output) : output;
    }

private:
    bool is(jobs::operation operation) const { return wanted_.operation == operation; }
    std::string content(const source_file& file) const {
        return is(jobs::operation::decompress) ? compressed(file.content) : file.content;
    }

    const scenario& wanted_;
    test::temp_dir dir_;
    std::map<std::string, std::string> before_;

public:
    const std::string& source_before(const source_file& file) const {
        return before_.at(file.name);
    }
};

class observer final : public jobs::job_observer {
public:
    observer(world& in, const tree& files) : in_(in), files_(files) {}

    awaitable<> on_prepared(const std::vector<jobs::prepared_file>&) override { co_await listen(); }
    awaitable<> on_finished(const std::vector<jobs::file_result>& files) override {
        const world::quietly looking(in_);
        for (const jobs::file_result& file : files) {
            results.push_back(file);
            if (durable && !file.error && !file.skipped && !file.destination.empty())
                in_.ledger.check_done(file.destination, files_.root());
        }
        co_return;
    }

    std::vector<jobs::file_result> results;
    bool durable = true;

private:
    awaitable<> listen() {
        const fault how = in_.next(occasion::observer);
        co_await sleep_for(in_.some_time(std::chrono::microseconds(10), how));
        if (how.error != 0) throw system_error{how.error, boost::system::system_category()};
    }

    world& in_;
    const tree& files_;
};

// The devices of a run, and who plans with them.
class equipment {
public:
    equipment(world& in, pipeline::lane& lane, const scenario& wanted)
        : in_(in), planner(lane.executor()) {
        for (std::uint32_t index = 0; index < wanted.devices; ++index)
            planner.engines.push_back(make_device(lane, wanted, index));
    }

    awaitable<> admit() {
        for (const auto& engine : planner.engines)
            co_await static_cast<accel::noload::device&>(*engine).admit();
    }

    bool all_serve() const {
        return std::ranges::all_of(planner.engines,
                                   [](const auto& engine) { return engine->serving(); });
    }

private:
    std::shared_ptr<accel::noload::device> make_device(pipeline::lane& lane, const scenario& wanted,
                                                       std::uint32_t index) {
        std::vector<accel::noload::core_parts> cores;
        for (std::uint32_t number = 1; number <= wanted.cores + 1; ++number) {
            const auto kind =
                number <= wanted.cores ? accel::core_kind::compress : accel::core_kind::decompress;
            cores.push_back({.kind = kind,
                             .namespace_id = number,
                             .port = std::make_unique<simulated_core>(in_)});
        }
        const std::string address = "0000:0" + std::to_string(index + 3) + ":00.0";
        return std::make_shared<accel::noload::device>(
            lane.executor(),
            accel::device_identity{.address = address,
                                   .serial = "SIM" + std::to_string(index),
                                   .label = "nvme" + std::to_string(index),
                                   .model = "simulated",
                                   .span_bytes = span_bytes},
            std::move(cores),
            [](std::size_t bytes) { return std::make_unique<io::host_slots>(1, bytes); });
    }

    world& in_;

public:
    jobs::fake_planner planner;
};

class job_in_a_world {
public:
    job_in_a_world(const scenario& wanted, faults& faults, const run_options& options, tree& files,
                   run_report& report)
        : wanted_(wanted),
          options_(options),
          files_(files),
          report_(report),
          world_(wanted.seed, faults),
          observer_(world_, files),
          lane_([this](const asio::any_io_executor&) { return make_simulated_engine(world_); },
                {.ring = {.queue_depth = wanted.queue_depth},
                 .staging = {
                     .slots = wanted.slots, .input_bytes = 32 << 10, .slack_bytes = 64 << 10}}) {
        if (wanted.cancelled_at) world_.at(*wanted.cancelled_at, [this] { stop_.request_stop(); });
        if (options.meddle)
            world_.at(options.meddled_at, [this] {
                const world::quietly hidden(world_);
                options_.meddle(files_.sources());
            });
    }

    void run(bool again) {
        resumed_ = again;
        asio::co_spawn(lane_.executor(), live(), asio::use_future).get();
        report_.results = observer_.results;
        report_.faults += world_.faults_made();
        report_.occasions += world_.occasions();
        report_.lies += world_.lies_told();
        for (const std::string& violation : world_.ledger.violations())
            report_.violations.push_back(violation);
    }

private:
    awaitable<> live() {
        const world::running in(world_);
        {
            equipment devices(world_, lane_, wanted_);
            co_await devices.admit();
            std::exception_ptr error;
            try {
                report_.outcome = co_await jobs::run_job(spec(), context(devices));
            } catch (const system_error&) {
                error = std::current_exception();
            }
            report_.threw = error != nullptr;
            // A device that is not well may be testing itself.
            if (devices.all_serve() && world_.ledger.lent() > 0) blame("memory is still worked on");
        }
        report_.took = virtual_time::instance().since_enter();
        if (lane_.staging().free_slots() != wanted_.slots) blame("slots are missing");
        if (lane_.ring().in_flight() + lane_.ring().waiting() > 0 || world_.in_flight() > 0)
            blame("operations are in flight after the job has ended");
    }

    void blame(std::string violation) { report_.violations.push_back(std::move(violation)); }

    jobs::job_spec spec() const {
        jobs::job_spec made;
        made.operation = wanted_.operation;
        made.sources = {files_.sources()};
        made.recursive = true;
        made.destination_dir = files_.root() / "out";
        made.member_bytes = wanted_.member_bytes;
        made.overwrite = wanted_.overwrite || resumed_;
        made.remove_sources = wanted_.remove_sources;
        made.verification = wanted_.verification;
        made.engine = wanted_.engine;
        if (wanted_.forbid_software) made.via.fallback = jobs::fallback::forbid;
        made.chunk_bytes = 16 << 10;
        return made;
    }

    jobs::job_context context(equipment& devices) {
        jobs::job_context made{.lane = lane_,
                               .observer = observer_,
                               .progress = progress_,
                               .stop = stop_.get_token(),
                               .outputs = jobs::make_output_registry()};
        made.name = "jobs/simulated";
        made.resumed = resumed_;
        made.make_opener = [this](jobs::opener_options options) {
            options.unnamed_outputs = !wanted_.named_outputs;
            return jobs::make_local_opener(std::move(options));
        };
        made.on_step = [this](jobs::step done, const std::string& path) {
            const world::quietly looking(world_);
            if (done == jobs::step::output_published) world_.ledger.published(path);
        };
        if (wanted_.devices > 0) made.planner = &devices.planner;
        made.device_sample_every = 4;
        options_.sabotage(made);
        return made;
    }

    const scenario& wanted_;
    const run_options& options_;
    tree& files_;
    run_report& report_;
    world world_;
    observer observer_;
    jobs::job_progress progress_;
    std::stop_source stop_;
    bool resumed_ = false;
    pipeline::lane lane_;
};

class judgement {
public:
    judgement(const scenario& wanted, const tree& files, run_report& report, bool meddled)
        : wanted_(wanted), files_(files), report_(report), meddled_(meddled) {}

    void after_the_run() {
        std::multiset<std::string> reported;
        std::set<std::string> done;
        for (const jobs::file_result& result : report_.results) {
            reported.insert(result.source);
            if (!result.error && !result.skipped) done.insert(result.source);
        }
        for (const source_file& file : wanted_.files) {
            if (reported.count(files_.source(file)) > 1) blame(file, "was reported more than once");
            judge(file, done.contains(files_.source(file)));
        }
        const bool all = done.size() == wanted_.files.size();
        if (!report_.threw && report_.outcome.state == jobs::job_state::succeeded && !all)
            report_.violations.emplace_back("the job succeeded, and not all of its files");
        if (!report_.threw && !jobs::is_terminal(report_.outcome.state))
            report_.violations.emplace_back("the job has ended in no terminal state");
    }

    void after_it_ran_again() {
        if (report_.outcome.state != jobs::job_state::succeeded)
            report_.violations.push_back("run again, the job does not succeed: " +
                                         report_.outcome.error.message);
        for (const source_file& file : wanted_.files)
            if (!is_complete(file, content_of(files_.destination(file))))
                blame(file, "is not complete after the job was run again");
    }

    void expect_no_temporaries() {
        for (const auto& entry : std::filesystem::recursive_directory_iterator(files_.root()))
            if (jobs::is_temporary_name(entry.path().filename().string()))
                report_.violations.push_back(entry.path().string() + " was left behind");
    }

private:
    void blame(const source_file& file, const std::string& what) {
        report_.violations.push_back(file.name + " " + what);
    }

    bool is_complete(const source_file& file, const std::optional<std::string>& output) const {
        if (!output) return false;
        const std::optional<std::string> plain = files_.plain_of(*output);
        if (plain == file.content) return true;
        // A source that was changed is what it is now, too.
        const auto now = meddled_ ? content_of(files_.source(file)) : std::nullopt;
        return now && plain == *now;
    }

    void judge(const source_file& file, bool done) {
        const auto output = content_of(files_.destination(file));
        const bool complete = is_complete(file, output);
        const bool untouched = wanted_.overwrite ? output == old_content : !output;
        if (!complete && !untouched) {
            report_.wrong_output = true;
            blame(file, "has an output that is neither absent, nor as before, nor complete");
        } else if (done && !complete) {
            blame(file, "was reported as done, and is not");
        }
        if (meddled_) return;
        const auto source = content_of(files_.source(file));
        if (source && *source != files_.source_before(file)) blame(file, "was changed");
        if (!source && !(wanted_.remove_sources && complete)) blame(file, "is gone");
    }

    const scenario& wanted_;
    const tree& files_;
    run_report& report_;
    bool meddled_;
};

// An injected failure to remove something leaves it where it is, until the job runs again.
bool may_leave_temporaries(const run_report& report) {
    return report.faults > 0;
}

}  // namespace

std::string run_report::describe() const {
    std::string text = threw ? "threw" : std::string(job_state_name(outcome.state));
    text += " after " + std::to_string(took.count()) + " ns, " + std::to_string(occasions) +
            " occasions, " + std::to_string(faults) + " faults";
    for (const std::string& violation : violations) text += "\n    " + violation;
    return text;
}

run_report run(const scenario& wanted, faults& faults, const run_options& options) {
    run_report report;
    const std::size_t descriptors = open_descriptors();
    tree files(wanted);
    judgement judge(wanted, files, report, options.meddle != nullptr);
    {
        job_in_a_world job(wanted, faults, options, files, report);
        job.run(false);
    }
    judge.after_the_run();
    if (open_descriptors() != descriptors) report.violations.emplace_back("descriptors stay open");
    if (!may_leave_temporaries(report)) judge.expect_no_temporaries();
    if (!wanted.again || options.meddle) return report;

    run_report second;
    no_faults nothing;
    scenario calm = wanted;
    calm.cancelled_at.reset();
    {
        job_in_a_world job(calm, nothing, {}, files, second);
        job.run(true);
    }
    judgement judge_second(calm, files, second, false);
    judge_second.after_it_ran_again();
    judge_second.expect_no_temporaries();
    report.violations.insert(report.violations.end(), second.violations.begin(),
                             second.violations.end());
    return report;
}

}  // namespace peerpress::simulation
