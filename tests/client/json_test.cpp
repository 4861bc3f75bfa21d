// The lines of --json: each is one object with the fields docs/cli.md promises, by the program
// itself and as pure functions.
#include "client/printable.hpp"
#include "client/report/json_lines.hpp"
#include "client/report/json_reporter.hpp"
#include "tests/client/command_fixture.hpp"
#include "tests/client/documented_json.hpp"
#include "tests/support/fake_machines.hpp"

#include <boost/json.hpp>
#include <gmock/gmock.h>

#include <sstream>

namespace peerpress::client {
namespace {

using boost::json::object;
using testing::UnorderedElementsAreArray;

class JsonOutput : public CommandFixture {};

TEST_F(JsonOutput, OfAJobIsFileLinesAndASummary) {
    write_file(at("a"), numbers(1000));

    const auto run = peerpress({"compress", "--json", "a", "missing"});

    EXPECT_EQ(run.exit_code, 3);
    EXPECT_EQ(run.err, "");
    const auto lines = parse_lines(run.out);
    ASSERT_EQ(lines.size(), 3u) << run.out;
    for (const object& line : lines) expect_as_documented(line);
    EXPECT_EQ(lines[2].at("type"), "summary");
    EXPECT_EQ(lines[2].at("state"), "PARTIAL");
    EXPECT_EQ(lines[2].at("exit_code"), 3);
    EXPECT_EQ(lines[2].at("files_done"), 1);
    EXPECT_EQ(lines[2].at("files_failed"), 1);
    EXPECT_EQ(lines[2].at("bytes_in"), numbers(1000).size());
}

TEST_F(JsonOutput, ReportsErrorsAsLines) {
    for (const words& arguments :
         {words{"compress", "--json", "--zork", "a"}, words{"jobs", "--json"},
          words{"compress", "--json", "--server", "/nowhere", "a"}}) {
        const auto run = peerpress(arguments);
        const auto lines = parse_lines(run.out);
        ASSERT_EQ(lines.size(), 1u) << run.out;
        expect_as_documented(lines[0]);
        EXPECT_EQ(lines[0].at("type"), "error");
        EXPECT_EQ(lines[0].at("exit_code"), run.exit_code);
    }
}

TEST_F(JsonOutput, ListsFilesAndPlans) {
    write_file(at("a"), numbers(1000));
    ASSERT_EQ(peerpress({"compress", "a"}).exit_code, 0);

    for (const words& arguments :
         {words{"list", "--json", "a.gz"}, words{"compress", "--json", "--dry-run", "a"}}) {
        const auto lines = parse_lines(peerpress(arguments).out);
        ASSERT_EQ(lines.size(), 1u);
        expect_as_documented(lines[0]);
    }
}

TEST_F(JsonOutput, OfTheMachineIsALineForEachThing) {
    test::fake_machine machine;
    test::build_unlisted_intel(machine);
    const std::string root = machine.root().string();
    write_file(at("a"), "x");

    std::set<std::string> types;
    for (const words& arguments :
         {words{"devices", "--json", "--root", root}, words{"topology", "--json", "--root", root},
          words{"doctor", "--json", "--root", root}, words{"topology", "--json", "a", "b"}}) {
        const auto lines = parse_lines(peerpress(arguments).out);
        ASSERT_FALSE(lines.empty());
        for (const object& line : lines) {
            expect_as_documented(line);
            types.insert(boost::json::value_to<std::string>(line.at("type")));
        }
    }

    EXPECT_THAT(types, UnorderedElementsAreArray(
                           {"device", "function", "pair", "check", "diagnosis", "verdict"}));
}

TEST_F(JsonOutput, LeadsBackToNamesThatAreNoUtf8) {
    const std::string name = "caf\xe9";
    write_file(at(name), "x");

    const auto lines = parse_lines(peerpress({"compress", "--json", name}).out);

    EXPECT_EQ(lines.at(0).at("source"), "caf\xef\xbf\xbd");
    EXPECT_EQ(lines.at(0).at("source_base64").as_string(), base64(name));
    EXPECT_EQ(lines.at(0).at("destination_base64").as_string(), base64(name + ".gz"));
    expect_as_documented(lines.at(0));
}

TEST(JsonLines, KeepAllSixtyFourBits) {
    jobs::file_result file;
    file.bytes_in = ~std::uint64_t{0};

    const std::string text = boost::json::serialize(file_json(file));

    EXPECT_NE(text.find("\"bytes_in\":18446744073709551615"), std::string::npos) << text;
}

TEST(JsonLines, OfProgressAreAsDocumented) {
    expect_as_documented(progress_json({.bytes_in = 5, .bytes_total = 10, .bytes_per_second = 5}));
    EXPECT_EQ(
        progress_json({.bytes_in = 5, .bytes_total = 10, .bytes_per_second = 5}).at("eta_seconds"),
        1.0);
    EXPECT_TRUE(progress_json({.scanning = true}).at("eta_seconds").is_null());
}

TEST(JsonReporter, FlushesEachLineAndTellsWhenNobodyReads) {
    std::ostringstream out;
    bool broken = false;
    json_reporter reporter(out, std::chrono::milliseconds(0), [&broken] { broken = true; });

    reporter.on_warning("careful");
    reporter.on_progress({});
    EXPECT_EQ(out.str(), "{\"type\":\"warning\",\"message\":\"careful\"}\n");
    expect_as_documented(parse_lines(out.str()).at(0));

    out.setstate(std::ios::badbit);
    reporter.on_warning("lost");
    EXPECT_TRUE(broken);
}

TEST(JsonLines, AreUtf8WhateverAReasonNames) {
    const auto paths =
        paths_json({{.path = jobs::data_path::host, .bytes = 1, .reason = "behind /a\xff"}});

    EXPECT_TRUE(is_utf8(boost::json::serialize(paths)));
}

}  // namespace
}  // namespace peerpress::client
