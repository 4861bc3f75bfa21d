#include "server/quotas.hpp"

#include "io/unique_fd.hpp"
#include "server/connection_bound.hpp"
#include "tests/support/as_user.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>

namespace peerpress::server {
namespace {

using namespace std::chrono_literals;
using jobs::reason;

const job_owner alice{.uid = 220001, .gid = 220001};
const job_owner bob{.uid = 220002, .gid = 220002};
const job_owner remote{.uid = 220001, .gid = 220001, .identity = "spiffe://a/b"};
const job_owner root{};

// Quotas on a clock that the test turns.
class Quotas : public testing::Test {
protected:
    quotas& with(const quotas_config& limits) {
        quotas_ = std::make_unique<quotas>(limits, metrics_, [this] { return now_; });
        return *quotas_;
    }
    double refusals(const std::string& quota) {
        for (const metric_value& value : flatten(metrics_.families()))
            if (value.name == "peerpress_quota_refusals_total" && value.labels.at("quota") == quota)
                return value.value;
        return 0;
    }

    metrics metrics_{"test"};
    quotas::clock::time_point now_{1000h};
    std::unique_ptr<quotas> quotas_;
};

TEST_F(Quotas, AreNoneWhereNoneIsSet) {
    quotas& q = with({});
    for (int i = 0; i < 1000; ++i) {
        EXPECT_FALSE(q.objection_to_job(alice));
        q.waits(alice);
        q.runs(alice);
    }
    EXPECT_TRUE(q.may_run(alice));
    q.wrote(alice, ~std::uint64_t{0} / 2);
    EXPECT_FALSE(q.objection_to_job(alice));
}

TEST_F(Quotas, BoundTheJobsThatACallerHasWaiting) {
    quotas& q = with({.queued_max = 2});
    q.waits(alice);
    q.waits(alice);

    const auto refused = q.objection_to_job(alice);

    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->problem().reason, reason::too_many_jobs);
    EXPECT_EQ(refused->metadata().at("quota"), "quotas.queued_max");
    EXPECT_EQ(refusals("queued_max"), 1);
    // Another user, and another identity of the same one, have their own.
    EXPECT_FALSE(q.objection_to_job(bob));
    EXPECT_FALSE(q.objection_to_job(remote));
    q.waits_no_more(alice);
    EXPECT_FALSE(q.objection_to_job(alice));
}

TEST_F(Quotas, BoundNotRoot) {
    quotas& q = with({.running_max = 1, .queued_max = 1, .submits_per_second = 1});
    q.waits(root);
    q.runs(root);
    q.runs(root);

    for (int i = 0; i < 100; ++i) EXPECT_FALSE(q.objection_to_job(root));
    EXPECT_TRUE(q.may_run(root));
    EXPECT_TRUE(q.anyone_may_run());
}

TEST_F(Quotas, SayHowLongToWaitWhereJobsAreAskedForTooFast) {
    quotas& q = with({.submits_per_second = 4});
    for (int i = 0; i < 40; ++i) ASSERT_FALSE(q.objection_to_job(alice)) << i;

    const auto refused = q.objection_to_job(alice);

    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->metadata().at("retry_after_ms"), "250");
    now_ += 249ms;
    EXPECT_TRUE(q.objection_to_job(alice));
    now_ += 1ms;
    EXPECT_FALSE(q.objection_to_job(alice));
    now_ += 1h;
    for (int i = 0; i < 40; ++i) ASSERT_FALSE(q.objection_to_job(alice)) << i;
    EXPECT_TRUE(q.objection_to_job(alice));
    EXPECT_EQ(refusals("submits_per_second"), 3);
}

TEST_F(Quotas, LetACallersJobsRunWhileThereAreNotTooMany) {
    quotas& q = with({.running_max = 2});
    q.waits(alice);
    q.runs(alice);
    EXPECT_TRUE(q.may_run(alice));
    q.runs(alice);

    EXPECT_FALSE(q.may_run(alice));
    EXPECT_FALSE(q.anyone_may_run());
    EXPECT_TRUE(q.may_run(bob));
    q.waits(bob);
    EXPECT_TRUE(q.anyone_may_run());
    q.has_run(alice);
    EXPECT_TRUE(q.may_run(alice));
}

TEST_F(Quotas, BoundWatchesWhileTheyLast) {
    quotas& q = with({.watches_max = 1});
    {
        const quotas::watch held = q.begin_watch(alice);
        EXPECT_THROW((void)q.begin_watch(alice), refusal);
        EXPECT_NO_THROW((void)q.begin_watch(bob));
        EXPECT_EQ(refusals("watches_max"), 1);
    }
    EXPECT_NO_THROW((void)q.begin_watch(alice));
}

TEST_F(Quotas, BoundWhatIsWrittenInADay) {
    quotas& q = with({.output_bytes_per_day = 100});
    q.wrote(alice, 99);
    EXPECT_FALSE(q.objection_to_job(alice));
    q.wrote(alice, 1);
    now_ += 23h;

    const auto refused = q.objection_to_job(alice);

    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->problem().reason, reason::quota);
    EXPECT_EQ(refused->metadata().at("retry_after_ms"), "3600000");
    now_ += 1h;
    EXPECT_FALSE(q.objection_to_job(alice));
}

TEST_F(Quotas, ForgetWhoHasNothingUnderWay) {
    quotas& q = with({.running_max = 1, .submits_per_second = 10});
    for (uid_t uid = 1; uid <= 10'000; ++uid) {
        now_ += 1s;
        const job_owner owner{.uid = uid};
        (void)q.objection_to_job(owner);
        q.waits(owner);
        q.waits_no_more(owner);
        q.runs(owner);
        q.has_run(owner);
    }
    EXPECT_LT(q.remembered(), 3000u);
}

TEST(ConnectionBound, CountsAUsersConnectionsThatAreStillOpen) {
    if (!test::can_be_others()) GTEST_SKIP() << "takes root";
    connection_bound bound(2);
    const auto connect = [](const test::test_user& who) {
        std::array<int, 2> ends{-1, -1};
        test::as_user(who,
                      [&] { EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()), 0); });
        return std::array{io::unique_fd(ends[0]), io::unique_fd(ends[1])};
    };
    auto first = connect(test::alice);
    const auto second = connect(test::alice);
    const auto third = connect(test::alice);

    EXPECT_TRUE(bound.admits(first[1].get()));
    EXPECT_TRUE(bound.admits(second[1].get()));
    EXPECT_FALSE(bound.admits(third[1].get()));
    EXPECT_TRUE(bound.admits(connect(test::bob)[1].get()));
    const auto trusted = connect({});
    for (int i = 0; i < 10; ++i) EXPECT_TRUE(bound.admits(trusted[1].get()));

    // Its number may be another connection's by now.
    first[1] = io::unique_fd();
    const auto fourth = connect(test::bob);
    EXPECT_TRUE(bound.admits(third[1].get()));
}

}  // namespace
}  // namespace peerpress::server
