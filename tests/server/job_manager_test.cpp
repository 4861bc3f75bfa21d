#include "server/job_manager.hpp"

#include "server/refusal.hpp"
#include "tests/server/fake_runner.hpp"
#include "tests/support/run.hpp"
#include "tests/support/temp_dir.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace peerpress::server {
namespace {

using jobs::job_state;
using jobs::reason;
using testing::ElementsAre;

// A manager with its store, on the test's own thread; the runner does as it is told.
class JobManager : public testing::Test {
protected:
    ~JobManager() override { stop(); }

    job_manager& manager() {
        if (manager_) return *manager_;
        store_ = std::make_unique<job_store>(directory_.path());
        manager_ = std::make_unique<job_manager>(context_.get_executor(), *store_, runner_,
                                                 metrics_, throughput_, options_);
        run(manager_->resume());
        return *manager_;
    }

    // As a daemon stops: what runs is cut short.
    void stop() {
        if (!manager_) return;
        manager_->drain();
        manager_->stop_running();
        run(manager_->wait_until_idle());
        manager_->close();
        settle();
        manager_.reset();
        store_.reset();
    }

    template <class T>
    T run(awaitable<T> work) {
        return test::run(context_, std::move(work));
    }
    // Lets timers of a millisecond and answers of the store come in.
    void settle() {
        context_.restart();
        context_.run_for(std::chrono::milliseconds(20));
    }
    void settle_until(const std::function<bool()>& done) {
        for (int turns = 0; !done() && turns < 500; ++turns) settle();
        EXPECT_TRUE(done());
    }

    std::string create(const std::string& source, std::int32_t priority = 0, uid_t uid = 0) {
        v1::JobSpec spec;
        spec.set_operation(v1::OPERATION_COMPRESS);
        spec.add_sources(source);
        spec.set_priority(priority);
        const v1::JobSpec whole = resolve(spec, {});
        const std::string id = "id of " + source;
        run(manager().create({.id = id,
                              .request_id = "request of " + source,
                              .request_spec = canonical_bytes(spec),
                              .spec = canonical_bytes(whole),
                              .priority = priority,
                              .create_time = now_micros(),
                              .owner = {.uid = uid}},
                             {}));
        return id;
    }
    reason refusal_of(const std::function<void()>& act) {
        try {
            act();
        } catch (const refusal& e) {
            return e.problem().reason;
        }
        return reason::none;
    }
    job_state state_of(const std::string& id) {
        return run(manager().get(id, everybodys_jobs)).record.state;
    }
    void await_state(const std::string& id, job_state state) {
        settle_until([&] { return state_of(id) == state; });
    }

    static manager_options one_at_a_time() {
        manager_options options;
        options.running_max = 1;
        return options;
    }
    static jobs::file_result done(const std::string& source) {
        jobs::file_result result;
        result.source = source;
        result.destination = source + ".gz";
        result.bytes_in = 10;
        result.bytes_out = 5;
        return result;
    }
    static jobs::file_result failed(const std::string& source) {
        jobs::file_result result = done(source);
        result.error = {reason::source_unreadable, "no"};
        return result;
    }

