// Sessions with an opener that is reached through a socket, and what becomes of jobs that lose it.
#include "job_fixture.hpp"
#include "jobs/problem_error.hpp"
#include "opener_server_here.hpp"
#include "roles/role_lost.hpp"
#include "support/as_user.hpp"
#include "tests/support/run.hpp"

#include <atomic>

namespace peerpress::roles {
namespace {

using namespace std::chrono_literals;
using jobs::reason;
using testing::Contains;
using testing::HasSubstr;

jobs::problem problem_of(asio::io_context& context, jobs::opener& opener) {
    try {
        test::run(context, opener.look({"/"}));
    } catch (const jobs::problem_error& error) {
        return error.problem();
    }
    return {};
}

jobs::opener_options of_job(const std::string& tag) {
    jobs::opener_options options;
    options.tag = tag;
    return options;
}

jobs::opener_options with_named_outputs() {
    jobs::opener_options options;
    options.unnamed_outputs = false;
    return options;
}

class OpenerServer : public testing::Test {
protected:
    std::unique_ptr<jobs::opener> opener(jobs::opener_options options = {}) const {
        return make_remote_opener(server.reached_by(), std::move(options));
    }

    asio::io_context context;
    test::temp_dir dir;
    opener_server_here server;
};

TEST_F(OpenerServer, TurnsAnotherReleaseAway) {
    remote_opener_options other = server.reached_by();
    other.release = "0.0.1";

    const jobs::problem said = problem_of(context, *make_remote_opener(other, {}));

    EXPECT_EQ(said.reason, reason::internal);
    EXPECT_THAT(said.message, HasSubstr("0.0.1"));
    EXPECT_THAT(said.message, HasSubstr("restart"));
}

TEST_F(OpenerServer, ActsForNobodyWhoIsNotNamed) {
    const opener_server_here strict({.release = opener_server_here::release});

    const jobs::problem said = problem_of(context, *make_remote_opener(strict.reached_by(), {}));

    EXPECT_EQ(said.reason, reason::permission_denied);
}

TEST_F(OpenerServer, ActsForRootUnlessItIsToldNotTo) {
    const opener_server_here strict({.release = opener_server_here::release, .no_root = true});
    jobs::opener_options options;
    options.act_for = [] { return jobs::rights{.user = {.uid = 0, .gid = 0}}; };
    const auto refused = make_remote_opener(strict.reached_by(), options);

    EXPECT_EQ(problem_of(context, *refused).reason, reason::permission_denied);
    if (::geteuid() == 0) {
        EXPECT_FALSE(problem_of(context, *opener(options)));
    }
}

TEST_F(OpenerServer, ServesItsOwnUserAlone) {
    if (!test::can_be_others()) GTEST_SKIP() << "takes root";
    test::as_user(test::alice, [this] {
        const io::unique_fd connected = connect_to(server.socket());
        pollfd closed{connected.get(), POLLIN, 0};
        EXPECT_EQ(::poll(&closed, 1, 20'000), 1);
        char byte = 0;
        EXPECT_EQ(::read(connected.get(), &byte, 1), 0);
    });
    EXPECT_THAT(server.said(), Contains(HasSubstr("another user")));
}

TEST_F(OpenerServer, SaysThatNobodyAnswers) {
    remote_opener_options nobody{.socket = dir / "nobody", .release = "", .connect_max = 0ms};

    try {
        test::run(context, make_remote_opener(nobody, {})->look({"/"}));
        FAIL() << "somebody answered";
    } catch (const role_lost& lost) {
        EXPECT_THAT(lost.what(), HasSubstr("nobody opens files"));
        EXPECT_THAT(lost.what(), HasSubstr("peerpress-opend"));
    }
}

TEST_F(OpenerServer, WaitsForOneThatIsBeingRestarted) {
    server.stop();
    asio::steady_timer later(context, 200ms);
    later.async_wait([this](error_code) { server.start(); });

    const auto looks = test::run(context, opener()->look({dir.path()}));

    EXPECT_TRUE(looks.at(0).is_directory);
}

TEST_F(OpenerServer, LeavesNothingOfAJobThatGoesAway) {
    test::write_file(dir / "a", "text");
    auto opened_by = opener(with_named_outputs());
    jobs::open_request request;
    request.source = {dir / "a", ""};
    request.output = jobs::place_of_output((dir / "a.gz").string());
    std::vector<jobs::open_request> requests{request};
    auto files = test::run(context, opened_by->open(requests));
    ASSERT_FALSE(files.at(0).error) << files.at(0).error.message;
    ASSERT_EQ(test::listing(dir.path()).size(), 2u) << "the temporary has a name";

    // Nobody told it that the ticket is not needed.
    auto* const unreleased = files.at(0).ticket.release();
    opened_by.reset();

    EXPECT_EQ(test::listing(dir.path()).size(), 1u);
    delete unreleased;
}

TEST_F(OpenerServer, LetsALaterRunOfAJobWaitForTheEarlierOne) {
    auto earlier = opener(of_job("job"));
    test::run(context, earlier->look({dir.path()}));
    auto later = opener(of_job("job"));
    bool looked = false;
    const auto note = [&looked](std::exception_ptr error, const std::vector<jobs::source_look>&) {
        EXPECT_FALSE(error);
        looked = true;
    };
    std::vector<std::string> paths{dir.path()};
    asio::co_spawn(context, later->look(paths), note);
    context.restart();
    context.run_for(100ms);
    EXPECT_FALSE(looked);
    auto another = opener(of_job("another"));
    test::run(context, another->look(paths));

    earlier.reset();

    while (!looked) {
        context.restart();
        ASSERT_GT(context.run_one_for(20s), 0u);
    }
}

TEST_F(OpenerServer, KeepsOutputsOfItsSessionsApart) {
    test::write_file(dir / "a", "text");
    jobs::open_request request;
    request.source = {dir / "a", ""};
    request.output = jobs::place_of_output((dir / "a.gz").string());
    std::vector<jobs::open_request> requests{request};
    const auto one = opener(of_job("one"));
    const auto other = opener(of_job("other"));

    auto first = test::run(context, one->open(requests));
    const auto second = test::run(context, other->open(requests));

    EXPECT_FALSE(first.at(0).error);
    EXPECT_EQ(second.at(0).error.reason, reason::output_busy);
    first.clear();
}

// A whole job, which loses its opener at some moment.
class LostOpener : public jobs::JobTest, public testing::WithParamInterface<jobs::step> {
protected:
    LostOpener() {
        make_opener = [this](jobs::opener_options options) {
            return make_remote_opener(server.reached_by(), std::move(options));
        };
    }

    opener_server_here server;
};

TEST_P(LostOpener, EndsTheRunAndTheNextOneGoesOn) {
    constexpr int files_count = 40;
    for (int index = 0; index < files_count; ++index)
        test::write_file(dir / ("tree/" + std::to_string(index)), test::some_text(20'000, 1));
    jobs::job_spec spec = compressing({"tree"});
    spec.recursive = true;
    std::atomic<int> seen{0};
    std::thread stopping;
    on_step = [&](jobs::step done, const std::string&) {
        if (done == GetParam() && ++seen == 3) stopping = std::thread([this] { server.stop(); });
    };
    std::vector<jobs::prepared_file> prepared;
    std::set<std::string> finished;
    int losses = 0;
    for (bool lost = true; lost;) {
        try {
            const jobs::job_outcome outcome = run(spec);
            lost = false;
            EXPECT_EQ(outcome.state, jobs::job_state::succeeded) << outcome.error.message;
        } catch (const role_lost&) {
            ++losses;
            if (stopping.joinable()) stopping.join();
            server.start();
        }
        for (const jobs::prepared_file& file : observer->prepared) prepared.push_back(file);
        for (const jobs::file_result& file : observer->results) {
            EXPECT_FALSE(file.error) << file.error.message;
            EXPECT_TRUE(finished.insert(file.source).second) << "told once";
        }
        resumed = true;
        history.finished = [&](const std::string& source) { return finished.contains(source); };
        history.prepared = [&](const std::string& source) {
            for (auto at = prepared.rbegin(); at != prepared.rend(); ++at)
                if (at->source == source) return std::optional(*at);
            return std::optional<jobs::prepared_file>();
        };
        history.files_done = finished.size();
    }
    if (stopping.joinable()) stopping.join();

    EXPECT_GT(losses, 0);
    EXPECT_EQ(finished.size(), static_cast<std::size_t>(files_count));
    for (int index = 0; index < files_count; ++index)
        EXPECT_EQ(jobs::gunzipped(dir / ("tree/" + std::to_string(index) + ".gz")),
                  test::some_text(20'000, 1));
    EXPECT_EQ(test::listing(dir / "tree").size(), 2u * files_count) << "nothing else is left";
}

INSTANTIATE_TEST_SUITE_P(AtEachStep, LostOpener,
                         testing::Values(jobs::step::output_created, jobs::step::data_written,
                                         jobs::step::sealed, jobs::step::prepared_told,
                                         jobs::step::output_published));

}  // namespace
}  // namespace peerpress::roles
