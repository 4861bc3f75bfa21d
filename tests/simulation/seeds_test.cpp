// Random runs: a seed decides what a job is to do, how long everything takes and what goes wrong.
//
//     PEERPRESS_SIMULATION_SEEDS=1000000   so many instead of 1,000
//     PEERPRESS_SIMULATION_SEED=4711       this one only, and say what came of it
//
// The wake-ups of the thread that Asio keeps for a lane's timers are not the seed's to order: where
// a timeout matters, a seed's second run may come out differently.
#include "tests/simulation/environment.hpp"
#include "tests/simulation/job_run.hpp"

#include <gtest/gtest.h>

namespace peerpress::simulation {
namespace {

// Unoptimised, each takes several times as long.
#ifdef NDEBUG
constexpr std::uint64_t seeds_usual = 1'000;
#else
constexpr std::uint64_t seeds_usual = 500;
#endif
constexpr std::uint64_t shares = 4;  // that ctest can run side by side
constexpr unsigned failures_max = 5;

run_report run_seed(std::uint64_t seed) {
    const scenario wanted = seeded_scenario(seed);
    seeded_faults wrong(seed, wanted.lies_are_found());
    return run(wanted, wrong);
}

class Seeds : public testing::TestWithParam<std::uint64_t> {};

TEST_P(Seeds, LeaveNothingBroken) {
    const auto only = number_from_environment("PEERPRESS_SIMULATION_SEED");
    const std::uint64_t count =
        number_from_environment("PEERPRESS_SIMULATION_SEEDS").value_or(seeds_usual);
    std::uint64_t runs = 0;
    std::uint64_t faults = 0;
    std::uint64_t occasions = 0;
    std::uint64_t succeeded = 0;
    unsigned failures = 0;
    for (std::uint64_t seed = GetParam(); seed < count && failures < failures_max; seed += shares) {
        if (only) seed = *only;
        const run_report report = run_seed(seed);
        if (!report.violations.empty()) {
            ++failures;
            ADD_FAILURE() << "seed " << seed << ": " << seeded_scenario(seed).describe() << ": "
                          << report.describe();
        }
        ++runs;
        faults += report.faults;
        occasions += report.occasions;
        succeeded += !report.threw && report.outcome.state == jobs::job_state::succeeded;
        if (only) {
            std::printf("seed %llu: %s: %s\n", static_cast<unsigned long long>(seed),
                        seeded_scenario(seed).describe().c_str(), report.describe().c_str());
            return;
        }
    }
    std::printf("%llu runs, %llu of %llu occasions went wrong, %llu runs succeeded all the same\n",
                static_cast<unsigned long long>(runs), static_cast<unsigned long long>(faults),
                static_cast<unsigned long long>(occasions),
                static_cast<unsigned long long>(succeeded));
}

INSTANTIATE_TEST_SUITE_P(Random, Seeds, testing::Range(std::uint64_t{0}, shares));

}  // namespace
}  // namespace peerpress::simulation
