// What people are told: lines with a fixed clock and width.
#include "client/commands/names_from.hpp"
#include "client/commands/outcome_sum.hpp"
#include "client/report/level_shares.hpp"
#include "client/report/path_shares.hpp"
#include "client/report/progress_display.hpp"
#include "client/report/summary_line.hpp"
#include "client/report/text_reporter.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace peerpress::client {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

jobs::file_result done_file(std::uint64_t bytes_in, std::uint64_t bytes_out) {
    jobs::file_result file;
    file.source = "a";
    file.destination = "a.gz";
    file.bytes_in = bytes_in;
    file.bytes_out = bytes_out;
    file.paths = {
        {.path = jobs::data_path::cpu, .bytes = bytes_in, .device = "software", .reason = "r"}};
    return file;
}

jobs::file_result failed_file(jobs::reason reason, const std::string& message) {
    jobs::file_result file;
    file.source = "b";
    file.error = {reason, message};
    return file;
}

job_summary summary_of(const job_totals& totals) {
    job_summary summary;
    summary.totals = totals;
    summary.elapsed_seconds = 2;
    return summary;
}

TEST(LevelShares, AreToldWhereThereAreSome) {
    EXPECT_EQ(level_shares({}), "");
    EXPECT_EQ(level_shares({{3, 100}}), "level 3");
    EXPECT_EQ(level_shares({{1, 50}, {4, 950}}), "levels 1 (5 %), 4 (95 %)");
}

TEST(SummaryLine, SaysWhatHowFastAndWhichWay) {
    job_totals totals;
    totals.add(done_file(3'000'000'000, 1'000'000'000));
    EXPECT_EQ(summary_line(summary_of(totals)),
              "1 file, 3.00 GB -> 1.00 GB, 3.00:1, 1.50 GB/s, 2.00 s, cpu (software)");

    totals.add(done_file(1'000'000'000, 1'000'000'000));
    totals.add(failed_file(jobs::reason::io_error, "b: broken"));
    jobs::file_result skipped;
    skipped.skipped = true;
    totals.add(skipped);
    EXPECT_EQ(summary_line(summary_of(totals)),
              "2 files (1 failed) (1 skipped), 4.00 GB -> 2.00 GB, 2.00:1, 2.00 GB/s, 2.00 s, cpu "
              "(software)");
}

TEST(SummaryLine, ShowsSharesWhereBytesWentSeveralWays) {
    job_totals totals;
    jobs::file_result file = done_file(1000, 500);
    file.paths.push_back(
        {.path = jobs::data_path::p2p, .bytes = 3000, .device = "nvme1", .reason = {}});
    totals.add(file);

    EXPECT_THAT(summary_line(summary_of(totals)),
                testing::EndsWith(", p2p 75.0 % (nvme1), cpu 25.0 % (software)"));
}

TEST(SummaryLine, OfACopyHasNoRatio) {
    job_totals totals;
    jobs::file_result file = done_file(67'108'864, 67'108'864);
    file.paths = {{.path = jobs::data_path::p2p, .bytes = 67'108'864, .device = "nvme2"}};
    totals.add(file);
    job_summary summary = summary_of(totals);
    summary.operation = jobs::operation::copy;

    EXPECT_EQ(summary_line(summary), "1 file, 67.1 MB, 33.6 MB/s, 2.00 s, p2p 100 % (nvme2)");
}

