#include "server/job_store.hpp"

#include "server/refusal.hpp"
#include "server/sqlite.hpp"
#include "tests/support/run.hpp"
#include "tests/support/temp_dir.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

namespace peerpress::server {
namespace {

using jobs::job_state;
using jobs::reason;
using testing::ElementsAre;
using testing::HasSubstr;

new_job job_named(const std::string& id) {
    return {
        .id = id, .request_id = {}, .request_spec = {}, .spec = "spec of " + id, .create_time = 1};
}

finished_file file_named(const std::string& source, bool failed = false) {
    return {.source = source,
            .failed = failed,
            .bytes_in = 10,
            .bytes_out = 4,
            .result = "result of " + source};
}

class JobStore : public testing::Test {
protected:
    job_store& store() {
        if (!store_) store_ = std::make_unique<job_store>(directory_.path());
        return *store_;
    }
    void restart() { store_.reset(); }
    std::string path() const { return directory_ / "jobs.sqlite3"; }

    template <class T>
    T run(awaitable<T> work) {
        return test::run(context_, std::move(work));
    }
    template <class T>
    reason refusal_of(awaitable<T> work) {
        try {
            run(std::move(work));
        } catch (const refusal& e) {
            return e.problem().reason;
        }
        return reason::none;
    }

    job_record create(const std::string& id) {
        return run(store().create(job_named(id), {})).record;
    }

