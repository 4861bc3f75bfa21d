// Data and answers that are wrong without anybody saying so: what verification promises to find,
// it finds each time.
//
//     PEERPRESS_SIMULATION_CORRUPTIONS=10000   so many of each kind instead of 150
#include "tests/simulation/environment.hpp"
#include "tests/simulation/job_run.hpp"

#include <gtest/gtest.h>

namespace peerpress::simulation {
namespace {

using jobs::verification;

// One occasion of one kind is a lie.
class one_lie final : public one_fault {
public:
    one_lie(std::uint64_t at, occasion kind, lie told)
        : one_fault(at, {.told = told}), kind_(kind) {}

protected:
    bool counts(occasion what) const override { return what == kind_; }

private:
    occasion kind_;
};

struct corruption {
    std::string name;
    occasion kind;
    lie told;
    bool by_device;
};

std::vector<corruption> corruptions() {
    return {{"reads", occasion::read, lie::data, false},
            {"writes", occasion::write, lie::data, false},
            {"reads beside a device", occasion::read, lie::data, true},
            {"writes beside a device", occasion::write, lie::data, true},
            {"a device's output", occasion::command, lie::data, true},
            {"a device's checksums", occasion::command, lie::checksum, true},
            {"a device's lengths", occasion::command, lie::length, true},
            {"a device's stale input", occasion::command, lie::stale, true}};
}

struct count {
    unsigned told = 0;
    unsigned found = 0;     // the file failed, or was made again
    unsigned harmless = 0;  // what was committed decodes to its source all the same
    unsigned missed = 0;
};

// The job goes over one file often enough for each of its occasions to be met.
count tell_lies(const corruption& which, verification how, std::uint64_t runs) {
    count counted;
    for (std::uint64_t number = 0; number < runs; ++number) {
        scenario wanted{.seed = number, .files = {{"a", some_content(70'000 + number, number)}}};
        wanted.verification = how;
        wanted.again = false;
        if (which.by_device) {
            wanted.devices = 1;
            wanted.engine = jobs::engine_choice::noload;
        }
        one_lie wrong(number % 24, which.kind, which.told);
        const run_report report = run(wanted, wrong);
        if (!wrong.happened()) continue;
        ++counted.told;
        if (report.wrong_output) {
            ++counted.missed;
            continue;
        }
        EXPECT_TRUE(report.violations.empty()) << which.name << " " << report.describe();
        const bool failed = report.outcome.state == jobs::job_state::failed;
        const bool again = !report.results.empty() && !report.results[0].paths.empty() &&
                           which.by_device &&
                           report.results[0].paths[0].path == jobs::data_path::cpu;
        ++(failed || again ? counted.found : counted.harmless);
    }
    return counted;
}

void print(const corruption& which, verification how, const count& counted) {
    std::printf("%-24s %-5s %5u told, %5u found, %5u harmless, %5u missed\n", which.name.c_str(),
                std::string(verification_name(how)).c_str(), counted.told, counted.found,
                counted.harmless, counted.missed);
}

std::uint64_t runs_of_each() {
    return number_from_environment("PEERPRESS_SIMULATION_CORRUPTIONS").value_or(150);
}

TEST(Corruption, IsAlwaysFoundByFullVerification) {
    for (const corruption& which : corruptions()) {
        const count counted = tell_lies(which, verification::full, runs_of_each());
        print(which, verification::full, counted);

        EXPECT_GT(counted.told, 10u) << which.name;
        EXPECT_EQ(counted.missed, 0u) << which.name;
    }
}

TEST(Corruption, OfWhatIsWrittenIsFoundByReadingItAgain) {
    const corruption writes{"writes", occasion::write, lie::data, false};
    const count counted = tell_lies(writes, verification::self, runs_of_each());
    print(writes, verification::self, counted);

    EXPECT_GT(counted.found, 10u);
    EXPECT_EQ(counted.missed, 0u);
}

// Consistent lies, and what befalls the data after the check or before it, are for `full`.
TEST(Corruption, OfWhatADeviceMadeIsFoundByAnotherCore) {
    for (const lie told : {lie::data, lie::checksum, lie::length}) {
        const corruption which{"a device's " + std::to_string(static_cast<int>(told)),
                               occasion::command, told, true};
        const count counted = tell_lies(which, verification::self, runs_of_each());
        print(which, verification::self, counted);

        EXPECT_GT(counted.told, 10u) << which.name;
        EXPECT_EQ(counted.missed, 0u) << which.name;
    }
}

}  // namespace
}  // namespace peerpress::simulation
