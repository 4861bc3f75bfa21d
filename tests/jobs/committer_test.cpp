#include "jobs/committer.hpp"

#include "io/task_group.hpp"
#include "job_fixture.hpp"
#include "jobs/opener.hpp"
#include "support/memory_storage.hpp"

namespace peerpress::jobs {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

struct silent_ticket final : output_ticket {};

// Counts what it is asked for, and refuses what it is told to.
class fake_opener final : public opener {
public:
    awaitable<std::vector<source_look>> look(std::vector<std::string>) override {
        co_return std::vector<source_look>();
    }
    std::unique_ptr<tree_cursor> walk(std::string) override { return nullptr; }
    awaitable<tree_page> next(tree_cursor&) override { co_return tree_page{}; }
    awaitable<std::vector<opened_file>> open(std::vector<open_request>) override {
        co_return std::vector<opened_file>();
    }

    awaitable<std::vector<sealed_file>> seal(std::vector<seal_request> requests) override {
        sealed.push_back(requests.size());
        std::vector<sealed_file> answers(requests.size());
        for (std::size_t index = 0; index < requests.size(); ++index)
            if (requests[index].destination == refused_seal)
                answers[index].error = {reason::source_changed, "changed"};
        co_return answers;
    }
    awaitable<std::vector<problem>> publish(std::vector<publish_request> requests) override {
        published.push_back(requests.size());
        std::vector<problem> answers(requests.size());
        if (refuse_publish && !answers.empty()) answers[0] = {reason::output_exists, "exists"};
        co_return answers;
    }
    awaitable<std::vector<problem>> remove(std::vector<remove_request> requests) override {
        removed.push_back(requests.size());
        co_return std::vector<problem>(requests.size());
    }
    awaitable<> tidy(std::vector<output_place>) override { co_return; }

    std::string refused_seal;
    bool refuse_publish = false;
    std::vector<std::size_t> sealed;
    std::vector<std::size_t> published;
    std::vector<std::size_t> removed;
};

// Memory that says on its end how often it was synced.
class counting_storage final : public io::storage {
public:
    explicit counting_storage(std::vector<std::size_t>& syncs) : syncs_(syncs) {}
    ~counting_storage() override { syncs_.push_back(memory.syncs()); }

    const io::storage_traits& traits() const override { return memory.traits(); }
    awaitable<std::size_t> read(std::uint64_t offset_bytes, bytes_span into) override {
        return memory.read(offset_bytes, into);
    }
    awaitable<> write(std::uint64_t offset_bytes, bytes_view from) override {
        return memory.write(offset_bytes, from);
    }
    awaitable<> truncate(std::uint64_t size_bytes) override { return memory.truncate(size_bytes); }
    awaitable<> sync() override { return memory.sync(); }

    test::memory_storage memory;

private:
    std::vector<std::size_t>& syncs_;
};

class Committer : public JobTest {
public:  // since tests name its members by pointer
    Committer() {
        observer = std::make_unique<recording_observer>();
        progress = std::make_unique<job_progress>();
    }

    finished_file file(const std::string& name) {
        finished_file made;
        made.result.source = name;
        made.result.destination = name + ".gz";
        made.work = std::make_unique<working_file>();
        auto storage = std::make_unique<counting_storage>(syncs);
        if (name == failing_sync)
            storage->memory.fail_next_sync(make_error_code(boost::system::errc::io_error));
        made.work->output_data = std::move(storage);
        made.work->ticket = std::make_unique<silent_ticket>();
        made.work->remove_source = remove_sources;
        return made;
    }

    // Runs a scenario beside the committer, on the lane, and waits for both.
    using scenario = awaitable<> (Committer::*)(committer&);
    void play(scenario what, committer_options options = {.wait_max = 10s}) {
        asio::co_spawn(lane.executor(), both(what, options), asio::use_future).get();
    }

    awaitable<> pause(std::chrono::milliseconds time) {
        asio::steady_timer timer(lane.executor(), time);
        co_await timer.async_wait(asio::use_awaitable);
    }
    // Until so many files have been told of; false where that takes too long.
    awaitable<bool> told(std::size_t files) {
        for (int round = 0; round < 5000 && observer->results.size() < files; ++round)
            co_await pause(1ms);
        co_return observer->results.size() >= files;
    }
    awaitable<> add_named(committer& committing, std::string name) {
        finished_file made = file(name);
        co_await committing.add(std::move(made));
    }
    void expect_files(committer& committing, int count) {
        for (int index = 0; index < count; ++index) committing.expect();
    }