    test::temp_dir directory_;
    asio::io_context context_;
    std::unique_ptr<job_store> store_;
};

TEST_F(JobStore, KeepsAJobOverARestart) {
    new_job job = job_named("a");
    job.priority = -3;
    run(store().create(job, {}));

    restart();

    const job_record found = run(store().get("a"));
    EXPECT_EQ(found.spec, "spec of a");
    EXPECT_EQ(found.state, job_state::queued);
    EXPECT_EQ(found.priority, -3);
    EXPECT_EQ(found.create_time, 1);
    EXPECT_FALSE(found.start_time);
}

TEST_F(JobStore, KnowsNoOtherJob) {
    EXPECT_EQ(refusal_of(store().get("nobody")), reason::job_not_found);
}

TEST_F(JobStore, ReturnsTheSameJobForTheSameRequest) {
    new_job job = job_named("a");
    job.request_id = "r";
    job.request_spec = "what was asked";
    run(store().create(job, {}));

    job.id = "b";
    const created_job again = run(store().create(job, {}));

    EXPECT_TRUE(again.existed);
    EXPECT_EQ(again.record.id, "a");
    EXPECT_EQ(refusal_of(store().get("b")), reason::job_not_found);
}

TEST_F(JobStore, RefusesAnotherSpecForTheSameRequest) {
    new_job job = job_named("a");
    job.request_id = "r";
    job.request_spec = "what was asked";
    run(store().create(job, {}));

    job.request_spec = "something else";
    EXPECT_EQ(refusal_of(store().create(job, {})), reason::request_id_conflict);
}

TEST_F(JobStore, MakesNoJobWhenNoneIsAdmittedButReturnsAnEarlierOne) {
    new_job job = job_named("a");
    job.request_id = "r";
    run(store().create(job, {}));

    const jobs::problem full{reason::too_many_jobs, "full"};
    EXPECT_EQ(refusal_of(store().create(job_named("b"), full)), reason::too_many_jobs);
    EXPECT_TRUE(run(store().create(job, full)).existed);
}

TEST_F(JobStore, KnowsWhoseAJobIs) {
    new_job job = job_named("a");
    job.owner = {.uid = 7, .gid = 8, .identity = "uri:somebody"};
    run(store().create(job, {}));
    create("b");

    restart();

    const job_owner same{.uid = 7, .identity = "uri:somebody"};
    EXPECT_EQ(run(store().get("a", same)).owner, job.owner);
    const page<job_record> theirs = run(store().list({.visible = same}));
    ASSERT_EQ(theirs.records.size(), 1u);
    EXPECT_EQ(theirs.records.front().id, "a");
    // Another user, the user that the identity stands for, another identity of that user.
    for (const job_owner& other :
         {job_owner{.uid = 9, .identity = "uri:somebody"}, job_owner{.uid = 7},
          job_owner{.uid = 7, .identity = "uri:other"}}) {
        EXPECT_EQ(refusal_of(store().get("a", other)), reason::job_not_found) << other.name();
        EXPECT_EQ(run(store().list({.visible = other})).records.size(), 0u) << other.name();
    }
    EXPECT_EQ(run(store().list({})).records.size(), 2u);
}

TEST_F(JobStore, KeepsTheRequestsOfOwnersApart) {
    new_job job = job_named("a");
    job.request_id = "r";
    job.owner.uid = 7;
    run(store().create(job, {}));

    job.id = "b";
    job.request_spec = "something else";
    job.owner.uid = 8;
    EXPECT_FALSE(run(store().create(job, {})).existed);
    for (const char* identity : {"uri:somebody", "uri:other"}) {
        job.id = identity;
        job.owner.identity = identity;
        EXPECT_FALSE(run(store().create(job, {})).existed) << identity;
        EXPECT_TRUE(run(store().create(job, {})).existed) << identity;
    }
}

TEST_F(JobStore, GivesJobsThatHadNoOwnerToTheDaemonsUser) {
    {
        sqlite::database db(path());
        migrate(db, job_migrations().first(2));
        db.execute(
            "INSERT INTO jobs (id, request_id, request_spec, spec, state, priority, create_time) "
            "VALUES (x'61', x'72', x'', x'73', 0, 0, 1)");
    }

    const job_record old = run(store().get("a"));

    EXPECT_EQ(old.owner, (job_owner{.uid = ::geteuid(), .gid = ::getegid()}));
    EXPECT_EQ(old.spec, "s");
    new_job again = job_named("b");
    again.request_id = "r";
    again.owner = old.owner;
    EXPECT_EQ(run(store().create(again, {})).record.id, "a");
}

TEST_F(JobStore, RecordsAJobsCourse) {
    const auto row = create("a").row;

    run(store().set_running(row, 5));
    run(store().set_running(row, 9));  // taken up again
    EXPECT_EQ(run(store().get("a")).state, job_state::running);
    run(store().set_ended(row, {.state = job_state::partial,
                                .error = {reason::no_space, "disk full"},
                                .warned = true,
                                .counters = {.files_total = 3, .files_done = 1, .files_failed = 2},
                                .end_time = 11}));
    restart();

    const job_record r = run(store().get("a"));
    EXPECT_EQ(r.state, job_state::partial);
    EXPECT_EQ(r.start_time, 5);
    EXPECT_EQ(r.end_time, 11);
    EXPECT_EQ(r.error.reason, reason::no_space);
    EXPECT_EQ(r.error.message, "disk full");
    EXPECT_TRUE(r.warned);
    EXPECT_EQ(r.counters.files_failed, 2);
}

TEST_F(JobStore, NeverChangesAnEndedJob) {
    const auto row = create("a").row;
    run(store().set_ended(row, {.state = job_state::cancelled, .end_time = 11}));

    run(store().set_ended(row, {.state = job_state::succeeded, .end_time = 12}));
    run(store().set_running(row, 12));
    run(store().set_state(row, job_state::queued));

    EXPECT_EQ(run(store().get("a")).state, job_state::cancelled);
    EXPECT_EQ(run(store().get("a")).end_time, 11);
}

TEST_F(JobStore, ListsNewestFirstPageByPage) {
    for (const char* id : {"a", "b", "c", "d", "e"}) create(id);

    const auto first = run(store().list({.count_max = 2}));
    ASSERT_EQ(first.records.size(), 2u);
    EXPECT_EQ(first.records[0].id, "e");
    EXPECT_EQ(first.records[1].id, "d");
    EXPECT_TRUE(first.more);

    create("f");  // what comes in between changes nothing
    const auto second = run(store().list({.before_row = first.records[1].row, .count_max = 3}));
    ASSERT_EQ(second.records.size(), 3u);
    EXPECT_EQ(second.records[0].id, "c");
    EXPECT_FALSE(second.more);
}

TEST_F(JobStore, ListsJobsOfAState) {
    create("a");
    run(store().set_ended(create("b").row, {.state = job_state::failed, .end_time = 1}));

    const auto failed =
        run(store().list({.state_mask = 1u << static_cast<int>(job_state::failed)}));
    ASSERT_EQ(failed.records.size(), 1u);
    EXPECT_EQ(failed.records[0].id, "b");
}

TEST_F(JobStore, EndsAPageBeforeItOutgrowsAMessage) {
    for (const char* id : {"a", "b", "c", "d"}) {
        new_job job = job_named(id);
        job.spec = std::string(page_bytes_max * 2 / 3, 's');
        run(store().create(job, {}));
    }
    const auto first = run(store().list({.count_max = 100}));
    EXPECT_EQ(first.records.size(), 2u);
    EXPECT_TRUE(first.more);
}

TEST_F(JobStore, NumbersFilesInTheOrderTheyCame) {
    const auto row = create("a").row;
    const auto other = create("b").row;

    EXPECT_EQ(run(store().add_finished(row, {file_named("x"), file_named("y", true)})), 2);
    EXPECT_EQ(run(store().add_finished(other, {file_named("o")})), 1);
    restart();
    EXPECT_EQ(run(store().add_finished(row, {file_named("z")})), 3);

    const auto all = run(store().files({.job_row = row}));
    ASSERT_EQ(all.records.size(), 3u);
    EXPECT_EQ(all.records[2].sequence, 3);
    EXPECT_EQ(all.records[2].result, "result of z");
    const auto later = run(store().files({.job_row = row, .after_sequence = 1, .count_max = 1}));
    ASSERT_EQ(later.records.size(), 1u);
    EXPECT_EQ(later.records[0].sequence, 2);
    EXPECT_TRUE(later.more);
    const auto failed = run(store().files({.job_row = row, .failed_only = true}));
    ASSERT_EQ(failed.records.size(), 1u);
    EXPECT_EQ(failed.records[0].sequence, 2);
    EXPECT_EQ(run(store().get("a")).sequence, 3);
}

TEST_F(JobStore, RemembersWhatACutRunLeftBehind) {
    const auto row = create("a").row;
    const std::string odd_name("/\xff\x00x", 4);
    const jobs::prepared_file half{.source = odd_name,
                                   .destination = "/p.gz",
                                   .device = ~std::uint64_t{0},
                                   .inode = 42,
                                   .bytes_in = 7,
                                   .bytes_out = 3,
                                   .crc32 = 0xdeadbeef};
    jobs::prepared_file whole = half;
    whole.source = "/done";
    run(store().add_prepared(row, {half, whole}));
    run(store().add_finished(row, {file_named("/done"), file_named("/bad", true)}));

    restart();
    const stored_history h = run(store().history(row));

    EXPECT_THAT(h.finished, ElementsAre("/done", "/bad"));
    ASSERT_EQ(h.prepared.size(), 1u);
    EXPECT_EQ(h.prepared[0].source, odd_name);
    EXPECT_EQ(h.prepared[0].device, ~std::uint64_t{0});
    EXPECT_EQ(h.prepared[0].inode, 42u);
    EXPECT_EQ(h.prepared[0].crc32, 0xdeadbeefu);
    EXPECT_EQ(h.counters.files_done, 1);
    EXPECT_EQ(h.counters.files_failed, 1);
    EXPECT_EQ(h.counters.bytes_in, 20);
}

TEST_F(JobStore, FindsTheUnfinishedOldestFirst) {
    create("a");
    run(store().set_ended(create("b").row, {.state = job_state::failed, .end_time = 1}));
    run(store().set_running(create("c").row, 1));
    restart();

    const auto found = run(store().unfinished());
    ASSERT_EQ(found.size(), 2u);
    EXPECT_EQ(found[0].id, "a");
    EXPECT_EQ(found[1].id, "c");
    EXPECT_EQ(found[1].state, job_state::running);
}

TEST_F(JobStore, ForgetsByAgeAndNumberButNeverTheUnfinished) {
    create("unfinished");
    for (int i = 1; i <= 5; ++i) {
        const auto row = create("ended " + std::to_string(i)).row;
        run(store().add_finished(row, {file_named("f")}));
        run(store().set_ended(row, {.state = job_state::succeeded, .end_time = i}));
    }

    while (run(store().prune_step({.ended_before = 2, .keep_max = 3}))) {
    }

    std::vector<std::string> left;
    for (const auto& r : run(store().list({})).records) left.push_back(r.id);
    EXPECT_THAT(left, ElementsAre("ended 5", "ended 4", "ended 3", "unfinished"));
}

TEST_F(JobStore, ForgetsALargeJobsFilesInSlices) {
    const auto row = create("a").row;
    run(store().add_finished(row, std::vector<finished_file>(4500, file_named("f"))));
    run(store().set_ended(row, {.state = job_state::succeeded, .end_time = 1}));

    int steps = 0;
    while (run(store().prune_step({.ended_before = 2}))) ++steps;

    EXPECT_EQ(steps, 3);
    EXPECT_TRUE(run(store().files({.job_row = row})).records.empty());
    EXPECT_EQ(refusal_of(store().get("a")), reason::job_not_found);
}

awaitable<> create_many(job_store& store, int count, int& done) {
    for (int i = 0; i < count; ++i) {
        auto created = store.create(job_named("job " + std::to_string(i)), {});
        asio::co_spawn(co_await asio::this_coro::executor, std::move(created),
                       [&done](std::exception_ptr error, created_job) {
                           EXPECT_FALSE(error);
                           ++done;
                       });
    }
}

TEST_F(JobStore, AnswersManyCallersWithFewTransactions) {
    int done = 0;
    const auto before = store().transactions();

    run(create_many(store(), 500, done));
    for (int turns = 0; done < 500 && turns < 10000; ++turns) {
        context_.restart();
        context_.run_for(std::chrono::milliseconds(2));
    }

    EXPECT_EQ(done, 500);
    // The first may go alone; the rest queue up behind it.
    EXPECT_LE(store().transactions() - before, 20u);
}

TEST_F(JobStore, FailsWhatCannotBeStoredAndNothingElse) {
    const std::int64_t row = create("a").row;
    sqlite::database(path()).execute("DROP TABLE files");

    EXPECT_THROW(run(store().add_finished(row, {file_named("alone")}, "")), std::exception);
    // Many at once, so that good and bad ones come to be in one transaction.
    unsigned stored = 0;
    unsigned failed = 0;
    for (int index = 0; index < 100; ++index) {
        const auto count = [&](std::exception_ptr error, auto&&...) {
            ++(error ? failed : stored);
        };
        asio::co_spawn(context_, store().get("a"), count);
        asio::co_spawn(context_, store().add_finished(row, {file_named("x")}, ""), count);
    }
    context_.restart();
    context_.run();

    EXPECT_EQ(stored, 100u);
    EXPECT_EQ(failed, 100u);
    EXPECT_EQ(run(store().get("a")).state, job_state::queued);
}

TEST_F(JobStore, SetsADamagedDatabaseAsideLoudly) {
    create("a");
    restart();
    {
        std::fstream file(path(), std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(4096);
        for (int i = 0; i < 3 * 4096; ++i) file.put('\x5a');
    }

    EXPECT_THAT(store().notice(), HasSubstr("DAMAGED"));
    EXPECT_THAT(store().notice(), HasSubstr(path() + ".corrupt-"));
    EXPECT_EQ(refusal_of(store().get("a")), reason::job_not_found);
    int aside = 0;
    for (const auto& entry : std::filesystem::directory_iterator(directory_.path())) {
        aside += entry.path().filename().string().find(".corrupt-") != std::string::npos;
    }
    EXPECT_EQ(aside, 1);
}

TEST_F(JobStore, SetsAFileThatIsNoDatabaseAside) {
    std::ofstream(path()) << std::string(5000, 'x');
    EXPECT_THAT(store().notice(), HasSubstr("DAMAGED"));
    create("a");
}

TEST_F(JobStore, RefusesADatabaseFromANewerVersionAndLeavesItAlone) {
    create("a");
    restart();
    sqlite::database(path()).execute("PRAGMA user_version = 99");

    try {
        store();
        FAIL() << "was opened";
    } catch (const refusal& e) {
        EXPECT_THAT(e.what(), HasSubstr(path()));
        EXPECT_THAT(e.what(), HasSubstr("newer peerpressd (schema 99"));
    }
    sqlite::database db(path());
    auto q = db.prepare("SELECT count(*) FROM jobs");
    ASSERT_TRUE(q.step());
    EXPECT_EQ(q.integer(0), 1);
}

TEST(Migration, TakesEachStepOnceAndAllOrNothing) {
    test::temp_dir directory;
    sqlite::database db(directory / "m.sqlite3");
    const std::array first{"CREATE TABLE t (a)"};
    const std::array both{"CREATE TABLE t (a)",
                          "ALTER TABLE t ADD COLUMN b; INSERT INTO t VALUES (1, 2)"};
    const std::array broken{both[0], both[1], "INSERT INTO t VALUES (3, 4); nonsense"};

    migrate(db, first);
    migrate(db, both);
    migrate(db, both);
    EXPECT_THROW(migrate(db, broken), system_error);

    auto q = db.prepare("SELECT count(*), (SELECT user_version FROM pragma_user_version) FROM t");
    ASSERT_TRUE(q.step());
    EXPECT_EQ(q.integer(0), 1);
    EXPECT_EQ(q.integer(1), 2);
}

}  // namespace
}  // namespace peerpress::server
