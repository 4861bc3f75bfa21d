// Each single thing that can go wrong does so once, the first in one run, the second in the next,
// until a run meets none: calls to the file system, transfers and fsyncs, commands to cores, work
// for the codecs, what the job's owner is told.
//
//     PEERPRESS_SIMULATION_STEP=1   each of them, instead of each fourth
#include "io/nvme_error.hpp"
#include "tests/simulation/environment.hpp"
#include "tests/simulation/job_run.hpp"

#include <gtest/gtest.h>

#include <cerrno>

namespace peerpress::simulation {
namespace {

constexpr std::uint64_t occasions_max = 5000;
constexpr std::uint64_t step_usual = 4;

struct variety {
    std::string name;
    scenario wanted;
};

void PrintTo(const variety& what, std::ostream* out) {
    *out << what.name;
}

scenario small_tree(jobs::operation operation) {
    return {.seed = 1,
            .operation = operation,
            .files = {{"a", some_content(20, 1)}, {"b/c", some_content(90'000, 2)}}};
}

std::vector<variety> varieties() {
    scenario plain = small_tree(jobs::operation::compress);
    scenario verified = plain;
    verified.verification = jobs::verification::full;
    verified.remove_sources = true;
    scenario decompressing = small_tree(jobs::operation::decompress);
    scenario hidden = decompressing;
    hidden.named_outputs = true;
    hidden.overwrite = true;
    scenario by_device = plain;
    by_device.devices = 1;
    by_device.engine = jobs::engine_choice::noload;
    scenario by_two = by_device;
    by_two.devices = 2;
    by_two.cores = 2;
    by_two.verification = jobs::verification::full;
    scenario insisting = by_device;
    insisting.forbid_software = true;
    scenario device_decodes = by_device;
    device_decodes.operation = jobs::operation::decompress;
    return {{"Compressing", plain},
            {"VerifyingAndRemoving", verified},
            {"Decompressing", decompressing},
            {"ReplacingByNames", hidden},
            {"ByADevice", by_device},
            {"ByTwoDevicesVerified", by_two},
            {"ByADeviceOrNotAtAll", insisting},
            {"DecompressingByADevice", device_decodes},
            {"Copying", small_tree(jobs::operation::copy)}};
}

struct way_to_fail {
    std::string name;
    fault wrong;
    std::uint64_t first = 0;  // so that the ways do not all fall on the same occasions
};

void PrintTo(const way_to_fail& way, std::ostream* out) {
    *out << way.name;
}

std::vector<way_to_fail> ways_to_fail() {
    return {{"Eio", {.error = EIO}, 0},
            {"Enospc", {.error = ENOSPC}, 1},
            {"Status", {.status = static_cast<std::uint32_t>(io::nvme_errc::internal)}, 2},
            {"FinalStatus",
             {.status = static_cast<std::uint32_t>(io::nvme_errc::aborted_queue_deleted)},
             3},
            {"Short", {.shortened = true}, 4},
            {"Late", {.late = true}, 5}};
}

class Sweep : public testing::TestWithParam<std::tuple<variety, way_to_fail>> {};

TEST_P(Sweep, LosesNothingWhateverGoesWrong) {
    const auto& [what, way] = GetParam();
    const std::uint64_t step =
        number_from_environment("PEERPRESS_SIMULATION_STEP").value_or(step_usual);
    std::uint64_t at = way.first % step;
    std::uint64_t runs = 0;
    for (bool happened = true; happened && at < occasions_max && !HasFailure(); at += step) {
        one_fault wrong(at, way.wrong);

        const run_report report = run(what.wanted, wrong);

        happened = wrong.happened();
        runs += happened;
        EXPECT_TRUE(report.violations.empty())
            << "occasion " << at << ", kind " << static_cast<int>(wrong.what()) << ": "
            << report.describe();
        if (!happened) {
            EXPECT_EQ(report.outcome.state, jobs::job_state::succeeded)
                << report.outcome.error.message;
        }
    }
    EXPECT_GT(at, 50u) << "that few?";
    EXPECT_LT(at, occasions_max);
    std::printf("%llu occasions went wrong once each\n", static_cast<unsigned long long>(runs));
}

INSTANTIATE_TEST_SUITE_P(OfAllThereIs, Sweep,
                         testing::Combine(testing::ValuesIn(varieties()),
                                          testing::ValuesIn(ways_to_fail())),
                         [](const auto& info) {
                             return std::get<0>(info.param).name + std::get<1>(info.param).name;
                         });

}  // namespace
}  // namespace peerpress::simulation