    awaitable<> one_alone(committer& committing) {
        expect_files(committing, 1);
        co_await add_named(committing, "a");
        EXPECT_TRUE(co_await told(1)) << "before anybody said that nothing else comes";
        committing.close();
    }
    awaitable<> three_in_a_row(committer& committing) {
        expect_files(committing, 3);
        co_await add_named(committing, "a");
        co_await add_named(committing, "b");
        co_await pause(50ms);
        EXPECT_TRUE(observer->results.empty());
        co_await add_named(committing, "c");
        EXPECT_TRUE(co_await told(3));
        committing.close();
    }
    awaitable<> one_with_a_slow_neighbour(committer& committing) {
        expect_files(committing, 2);
        co_await add_named(committing, "a");
        EXPECT_TRUE(co_await told(1));
        committing.drop();
        committing.close();
    }
    awaitable<> ten(committer& committing) {
        expect_files(committing, 10);
        for (int index = 0; index < 10; ++index)
            co_await add_named(committing, std::string(1, static_cast<char>('a' + index)));
        committing.close();
    }
    awaitable<> three_and_a_stop(committer& committing) {
        expect_files(committing, 4);
        co_await add_named(committing, "a");
        co_await add_named(committing, "b");
        committing.stop();
        co_await add_named(committing, "c");
        committing.drop();
        committing.close();
        EXPECT_TRUE(committing.dropped_any());
    }

    const file_result& result_named(const std::string& name) const {
        for (const file_result& result : observer->results)
            if (result.source == name) return result;
        throw std::runtime_error("no result of " + name);
    }

    std::vector<std::size_t> syncs;  // of each file, once it is closed
    std::string failing_sync;
    bool remove_sources = false;
    fake_opener opener;
    job_tally tally;

private:
    awaitable<> both(scenario what, committer_options options) {
        const job_context here = context();
        committer committing(lane.executor(), opener, here, options);
        io::task_group tasks(lane.executor());
        tasks.spawn(committing.run());
        tasks.spawn((this->*what)(committing));
        co_await tasks.join();
        tally = committing.tally();
    }
};

TEST_F(Committer, CommitsASingleFileAtOnce) {
    play(&Committer::one_alone);

    EXPECT_THAT(opener.published, ElementsAre(1));
    EXPECT_EQ(tally.done, 1u);
}

TEST_F(Committer, GathersWhileOthersAreOnTheirWay) {
    play(&Committer::three_in_a_row);

    EXPECT_THAT(opener.sealed, ElementsAre(3));
    EXPECT_THAT(opener.published, ElementsAre(3));
    EXPECT_THAT(observer->groups, ElementsAre(3));
}

TEST_F(Committer, DoesNotLetAFileWaitForASlowOneForLong) {
    play(&Committer::one_with_a_slow_neighbour, {.wait_max = 20ms});

    EXPECT_THAT(opener.published, ElementsAre(1));
}

TEST_F(Committer, KeepsGroupsWithinTheirBound) {
    play(&Committer::ten, {.group_files_max = 4, .wait_max = 10s});

    EXPECT_THAT(opener.published, ElementsAre(4, 4, 2));
    EXPECT_EQ(observer->results.size(), 10u);
}

TEST_F(Committer, PublishesNothingThatChangedMeanwhile) {
    opener.refused_seal = "b.gz";

    play(&Committer::three_in_a_row);

    EXPECT_THAT(opener.published, ElementsAre(2));
    EXPECT_EQ(result_named("b").error.reason, reason::source_changed);
    EXPECT_EQ(tally.failed, 1u);
    EXPECT_EQ(tally.done, 2u);
}

TEST_F(Committer, PublishesNothingThatCouldNotBeSyncedAndNeverSyncsAgain) {
    failing_sync = "b";

    play(&Committer::three_in_a_row);

    EXPECT_THAT(opener.published, ElementsAre(2));
    EXPECT_EQ(result_named("b").error.reason, reason::io_error);
    EXPECT_THAT(syncs, ElementsAre(1, 1, 1));
}

TEST_F(Committer, TellsOfPreparedFilesOnlyWhenTheirDataAreDurable) {
    failing_sync = "b";

    play(&Committer::three_in_a_row);

    EXPECT_THAT(observer->groups, ElementsAre(2));
}

TEST_F(Committer, RemovesOnlySourcesWhoseOutputsWerePublished) {
    remove_sources = true;
    opener.refuse_publish = true;

    play(&Committer::three_in_a_row);

    EXPECT_THAT(opener.removed, ElementsAre(2));
    EXPECT_EQ(result_named("a").error.reason, reason::output_exists);
}

TEST_F(Committer, DropsWhatItHasGatheredWhenStopped) {
    play(&Committer::three_and_a_stop);

    EXPECT_TRUE(opener.published.empty());
    EXPECT_TRUE(observer->results.empty());
}

}  // namespace
}  // namespace peerpress::jobs
