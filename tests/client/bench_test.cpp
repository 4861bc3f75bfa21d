// What a benchmark computes and prints, on figures made up.
#include "client/bench/bench_report.hpp"
#include "client/bench/plot.hpp"
#include "client/bench/thinned_storage.hpp"
#include "client/grammar/grammar.hpp"
#include "tests/support/memory_storage.hpp"
#include "tests/support/run.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace peerpress::client::bench {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr disk_figures fast_disk{.read = 1000e6, .write = 2000e6, .copy = 600e6};

TEST(JobLimit, IsTheCodecWhereTheDiskIsFaster) {
    const job_limit limit = limit_of(fast_disk, 500e6, 4);

    EXPECT_EQ(limit.by, "codec");
    EXPECT_DOUBLE_EQ(limit.rate, 500e6);
}

// Of each byte read a quarter is written: 1 ns + (1.667 ns - 1 ns) / 4 for a byte.
TEST(JobLimit, CountsBothUsesOfTheDiskInProportion) {
    const job_limit limit = limit_of(fast_disk, 5000e6, 4);

    EXPECT_EQ(limit.by, "read+write");
    EXPECT_NEAR(limit.rate, 1e9 / (1 + (1 / 0.6 - 1) / 4), 1e3);
}

TEST(JobLimit, IsWritingWhereLittleIsSavedAndWritesAreSlow) {
    const job_limit limit = limit_of({.read = 1000e6, .write = 100e6, .copy = 900e6}, 5000e6, 1);

    EXPECT_EQ(limit.by, "write");
    EXPECT_DOUBLE_EQ(limit.rate, 100e6);
}

TEST(JobLimit, TakesACopyFasterThanReadingForNoise) {
    EXPECT_LE(limit_of({.read = 1000e6, .write = 9000e6, .copy = 1100e6}, 5000e6, 2).rate, 1000e6);
}

std::vector<std::byte> numbered_bytes(std::size_t count) {
    std::vector<std::byte> bytes;
    for (std::size_t i = 0; i < count; ++i) bytes.push_back(static_cast<std::byte>(i / 4));
    return bytes;
}

// Chunks of 4 bytes, each filled with its number; what is read of it in one go.
std::vector<int> chunks_read(std::size_t size_bytes, std::uint64_t every, std::size_t offset_bytes,
                             std::size_t length_bytes) {
    test::memory_storage inner(numbered_bytes(size_bytes));
    thinned_storage thinned(inner, 4, every);
    std::vector<std::byte> into(length_bytes);
    asio::io_context context;
    const std::size_t got = test::run(context, thinned.read(offset_bytes, into));
    std::vector<int> values;
    for (std::size_t i = 0; i < got; ++i) values.push_back(static_cast<int>(into[i]));
    return values;
}

TEST(ThinnedStorage, HoldsEverySoManiethChunk) {
    EXPECT_THAT(chunks_read(32, 3, 0, 100), ElementsAre(0, 0, 0, 0, 3, 3, 3, 3, 6, 6, 6, 6));
}

TEST(ThinnedStorage, ReadsAcrossChunksFromAnyOffset) {
    EXPECT_THAT(chunks_read(32, 3, 3, 3), ElementsAre(0, 3, 3));
}

TEST(ThinnedStorage, EndsWithAPartOfAChunkWhereTheDataDo) {
    test::memory_storage inner(numbered_bytes(26));

    EXPECT_EQ(thinned_storage(inner, 4, 3).traits().size_bytes, 10u);
    EXPECT_THAT(chunks_read(26, 3, 8, 100), ElementsAre(6, 6));
}

TEST(ThinnedStorage, IsTheStorageItselfWhereNothingIsLeftOut) {
    EXPECT_THAT(chunks_read(6, 1, 0, 100), ElementsAre(0, 0, 0, 0, 1, 1));
}

TEST(Thinning, LeavesARunItsTime) {
    EXPECT_EQ(thinning(100 << 20, 1 << 20, 1e12, 1, 10), 1u);
    EXPECT_EQ(thinning(100 << 20, 1 << 20, 20 << 20, 1, 10), 5u);
}

TEST(Thinning, KeepsEnoughChunksToSaySomething) {
    EXPECT_EQ(thinning(100 << 20, 1 << 20, 1, 1, 10), 10u);
    EXPECT_EQ(thinning(4 << 20, 1 << 20, 1, 1, 10), 1u);
}

