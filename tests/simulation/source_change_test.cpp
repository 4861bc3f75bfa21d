// A source that is changed, cut, made longer or replaced while a job reads it: the job fails
// without an output, or what it committed is the one version or the other, never a mixture.
//
//     PEERPRESS_SIMULATION_CHANGES=500   so many of each kind instead of 40
#include "tests/simulation/environment.hpp"
#include "tests/simulation/job_run.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace peerpress::simulation {
namespace {

namespace fs = std::filesystem;

struct change {
    std::string name;
    void (*make)(const fs::path& file);
};

void PrintTo(const change& how, std::ostream* out) {
    *out << how.name;
}

void overwrite_the_middle(const fs::path& file) {
    if (!fs::exists(file)) return;
    std::fstream out(file, std::ios::in | std::ios::out | std::ios::binary);
    out.seekp(static_cast<std::streamoff>(fs::file_size(file) / 2));
    out << "something else";
}

void cut(const fs::path& file) {
    if (fs::exists(file)) fs::resize_file(file, fs::file_size(file) / 3);
}

void make_longer(const fs::path& file) {
    if (!fs::exists(file)) return;
    std::ofstream out(file, std::ios::app | std::ios::binary);
    out << some_content(5000, 9);
}

void replace(const fs::path& file) {
    const fs::path other = file.string() + ".new";
    std::ofstream(other, std::ios::binary) << some_content(80'000, 10);
    fs::rename(other, file);
}

std::vector<change> changes() {
    return {{"Overwritten", overwrite_the_middle},
            {"Cut", cut},
            {"MadeLonger", make_longer},
            {"Replaced", replace}};
}

class SourceChange : public testing::TestWithParam<std::tuple<change, bool>> {};

TEST_P(SourceChange, LeavesNoMixture) {
    const auto& [how, by_device] = GetParam();
    const std::uint64_t runs = number_from_environment("PEERPRESS_SIMULATION_CHANGES").value_or(40);
    unsigned refused = 0;
    unsigned committed = 0;
    no_faults nothing;
    for (std::uint64_t number = 0; number < runs; ++number) {
        scenario wanted{.seed = number, .files = {{"a", some_content(90'000, number)}}};
        wanted.again = false;
        if (by_device) {
            wanted.devices = 1;
            wanted.engine = jobs::engine_choice::noload;
        }
        // From before the job opens it until after it is done with it.
        const nanoseconds span = run(wanted, nothing).took;
        run_options options{
            .meddled_at = span * static_cast<int>(number) / static_cast<int>(runs),
            .meddle = [make = how.make](const fs::path& tree) { make(tree / "a"); }};

        const run_report report = run(wanted, nothing, options);

        EXPECT_TRUE(report.violations.empty()) << "run " << number << ": " << report.describe();
        const bool done = report.outcome.state == jobs::job_state::succeeded;
        ++(done ? committed : refused);
        if (!done && !report.results.empty()) {
            EXPECT_EQ(report.results[0].error.reason, jobs::reason::source_changed)
                << report.results[0].error.message;
        }
    }
    std::printf("%u jobs failed, %u were done before the change or after it\n", refused, committed);
    // What is replaced stays what it was for whoever has it open.
    if (how.name != "Replaced") {
        EXPECT_GT(refused, runs / 8);
    }
    EXPECT_GT(committed, 0u);
}

INSTANTIATE_TEST_SUITE_P(OfEachKind, SourceChange,
                         testing::Combine(testing::ValuesIn(changes()), testing::Bool()),
                         [](const auto& info) {
                             return std::get<0>(info.param).name +
                                    (std::get<1>(info.param) ? "BesideADevice" : "");
                         });

}  // namespace
}  // namespace peerpress::simulation
