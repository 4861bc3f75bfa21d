// `peerpress bench` as a user meets it: the program itself, on little data.
#include "tests/client/command_fixture.hpp"
#include "tests/client/documented_json.hpp"

#include <boost/json.hpp>
#include <gmock/gmock.h>

namespace peerpress::client {
namespace {

using boost::json::object;
using testing::HasSubstr;

class BenchCommand : public CommandFixture {
protected:
    BenchCommand() { write_file(at("data"), numbers(1'200'000)); }  // 8.49 MB

    test::process_result bench(words more) {
        words all{"bench", "data", "--size", "4M", "--runs", "1"};
        all.insert(all.end(), more.begin(), more.end());
        return peerpress(all);
    }
};

TEST_F(BenchCommand, PrintsARowForEachLevelAndLeavesNothingBehind) {
    const auto run = bench({"--levels", "1,6", "--no-peers"});

    EXPECT_EQ(run.exit_code, 0) << run.err;
    EXPECT_THAT(run.out, HasSubstr("4.19 MB spread over data of 8.49 MB"));
    EXPECT_THAT(run.out, HasSubstr("\n1      ISA-L 1 "));
    EXPECT_THAT(run.out, HasSubstr("\n6      libdeflate 6 "));
    EXPECT_THAT(names(), testing::ElementsAre("data"));
}

TEST_F(BenchCommand, SaysTheSameInJson) {
    const auto run = bench({"--levels", "1,6", "--json"});

    EXPECT_EQ(run.exit_code, 0) << run.err;
    std::map<std::string, int> types;
    for (const object& line : parse_lines(run.out)) {
        expect_as_documented(line);
        ++types[boost::json::value_to<std::string>(line.at("type"))];
        if (line.contains("bytes_per_second")) {
            EXPECT_GT(line.at("bytes_per_second").to_number<double>(), 0);
            EXPECT_GT(line.at("ratio").to_number<double>(), 1.5);
        }
    }
    EXPECT_EQ(types["bench-machine"], 1);
    EXPECT_EQ(types["bench-disk"], 1);
    EXPECT_EQ(types["bench-level"], 2);
}

TEST_F(BenchCommand, ADenserLevelHasTheBetterRatio) {
    const auto lines = parse_lines(bench({"--levels", "1,6", "--json", "--no-peers"}).out);

    ASSERT_EQ(lines.size(), 4u);
    EXPECT_LT(lines[2].at("ratio").to_number<double>(), lines[3].at("ratio").to_number<double>());
    EXPECT_GT(lines[2].at("codec_bytes_per_second_per_core").to_number<double>(),
              lines[3].at("codec_bytes_per_second_per_core").to_number<double>());
}

TEST_F(BenchCommand, PutsInstalledPeersBesideIt) {
    // A pigz that stores, so that the test needs none.
    write_file(at("bin/pigz"), "#!/bin/sh\nexec cat\n");
    std::filesystem::permissions(at("bin/pigz"), std::filesystem::perms::owner_all);

    const auto run =
        shell("PATH=$PWD/bin:/usr/bin:/bin $P bench data --size 4M --runs 1 --levels 1 --json");

    EXPECT_EQ(run.exit_code, 0) << run.err;
    int rows = 0;
    for (const object& line : parse_lines(run.out)) {
        if (line.at("type") != "bench-peer" || line.at("tool") != "pigz") continue;
        EXPECT_DOUBLE_EQ(line.at("ratio").to_number<double>(), 1);
        ++rows;
    }
    EXPECT_EQ(rows, 3);
}

TEST_F(BenchCommand, LeavesOutAPeerThatFails) {
    write_file(at("bin/pigz"), "#!/bin/sh\nexit 1\n");
    std::filesystem::permissions(at("bin/pigz"), std::filesystem::perms::owner_all);

    const auto run = shell("PATH=$PWD/bin $P bench data --size 4M --runs 1 --levels 1 --json");

    EXPECT_EQ(run.exit_code, 0) << run.err;
    EXPECT_THAT(run.out, testing::Not(HasSubstr("bench-peer")));
}

TEST_F(BenchCommand, DrawsAPlot) {
    const auto run = bench({"--levels", "1", "--no-peers", "--plot", "plot.svg"});

    EXPECT_EQ(run.exit_code, 0) << run.err;
    EXPECT_THAT(read_file(at("plot.svg")), testing::StartsWith("<svg "));
}

TEST_F(BenchCommand, RefusesWhatItCannotMeasure) {
    write_file(at("tiny"), "x");

    EXPECT_THAT(peerpress({"bench", "tiny"}).err, HasSubstr("too small"));
    EXPECT_THAT(peerpress({"bench", "missing"}).err, HasSubstr("missing"));
    EXPECT_NE(peerpress({"bench", "data", "--dir", "nowhere"}).exit_code, 0);
}

}  // namespace
}  // namespace peerpress::client