figures some_figures() {
    const auto level = [](int number, double ratio, double rate) {
        return level_figures{.level = number,
                             .codec = "ISA-L 1",
                             .bytes = 1,
                             .per_core = 500e6,
                             .together = 990e6,
                             .job = {.rate = rate, .cpu_seconds_per_gb = 2.1, .ratio = ratio},
                             .limit = {.rate = 1000e6, .by = "codec"}};
    };
    return {.machine = {.processor = "A < B & C",
                        .cores = 2,
                        .kernel = "Linux 6",
                        .data = "1 GB of it",
                        .data_bytes = 1'000'000'000,
                        .directory = "/tmp",
                        .file_system = "ext4"},
            .disk = fast_disk,
            .levels = {level(1, 4.9, 900e6), level(6, 6.1, 170e6)},
            .peers = {{.tool = "pigz",
                       .command = "pigz -6 -p2 -c",
                       .level = 6,
                       .job = {.rate = 80e6, .cpu_seconds_per_gb = 22, .ratio = 6.15}}}};
}

std::size_t count_of(const std::string& text, const std::string& what) {
    std::size_t count = 0;
    for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1))
        ++count;
    return count;
}

TEST(BenchTable, SaysHowNearAJobComesToWhichLimit) {
    const std::string row = level_text(some_figures().levels[0]);

    EXPECT_THAT(row, HasSubstr("1      ISA-L 1"));
    EXPECT_THAT(row, HasSubstr("4.900"));
    EXPECT_THAT(row, HasSubstr("900 MB/s"));
    EXPECT_THAT(row, HasSubstr("90 % of 1.00 GB/s (codec)"));
}

TEST(BenchTable, HasItsHeadsOnce) {
    std::ostringstream out;
    const auto listener = make_bench_listener(out, false);
    const figures made = some_figures();

    listener->on_machine(made.machine);
    listener->on_disk(made.disk);
    for (const level_figures& level : made.levels) listener->on_level(level);
    for (const peer_figures& peer : made.peers) listener->on_peer(peer);

    EXPECT_EQ(count_of(out.str(), "LEVEL"), 1u);
    EXPECT_EQ(count_of(out.str(), "PEER"), 1u);
    EXPECT_EQ(count_of(out.str(), "pigz -6"), 1u);
}

TEST(BenchPlot, HasAPointForEachLevelAndALineForEachProgram) {
    const std::string svg = plot_svg(some_figures());

    // Three points, two entries of the key.
    EXPECT_EQ(count_of(svg, "<circle"), 5u);
    EXPECT_EQ(count_of(svg, "<polyline"), 2u);
    EXPECT_THAT(svg, HasSubstr(">peerpress</text>"));
    EXPECT_THAT(svg, HasSubstr(">pigz</text>"));
    EXPECT_THAT(svg, HasSubstr("A &lt; B &amp; C"));
    EXPECT_TRUE(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
}

TEST(BenchPlot, DrawsTheFasterPointHigherAndTheDenserOneFurtherRight) {
    figures made = some_figures();
    made.peers.clear();
    const std::string svg = plot_svg(made);

    double x1 = 0;
    double y1 = 0;
    double x2 = 0;
    double y2 = 0;
    const std::string line = svg.substr(svg.find("<polyline"));
    ASSERT_EQ(std::sscanf(line.c_str(), "<polyline points=\"%lf,%lf %lf,%lf", &x1, &y1, &x2, &y2),
              4);
    EXPECT_LT(x1, x2);
    EXPECT_LT(y1, y2);
}

TEST(BenchPlot, OfOneLevelIsStillAPicture) {
    figures made = some_figures();
    made.levels.resize(1);
    made.peers.clear();

    EXPECT_EQ(count_of(plot_svg(made), "nan"), 0u);
    EXPECT_EQ(count_of(plot_svg(made), "inf"), 0u);
}

TEST(BenchPlot, OfNothingIsNothing) {
    EXPECT_EQ(plot_svg({}), "");
}

bench_request parsed(const std::vector<std::string>& arguments) {
    return std::get<bench_request>(parse_command_line(arguments));
}

TEST(BenchGrammar, MeasuresEveryLevelWhenNothingIsSaid) {
    const bench_request request = parsed({"bench"});

    EXPECT_EQ(request.file, "");
    EXPECT_THAT(request.levels, ElementsAre(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12));
    EXPECT_TRUE(request.peers);
}

TEST(BenchGrammar, TakesLevelsAsAList) {
    EXPECT_THAT(parsed({"bench", "--levels", "6-8,1,7"}).levels, ElementsAre(1, 6, 7, 8));
    EXPECT_THROW(parse_command_line({"bench", "--levels", "0"}), usage_error);
    EXPECT_THROW(parse_command_line({"bench", "--levels", "6-4"}), usage_error);
    EXPECT_THROW(parse_command_line({"bench", "--levels", ""}), usage_error);
    EXPECT_THROW(parse_command_line({"bench", "--size", "1K"}), usage_error);
}

}  // namespace
}  // namespace peerpress::client::bench
