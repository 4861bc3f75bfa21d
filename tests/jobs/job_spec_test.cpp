#include "jobs/job_spec.hpp"

#include <gtest/gtest.h>

namespace peerpress::jobs {
namespace {

job_spec sound_spec() {
    job_spec spec;
    spec.sources = {"/data/a"};
    return spec;
}

// The spec is sound but for what `spoil` does to it.
template <class Spoil>
problem after(Spoil spoil) {
    job_spec spec = sound_spec();
    spoil(spec);
    return validate(spec);
}

TEST(JobSpec, IsValidWithOneSourceAndTheDefaults) {
    EXPECT_FALSE(validate(sound_spec()));
}

TEST(JobSpec, NeedsASourceWithAName) {
    EXPECT_EQ(after([](job_spec& s) { s.sources.clear(); }).reason, reason::invalid_argument);
    EXPECT_EQ(after([](job_spec& s) { s.sources = {"/a", ""}; }).reason, reason::invalid_argument);
    EXPECT_EQ(after([](job_spec& s) { s.sources = {std::string("/a\0b", 4)}; }).reason,
              reason::invalid_argument);
}

TEST(JobSpec, TakesLevelsOneToTwelveAndNineForZlib) {
    EXPECT_FALSE(after([](job_spec& s) { s.level = 12; }));
    EXPECT_EQ(after([](job_spec& s) { s.level = 13; }).message, "level 13 is outside 1 to 12");
    EXPECT_EQ(after([](job_spec& s) { s.level = 0; }).reason, reason::invalid_argument);
    const auto zlib_at = [](int level) {
        job_spec spec = sound_spec();
        spec.codec = accel::codec::zlib;
        spec.level = level;
        return validate(spec);
    };
    EXPECT_FALSE(zlib_at(9));
    EXPECT_EQ(zlib_at(10).reason, reason::invalid_argument);
}

TEST(JobSpec, TakesARateForAnAutomaticLevelOnly) {
    EXPECT_FALSE(after([](job_spec& s) {
        s.level_auto = true;
        s.rate = 1000;
    }));
    EXPECT_EQ(after([](job_spec& s) { s.rate = 1000; }).reason, reason::invalid_argument);
    EXPECT_EQ(after([](job_spec& s) {
                  s.operation = operation::decompress;
                  s.level_auto = true;
              }).reason,
              reason::invalid_argument);
    EXPECT_EQ(after([](job_spec& s) {
                  s.engine = engine_choice::noload;
                  s.level_auto = true;
              }).reason,
              reason::invalid_argument);
}

TEST(JobSpec, ChoosesAmongTheCodecsLevels) {
    job_spec spec = sound_spec();
    EXPECT_FALSE(governor_of(spec, 2));
    spec.level_auto = true;
    spec.rate = 1000;

    EXPECT_EQ(governor_of(spec, 2)->level_max, 12);
    EXPECT_EQ(governor_of(spec, 2)->parallelism, 2u);
    EXPECT_EQ(governor_of(spec, 2)->rate, 1000);
    spec.codec = accel::codec::zlib;
    EXPECT_EQ(governor_of(spec, 2)->level_max, 9);
}

TEST(JobSpec, DoesNotAskForALevelWhereNothingIsCompressed) {
    EXPECT_FALSE(after([](job_spec& s) {
        s.operation = operation::decompress;
        s.level = 0;
    }));
}

TEST(JobSpec, HasOneDestinationForOneFileOrADirectory) {
    EXPECT_FALSE(after([](job_spec& s) { s.destination = "/b"; }));
    EXPECT_TRUE(after([](job_spec& s) { s.destination = "/b", s.destination_dir = "/c"; }));
    EXPECT_TRUE(after([](job_spec& s) { s.destination = "/b", s.sources = {"/a", "/c"}; }));
    EXPECT_TRUE(after([](job_spec& s) { s.destination = "/b", s.recursive = true; }));
}

TEST(JobSpec, WritesAndRemovesNothingWhenItTests) {
    const auto test_job = [](auto spoil) {
        return after([&](job_spec& s) { s.operation = operation::test, spoil(s); });
    };
    EXPECT_FALSE(test_job([](job_spec&) {}));
    EXPECT_TRUE(test_job([](job_spec& s) { s.destination = "/b"; }));
    EXPECT_TRUE(test_job([](job_spec& s) { s.destination_dir = "/b"; }));
    EXPECT_TRUE(test_job([](job_spec& s) { s.remove_sources = true; }));
}

TEST(JobSpec, RefusesASuffixThatLeavesTheDirectory) {
    EXPECT_TRUE(after([](job_spec& s) { s.suffix = "/../x"; }));
    EXPECT_FALSE(after([](job_spec& s) { s.suffix = ".pp"; }));
}

TEST(JobSpec, RefusesTinyMembers) {
    EXPECT_TRUE(after([](job_spec& s) { s.member_bytes = member_bytes_min - 1; }));
    EXPECT_FALSE(after([](job_spec& s) { s.member_bytes = member_bytes_min; }));
}

TEST(JobSpec, DoesNotForbidWhatItInsistsOn) {
    EXPECT_EQ(after([](job_spec& s) {
                  s.engine = engine_choice::software;
                  s.via.fallback = fallback::forbid;
              }).reason,
              reason::invalid_argument);
    EXPECT_FALSE(after([](job_spec& s) { s.via.fallback = fallback::forbid; }));
}

TEST(EngineChoice, HasANameThatLeadsBackToIt) {
    for (const engine_choice choice :
         {engine_choice::automatic, engine_choice::noload, engine_choice::software})
        EXPECT_EQ(engine_from_name(engine_name(choice)), choice);
    EXPECT_EQ(engine_from_name("gpu"), std::nullopt);
}

TEST(JobState, HasANameThatLeadsBackToIt) {
    for (int index = 0; index <= static_cast<int>(job_state::partial); ++index) {
        const auto state = static_cast<job_state>(index);
        EXPECT_EQ(job_state_from_name(job_state_name(state)), state);
    }
    EXPECT_EQ(job_state_name(job_state::queued), "QUEUED");
    EXPECT_EQ(job_state_from_name("?"), std::nullopt);
}

TEST(JobState, IsTerminalOnceNothingMoreHappens) {
    EXPECT_FALSE(is_terminal(job_state::running));
    EXPECT_FALSE(is_terminal(job_state::cancelling));
    EXPECT_TRUE(is_terminal(job_state::partial));
    EXPECT_TRUE(is_terminal(job_state::cancelled));
}

TEST(JobOutcome, MapsToOneExitCode) {
    EXPECT_EQ(exit_code(job_outcome{}), 0);
    EXPECT_EQ(exit_code(job_outcome{.warned = true}), 2);
    EXPECT_EQ(exit_code(job_outcome{.state = job_state::partial}), 3);
    EXPECT_EQ(exit_code(job_outcome{.state = job_state::failed,
                                    .error = {reason::source_not_found, "x"}}),
              1);
    EXPECT_EQ(exit_code(job_outcome{.state = job_state::failed,
                                    .error = {reason::permission_denied, "x"}}),
              5);
}

}  // namespace
}  // namespace peerpress::jobs
