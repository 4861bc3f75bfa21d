#include "client/progress_line.hpp"

#include <gtest/gtest.h>

namespace peerpress::client {
namespace {

progress_sample halfway() {
    return {.bytes_in = 1'500'000'000,
            .bytes_total = 3'000'000'000,
            .bytes_out = 500'000'000,
            .files_total = 7,
            .files_done = 2,
            .files_failed = 1,
            .scanning = false,
            .bytes_per_second = 500e6,
            .elapsed_seconds = 3};
}

TEST(ProgressLine, SaysHowFarHowFastAndHowLong) {
    EXPECT_EQ(progress_line(halfway(), true, 100),
              " 50%  1.50 GB of 3.00 GB  500 MB/s  3.00:1  ETA 0:03  3/7 files  1 failed");
}

TEST(ProgressLine, GivesTheRatioOfPlainToCompressedWhenDecompressing) {
    progress_sample sample = halfway();
    sample.bytes_out = 4'500'000'000;

    EXPECT_NE(progress_line(sample, false, 100).find("3.00:1"), std::string::npos);
}

TEST(ProgressLine, SaysWhichWayACopysBytesGoInPlaceOfARatio) {
    progress_sample sample = halfway();
    sample.paths = {{.path = jobs::data_path::p2p, .bytes = 10, .device = "nvme2"}};

    EXPECT_EQ(
        progress_line(sample, false, 120),
        " 50%  1.50 GB of 3.00 GB  500 MB/s  p2p 100 % (nvme2)  ETA 0:03  3/7 files  1 failed");

    sample.paths = {{.path = jobs::data_path::cpu, .bytes = 10, .device = "software"}};
    EXPECT_NE(progress_line(sample, true, 120).find("3.00:1"), std::string::npos);
}

TEST(ProgressLine, FitsEveryWidthAndKeepsWhatMattersMost) {
    for (unsigned width = 1; width <= 100; ++width) {
        EXPECT_LE(progress_line(halfway(), true, width).size(), width);
    }
    EXPECT_EQ(progress_line(halfway(), true, 40), " 50%  500 MB/s  ETA 0:03  1 failed");
    EXPECT_EQ(progress_line(halfway(), true, 15), " 50%  500 MB/s");
    EXPECT_EQ(progress_line(halfway(), true, 3), " 50");
}

TEST(ProgressLine, PromisesNothingWhileTotalsGrow) {
    progress_sample sample = halfway();
    sample.scanning = true;

    EXPECT_EQ(eta_seconds(sample), std::nullopt);
    EXPECT_EQ(progress_line(sample, true, 100), "1.50 GB  500 MB/s  3.00:1  3/7+ files  1 failed");
}

TEST(ProgressLine, ShowsNoTotalForAPipe) {
    progress_sample sample{
        .bytes_in = 2'000'000, .bytes_out = 1'000'000, .files_total = 1, .bytes_per_second = 1e6};

    EXPECT_EQ(progress_line(sample, true, 100), "2.00 MB  1.00 MB/s  2.00:1");
}

TEST(ProgressLine, NeverPassesOneHundredPercent) {
    progress_sample sample = halfway();
    sample.bytes_in = 3'100'000'000;  // a source that grew

    EXPECT_TRUE(progress_line(sample, true, 100).starts_with("100%"));
    EXPECT_EQ(eta_seconds(sample), 0.0);
}

TEST(ProgressLine, HasNoEtaWhenNothingMoves) {
    progress_sample sample = halfway();
    sample.bytes_per_second = 0;

    EXPECT_EQ(eta_seconds(sample), std::nullopt);
}

}  // namespace
}  // namespace peerpress::client