TEST(PathShares, SayOneHundredPercentOfAllBytesOnly) {
    const jobs::path_bytes p2p{.path = jobs::data_path::p2p, .bytes = 999'999, .device = "nvme2"};
    const jobs::path_bytes cpu{.path = jobs::data_path::cpu, .bytes = 1, .reason = "a hole"};

    EXPECT_EQ(path_shares({p2p}), "p2p 100 % (nvme2)");
    EXPECT_EQ(path_shares({cpu, p2p}), "p2p 99.9 % (nvme2), cpu <0.1 %");
    EXPECT_EQ(path_reasons({p2p, cpu}), "p2p 99.9 % (nvme2); cpu <0.1 %: a hole");
    EXPECT_EQ(path_shares({}), "");
}

TEST(PathShares, AddUpWhatHadSeveralReasons) {
    const std::vector<jobs::path_bytes> paths{
        {.path = jobs::data_path::host, .bytes = 1, .reason = "x"},
        {.path = jobs::data_path::host, .bytes = 1, .reason = "y"}};

    EXPECT_EQ(path_shares(paths), "host 100 %");
    EXPECT_EQ(path_reasons(paths), "host 50.0 %: x; host 50.0 %: y");
}

TEST(SummaryLine, TurnsTheRatioRoundWhenDecompressing) {
    job_totals totals;
    totals.add(done_file(1'000, 3'000));
    job_summary summary = summary_of(totals);
    summary.operation = jobs::operation::decompress;

    EXPECT_THAT(summary_line(summary), testing::HasSubstr("3.00:1"));
}

TEST(ProgressStyle, DependsOnTheTerminalAndTheWish) {
    EXPECT_TRUE(choose_progress_style(true, std::nullopt, false).redraws);
    EXPECT_FALSE(choose_progress_style(true, false, false).shown);
    EXPECT_FALSE(choose_progress_style(true, true, true).shown);
    EXPECT_EQ(choose_progress_style(false, true, false).interval, 10s);
    EXPECT_EQ(choose_progress_style(false, std::nullopt, false).first_after, 60s);
}

class ProgressDisplay : public testing::Test {
protected:
    using time_point = progress_display::time_point;

    progress_display make(progress_style style) {
        return {out_, style, [] { return 20u; }, true, time_point(0s)};
    }
    const progress_sample sample_{
        .bytes_in = 5'000'000, .bytes_total = 10'000'000, .bytes_per_second = 1e6};
    std::ostringstream out_;
};

TEST_F(ProgressDisplay, RedrawsOneLineThatFitsTenTimesASecond) {
    progress_display display = make(choose_progress_style(true, std::nullopt, false));

    display.draw(sample_, time_point(50ms));
    EXPECT_EQ(out_.str(), "");
    display.draw(sample_, time_point(100ms));
    display.draw(sample_, time_point(150ms));
    display.draw(sample_, time_point(200ms));

    EXPECT_EQ(out_.str(), "\r 50%  1.00 MB/s\x1b[K\r 50%  1.00 MB/s\x1b[K");
    display.clear();
    display.clear();
    EXPECT_THAT(out_.str(), testing::EndsWith("\x1b[K\r\x1b[K"));
}

TEST_F(ProgressDisplay, PrintsLinesNowAndThenElsewhere) {
    progress_display display = make(choose_progress_style(false, true, false));

    for (int second = 0; second <= 25; ++second) display.draw(sample_, time_point(second * 1s));
    display.clear();

    EXPECT_EQ(out_.str(),
              " 50%  5.00 MB of 10.0 MB  1.00 MB/s  ETA 0:05\n"
              " 50%  5.00 MB of 10.0 MB  1.00 MB/s  ETA 0:05\n");
}

class TextReporter : public testing::Test {
protected:
    text_reporter make(output_choice choice) {
        return {out_, "peerpress compress", choice,
                progress_display(out_, {}, [] { return 80u; }, true, {}),
                jobs::operation::compress};
    }
    std::ostringstream out_;
};

TEST_F(TextReporter, TellsErrorsAlwaysAndSuccessOnlyWhenVerbose) {
    text_reporter plain = make({});
    plain.on_file(done_file(100, 50));
    plain.on_file(failed_file(jobs::reason::io_error, "b: broken"));
    EXPECT_EQ(out_.str(), "peerpress compress: b: broken\n");

    out_.str({});
    text_reporter verbose = make({.verbose = true});
    verbose.on_file(done_file(100, 50));
    verbose.on_note("in process");
    EXPECT_EQ(out_.str(), "a -> a.gz: 100 B -> 50 B, 2.00:1\npeerpress compress: in process\n");
}

TEST_F(TextReporter, TellsAFilesErrorOnce) {
    text_reporter reporter = make({});
    reporter.on_file(failed_file(jobs::reason::io_error, "b: broken"));
    job_summary summary;
    summary.outcome = {.state = jobs::job_state::failed,
                       .error = {jobs::reason::io_error, "b: broken"}};

    reporter.on_summary(summary);

    EXPECT_EQ(out_.str(), "peerpress compress: b: broken\n");
}

TEST_F(TextReporter, IsSilentAboutWarningsWhenQuiet) {
    jobs::file_result file = done_file(1, 1);
    file.warnings = {{jobs::reason::metadata_lost, "a: its owner was lost"}};

    make({.quiet = true}).on_file(file);
    EXPECT_EQ(out_.str(), "");
    make({}).on_file(file);
    EXPECT_EQ(out_.str(), "peerpress compress: warning: a: its owner was lost\n");
}

TEST(OutcomeSum, IsPartialWhereSomethingFailedBesideASuccess) {
    using jobs::job_state;
    const auto code = [](std::vector<jobs::file_result> files) {
        outcome_sum sum;
        for (const auto& file : files) sum.add(file);
        return sum.exit_code();
    };
    jobs::file_result warned = done_file(1, 1);
    warned.warnings = {{jobs::reason::trailing_garbage, "x"}};
    const auto failed = failed_file(jobs::reason::io_error, "x");
    const auto forbidden = failed_file(jobs::reason::permission_denied, "x");

    EXPECT_EQ(code({}), 0);
    EXPECT_EQ(code({done_file(1, 1)}), 0);
    EXPECT_EQ(code({done_file(1, 1), warned}), 2);
    EXPECT_EQ(code({failed, forbidden}), 1);
    EXPECT_EQ(code({forbidden, failed}), 5);
    EXPECT_EQ(code({done_file(1, 1), failed}), 3);

    outcome_sum cancelled;
    cancelled.add(jobs::job_outcome{.state = job_state::succeeded});
    cancelled.add(failed_file(jobs::reason::cancelled, "x"));
    EXPECT_EQ(cancelled.outcome().state, job_state::cancelled);
}

TEST(ReadNames, TakesLinesOrNulSeparatedNames) {
    std::istringstream lines("a b\n\nc");
    EXPECT_THAT(read_names(lines, false), ElementsAre("a b", "c"));
    std::istringstream nul(std::string("a\nb\0\0c\0", 7));
    EXPECT_THAT(read_names(nul, true), ElementsAre("a\nb", "c"));
}

}  // namespace
}  // namespace peerpress::client