    test::temp_dir directory_;
    asio::io_context context_;
    test::fake_runner runner_;
    metrics metrics_{"test"};
    throughput throughput_;
    manager_options options_ = one_at_a_time();
    std::unique_ptr<job_store> store_;
    std::unique_ptr<job_manager> manager_;
};

TEST_F(JobManager, LetsJobsOfOthersPassWhereOneCallerHasTheirShareRunning) {
    options_.running_max = 2;
    options_.quotas.running_max = 1;
    create("/a1", 0, 7);
    const std::string second = create("/a2", 5, 7);
    create("/b1", 0, 8);
    settle_until([&] { return runner_.started().size() == 2; });

    EXPECT_THAT(runner_.started(), testing::UnorderedElementsAre("/a1", "/b1"));
    EXPECT_EQ(state_of(second), job_state::queued);
    runner_.end("/a1");
    settle_until([&] { return runner_.started().size() == 3; });
    EXPECT_EQ(runner_.started().back(), "/a2");
    runner_.end("/a2");
    await_state(second, job_state::succeeded);
}

TEST_F(JobManager, RefusesJobsBeyondACallersShareButNotTheSameOneAgain) {
    options_.quotas.queued_max = 1;
    create("/running", 0, 7);
    settle_until([&] { return runner_.started().size() == 1; });
    const std::string waiting = create("/a", 0, 7);

    EXPECT_EQ(refusal_of([&] { create("/b", 0, 7); }), reason::too_many_jobs);
    EXPECT_EQ(create("/a", 0, 7), waiting);
    create("/c", 0, 8);
    run(manager().cancel(waiting, everybodys_jobs));
    create("/b", 0, 7);
    // What waits after a restart counts as well.
    stop();
    EXPECT_EQ(refusal_of([&] { create("/d", 0, 7); }), reason::too_many_jobs);
}

TEST_F(JobManager, RunsAJobToItsEnd) {
    const std::string id = create("/a");
    await_state(id, job_state::running);
    runner_.report("/a", {done("/a")});
    runner_.end("/a", {.state = job_state::succeeded, .warned = true});

    await_state(id, job_state::succeeded);

    const job_record r = run(manager().get(id, everybodys_jobs)).record;
    EXPECT_EQ(r.counters.files_done, 1);
    EXPECT_EQ(r.counters.bytes_in, 10);
    EXPECT_EQ(r.sequence, 1);
    EXPECT_TRUE(r.warned);
    EXPECT_TRUE(r.start_time && r.end_time);
    EXPECT_EQ(manager().find_live(id), nullptr);
}

TEST_F(JobManager, RunsTheUrgentFirstAndTheOldestAmongEquals) {
    create("/first");
    create("/low", -1);
    create("/early");
    create("/late");
    create("/high", 5);
    for (const char* job : {"/first", "/low", "/early", "/late", "/high"}) runner_.end(job);

    settle_until([&] { return runner_.started().size() == 5; });

    EXPECT_THAT(runner_.started(), ElementsAre("/first", "/high", "/early", "/late", "/low"));
}

TEST_F(JobManager, RunsAsManyAtOnceAsAllowed) {
    options_.running_max = 3;
    for (int i = 0; i < 8; ++i) create("/" + std::to_string(i));
    settle_until([&] { return runner_.started().size() == 3; });
    settle();
    EXPECT_EQ(manager().running(), 3u);
    EXPECT_EQ(manager().queued(), 5u);

    for (int i = 0; i < 8; ++i) runner_.end("/" + std::to_string(i));
    settle_until([&] { return runner_.started().size() == 8 && manager().running() == 0; });

    EXPECT_EQ(runner_.running_max(), 3u);
}

TEST_F(JobManager, CancelsAWaitingJobWithoutEverRunningIt) {
    create("/blocker");
    const std::string id = create("/a");

    EXPECT_EQ(run(manager().cancel(id, everybodys_jobs)).record.state, job_state::cancelled);
    runner_.end("/blocker");
    settle_until([&] { return manager().running() == 0; });

    EXPECT_THAT(runner_.started(), ElementsAre("/blocker"));
    EXPECT_EQ(state_of(id), job_state::cancelled);
}

TEST_F(JobManager, CancelsARunningJobWhichThenEnds) {
    const std::string id = create("/a");
    runner_.ignore_stops("/a");
    await_state(id, job_state::running);

    EXPECT_EQ(run(manager().cancel(id, everybodys_jobs)).record.state, job_state::cancelling);
    EXPECT_EQ(run(store_->get(id)).state, job_state::cancelling);
    runner_.end("/a", {.state = job_state::cancelled});

    await_state(id, job_state::cancelled);
}

TEST_F(JobManager, LetsARunThatWasFasterThanItsCancellationHaveItsSay) {
    const std::string id = create("/a");
    runner_.ignore_stops("/a");
    await_state(id, job_state::running);
    run(manager().cancel(id, everybodys_jobs));
    runner_.end("/a");

    await_state(id, job_state::succeeded);
}

TEST_F(JobManager, LeavesAnEndedJobAloneWhenItIsCancelled) {
    const std::string id = create("/a");
    runner_.end("/a");
    await_state(id, job_state::succeeded);

    EXPECT_EQ(run(manager().cancel(id, everybodys_jobs)).record.state, job_state::succeeded);
    EXPECT_EQ(refusal_of([&] { run(manager().cancel("nobody", everybodys_jobs)); }),
              reason::job_not_found);
}

TEST_F(JobManager, FailsTheJobWhoseRunThrows) {
    runner_.fail_next("out of luck");
    const std::string id = create("/a");

    await_state(id, job_state::failed);

    const job_record r = run(manager().get(id, everybodys_jobs)).record;
    EXPECT_EQ(r.error.reason, reason::internal);
    EXPECT_EQ(r.error.message, "out of luck");
}

TEST_F(JobManager, RefusesJobsBeyondWhatTheQueueHolds) {
    options_.queued_max = 2;
    create("/running");
    settle_until([&] { return manager().running() == 1; });
    create("/1");
    create("/2");

    EXPECT_EQ(refusal_of([&] { create("/3"); }), reason::too_many_jobs);
    EXPECT_EQ(refusal_of([&] { create("/2"); }), reason::none);  // the same request again
}

TEST_F(JobManager, TakesNoJobsWhileDrainingAndStartsNone) {
    options_.running_max = 1;
    create("/running");
    create("/waiting");
    settle_until([&] { return manager().running() == 1; });

    manager().drain();
    runner_.end("/running");
    settle_until([&] { return manager().running() == 0; });

    EXPECT_EQ(refusal_of([&] { create("/new"); }), reason::draining);
    EXPECT_THAT(runner_.started(), ElementsAre("/running"));
    EXPECT_EQ(state_of("id of /waiting"), job_state::queued);
}

TEST_F(JobManager, GoesOnAfterARestartWhereARunWasCutShort) {
    const std::string id = create("/a");
    await_state(id, job_state::running);
    runner_.report("/a", {done("/a/1"), failed("/a/2")});
    runner_.prepare("/a", {.source = "/a/3", .destination = "/a/3.gz", .inode = 33});
    settle_until([&] { return run(manager().get(id, everybodys_jobs)).record.sequence == 2; });
    settle();

    stop();
    EXPECT_EQ(run(job_store(directory_.path()).get(id)).state, job_state::queued);
    runner_.report("/a", {done("/a/3")});
    runner_.end("/a", {.state = job_state::partial});
    await_state(id, job_state::partial);

    EXPECT_TRUE(runner_.knew_finished("/a", "/a/1"));
    EXPECT_TRUE(runner_.knew_finished("/a", "/a/2"));
    EXPECT_FALSE(runner_.knew_finished("/a", "/a/3"));
    EXPECT_EQ(runner_.knew_prepared("/a", "/a/3")->inode, 33u);
    EXPECT_FALSE(runner_.knew_prepared("/a", "/a/1"));
    const job_record r = run(manager().get(id, everybodys_jobs)).record;
    EXPECT_EQ(r.counters.files_total, 3);
    EXPECT_EQ(r.counters.files_done, 2);
    EXPECT_EQ(r.counters.files_failed, 1);
    EXPECT_EQ(r.counters.bytes_total, 30);
    EXPECT_EQ(r.sequence, 3);
}

TEST_F(JobManager, RunsAJobAgainFromWhatIsDurableWhereAnotherProcessWentAway) {
    runner_.report("/a", {done("/a/1")});
    runner_.lose("/a", 2);
    const std::string id = create("/a");
    settle_until([&] { return runner_.started().size() == 3; });
    EXPECT_EQ(state_of(id), job_state::running);
    EXPECT_TRUE(runner_.knew_finished("/a", "/a/1"));

    runner_.report("/a", {done("/a/2")});
    runner_.end("/a");
    await_state(id, job_state::succeeded);

    const job_record r = run(manager().get(id, everybodys_jobs)).record;
    EXPECT_EQ(r.counters.files_done, 2) << "each is counted once";
    EXPECT_EQ(r.counters.bytes_total, 20);
}

TEST_F(JobManager, GivesAJobUpWhoseOtherProcessStaysAway) {
    runner_.lose("/a", 1000);
    const std::string id = create("/a");

    await_state(id, job_state::failed);

    EXPECT_EQ(runner_.started().size(), 5u);
    const job_record r = run(manager().get(id, everybodys_jobs)).record;
    EXPECT_EQ(r.error.message, "given up after 5 runs: the opener went away");
}

TEST_F(JobManager, KeepsTheOrderOfWaitingJobsOverARestart) {
    create("/running");
    create("/1");
    create("/2", 7);
    create("/3");
    settle_until([&] { return manager().running() == 1; });
    stop();
    for (const char* job : {"/running", "/1", "/2", "/3"}) runner_.end(job);

    settle_until([&] { return manager().running() == 0 && manager().queued() == 0; });

    EXPECT_THAT(runner_.started(), ElementsAre("/running", "/2", "/running", "/1", "/3"));
}

TEST_F(JobManager, RemembersACancellationOverARestart) {
    const std::string id = create("/a");
    runner_.ignore_stops("/a");
    await_state(id, job_state::running);
    run(manager().cancel(id, everybodys_jobs));
    // The process dies here: only what the store holds is left.
    const test::temp_dir copy;
    std::filesystem::copy(directory_.path(), copy.path(), std::filesystem::copy_options::recursive);
    runner_.end("/a", {.state = job_state::cancelled});
    stop();

    job_store store(copy.path());
    job_manager next(context_.get_executor(), store, runner_, metrics_, throughput_, options_);
    run(next.resume());
    settle_until([&] { return next.find_live(id) == nullptr; });

    EXPECT_EQ(run(store.get(id)).state, job_state::cancelled);
    EXPECT_EQ(runner_.started().size(), 1u);
    EXPECT_THAT(runner_.tidied(), ElementsAre("/a"));
    next.close();
    settle();
}

TEST_F(JobManager, TidiesUpAfterAJobThatIsCancelledBeforeItGoesOn) {
    options_.running_max = 1;
    const std::string id = create("/a");
    await_state(id, job_state::running);
    runner_.report("/a", {done("/a/1")});
    settle_until([&] { return run(manager().get(id, everybodys_jobs)).record.sequence == 1; });
    stop();
    // A job of higher priority keeps it waiting after the restart.
    create("/urgent", 5);
    stop();
    settle_until([&] { return manager().running() == 1; });
    ASSERT_EQ(state_of(id), job_state::queued);

    run(manager().cancel(id, everybodys_jobs));
    await_state(id, job_state::cancelled);

    EXPECT_THAT(runner_.tidied(), ElementsAre("/a"));
    EXPECT_EQ(run(manager().get(id, everybodys_jobs)).record.counters.files_done, 1);
    EXPECT_EQ(runner_.started().back(), "/urgent");
    runner_.end("/urgent");
}

TEST_F(JobManager, TidiesUpAfterAResumedJobThatIsCancelledWhileItRuns) {
    const std::string id = create("/a");
    await_state(id, job_state::running);
    stop();
    await_state(id, job_state::running);
    settle_until([&] { return runner_.started().size() == 2; });

    run(manager().cancel(id, everybodys_jobs));
    await_state(id, job_state::cancelled);

    EXPECT_THAT(runner_.tidied(), ElementsAre("/a"));
}

TEST_F(JobManager, EndsEachJobOnceWhateverHappensToIt) {
    options_.running_max = 3;
    std::mt19937 random(7);
    std::vector<std::string> ids;
    std::map<std::string, job_record> ends;
    const auto look = [&] {
        for (const auto& id : ids) {
            const job_record r = run(manager().get(id, everybodys_jobs)).record;
            if (!jobs::is_terminal(r.state)) continue;
            const auto [seen, first] = ends.emplace(id, r);
            EXPECT_EQ(seen->second.state, r.state);
            EXPECT_EQ(seen->second.end_time, r.end_time);
        }
    };
    for (int i = 0; i < 40; ++i) {
        const std::string job = "/" + std::to_string(i);
        ids.push_back(create(job));
        if (random() % 3 == 0) run(manager().cancel(ids[random() % ids.size()], everybodys_jobs));
        if (random() % 2 == 0)
            runner_.end(job, {.state = random() % 2 ? job_state::succeeded : job_state::failed});
        if (i % 16 == 15) stop();
        look();
    }
    for (int i = 0; i < 40; ++i) runner_.end("/" + std::to_string(i));
    settle_until([&] {
        look();
        return ends.size() == ids.size();
    });
}

}  // namespace
}  // namespace peerpress::server
