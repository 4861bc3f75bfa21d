#include "client/grammar/grammar.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace peerpress::client {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

using words = std::vector<std::string>;

template <class Request>
Request parsed(const words& arguments) {
    return std::get<Request>(parse_command_line(arguments));
}

std::string refusal(const words& arguments) {
    try {
        parse_command_line(arguments);
    } catch (const usage_error& error) {
        EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos) << error.what();
        return error.command() + ": " + error.what();
    }
    return "no refusal";
}

TEST(Grammar, CompressesToTheDefaultsWhenNothingIsSaid) {
    const auto request = parsed<job_request>({"compress", "a", "b"});

    EXPECT_EQ(request.spec.operation, jobs::operation::compress);
    EXPECT_THAT(request.spec.sources, ElementsAre("a", "b"));
    EXPECT_EQ(request.spec.level, 1);
    EXPECT_FALSE(request.level_given);
    EXPECT_EQ(request.spec.container, pipeline::container::gzip);
    EXPECT_EQ(request.spec.member_bytes, 1u << 20);
    EXPECT_EQ(request.spec.verification, jobs::verification::automatic);
    EXPECT_FALSE(request.spec.remove_sources);
    EXPECT_FALSE(request.spec.overwrite);
    EXPECT_FALSE(request.spec.follow_symlinks);
    EXPECT_EQ(request.output.progress, std::nullopt);
}

TEST(Grammar, UnderstandsEveryOptionOfCompress) {
    const auto request = parsed<job_request>({"compress",
                                              "-vf",
                                              "--level",
                                              "12",
                                              "--format=bgzf",
                                              "--codec",
                                              "zlib",
                                              "--member-size",
                                              "64K",
                                              "--verify",
                                              "self",
                                              "--output-dir",
                                              "out",
                                              "-r",
                                              "--rm",
                                              "--suffix",
                                              ".z",
                                              "--priority",
                                              "-5",
                                              "--label",
                                              "a=b",
                                              "--label",
                                              "c=d=e",
                                              "--server",
                                              "unix:/s",
                                              "--engine",
                                              "noload",
                                              "--via",
                                              "03:00.0,SERIAL",
                                              "--fallback",
                                              "forbid",
                                              "--dry-run",
                                              "--json",
                                              "--progress",
                                              "x"});

    EXPECT_EQ(request.spec.level, 12);
    EXPECT_TRUE(request.level_given);
    EXPECT_EQ(request.spec.container, pipeline::container::bgzf);
    EXPECT_EQ(request.spec.codec, accel::codec::zlib);
    EXPECT_EQ(request.spec.member_bytes, 65536u);
    EXPECT_EQ(request.spec.verification, jobs::verification::self);
    EXPECT_EQ(request.spec.destination_dir, "out");
    EXPECT_TRUE(request.spec.recursive);
    EXPECT_TRUE(request.spec.remove_sources);
    EXPECT_TRUE(request.spec.overwrite);
    EXPECT_TRUE(request.spec.follow_symlinks);
    EXPECT_EQ(request.spec.suffix, ".z");
    EXPECT_EQ(request.spec.priority, -5);
    EXPECT_THAT(request.spec.labels, ElementsAre(std::pair("a", "b"), std::pair("c", "d=e")));
    EXPECT_EQ(request.server.address, "unix:/s");
    EXPECT_EQ(request.spec.engine, jobs::engine_choice::noload);
    EXPECT_THAT(request.spec.via.providers, ElementsAre("03:00.0", "SERIAL"));
    EXPECT_EQ(request.spec.via.fallback, fallback::forbid);
    EXPECT_TRUE(request.dry_run);
    EXPECT_TRUE(request.output.json);
    EXPECT_TRUE(request.output.verbose);
    EXPECT_EQ(request.output.progress, true);
}

TEST(Grammar, TakesADigitForALevel) {
    EXPECT_EQ(parsed<job_request>({"compress", "-9", "a"}).spec.level, 9);
    EXPECT_EQ(parsed<job_request>({"compress", "-v3f", "a"}).spec.level, 3);
    EXPECT_EQ(parsed<job_request>({"compress", "-l", "7", "a"}).spec.level, 7);
    EXPECT_EQ(parsed<job_request>({"compress", "-l7", "a"}).spec.level, 7);
    EXPECT_THAT(refusal({"compress", "-12", "a"}), HasSubstr("--level 12"));
    EXPECT_THAT(refusal({"compress", "-1", "--level", "2", "a"}), HasSubstr("more than one level"));
}

TEST(Grammar, LeavesTheLevelToTheMachineWhenAsked) {
    const auto request = parsed<job_request>({"compress", "--level", "auto", "--rate", "2M", "a"});

    EXPECT_TRUE(request.spec.level_auto);
    EXPECT_EQ(request.spec.rate, 2u << 20);
    EXPECT_FALSE(
        parsed<job_request>({"compress", "--level", "auto", "-l", "3", "a"}).spec.level_auto);
    EXPECT_THAT(refusal({"compress", "--level", "auto", "-1", "a"}),
                HasSubstr("more than one level"));
    EXPECT_THAT(refusal({"compress", "--rate", "2M", "a"}), HasSubstr("--level auto"));
    EXPECT_THAT(refusal({"compress", "--level", "auto", "--rate", "0", "a"}), HasSubstr("--rate"));
}

TEST(Grammar, UnderstandsEveryOptionOfDecompress) {
    const auto request =
        parsed<job_request>({"decompress", "-o", "plain", "--format", "deflate", "--max-output",
                             "1G", "--no-server", "--no-progress", "-q", "x.deflate"});

    EXPECT_EQ(request.spec.operation, jobs::operation::decompress);
    EXPECT_EQ(request.spec.destination, "plain");
    EXPECT_TRUE(request.spec.container_given);
    EXPECT_EQ(request.spec.container, pipeline::container::deflate);
    EXPECT_EQ(request.spec.output_bytes_max, std::uint64_t{1} << 30);
    EXPECT_TRUE(request.server.in_process);
    EXPECT_EQ(request.output.progress, false);
    EXPECT_TRUE(request.output.quiet);
    EXPECT_FALSE(parsed<job_request>({"decompress", "--format", "auto", "x"}).spec.container_given);
}

TEST(Grammar, ReadsStandardInputWhenNoFileIsNamed) {
    EXPECT_THAT(parsed<job_request>({"test"}).spec.sources, ElementsAre("-"));
    EXPECT_THAT(parsed<job_request>({"compress", "--files-from", "list"}).spec.sources,
                ElementsAre());
    EXPECT_EQ(parsed<job_request>({"compress", "-c", "a", "b"}).spec.destination, "-");
}

TEST(Grammar, TakesNamesAsTheyAre) {
    EXPECT_THAT(parsed<job_request>({"compress", "--", "-weird", "--rm"}).spec.sources,
                ElementsAre("-weird", "--rm"));
    EXPECT_THAT(parsed<job_request>({"compress", "[a,b]", "list", "x=y", "{z}"}).spec.sources,
                ElementsAre("[a,b]", "list", "x=y", "{z}"));
    EXPECT_THAT(parsed<job_request>({"compress", "-o", "[o,p]", "a\nb"}).spec.sources,
                ElementsAre("a\nb"));
    EXPECT_EQ(parsed<job_request>({"compress", "-o", "[o,p]", "a"}).spec.destination, "[o,p]");
    EXPECT_THAT(parsed<list_request>({"list", "[a,b]"}).files, ElementsAre("[a,b]"));
    EXPECT_EQ(parsed<cat_request>({"cat", "[a,b]"}).file, "[a,b]");
}

TEST(Grammar, MakesThreadsMeanThisProcess) {
    const auto request = parsed<job_request>({"compress", "--threads", "3", "a"});

    EXPECT_EQ(request.threads, 3u);
    EXPECT_TRUE(request.server.in_process);
    EXPECT_THAT(refusal({"compress", "--threads", "3", "--server", "/s", "a"}),
                HasSubstr("--server excludes"));
}

TEST(Grammar, UnderstandsTheCommandsThatLookIntoFiles) {
    const auto cat = parsed<cat_request>({"cat", "--range", "1M:4K", "x.gz"});

    EXPECT_EQ(cat.file, "x.gz");
    ASSERT_TRUE(cat.range);
    EXPECT_EQ(cat.range->offset_bytes, 1048576u);
    EXPECT_EQ(cat.range->length_bytes, 4096u);
    EXPECT_TRUE(parsed<list_request>({"list", "--json", "a", "b"}).output.json);
    EXPECT_THAT(refusal({"cat"}), HasSubstr("peerpress cat: "));
    EXPECT_THAT(refusal({"list"}), HasSubstr("peerpress list: "));
}

TEST(Grammar, UnderstandsTheCommandsOfAServer) {
    const auto jobs =
        parsed<jobs_request>({"jobs", "--state", "running", "--state", "failed", "--limit", "7",
                              "--page", "t", "--all", "--server", "h:1"});

    EXPECT_THAT(jobs.states, ElementsAre(jobs::job_state::running, jobs::job_state::failed));
    EXPECT_EQ(jobs.limit, 7u);
    EXPECT_EQ(jobs.page_token, "t");
    EXPECT_TRUE(jobs.all);
    EXPECT_EQ(jobs.server.address, "h:1");
    EXPECT_EQ(parsed<watch_request>({"watch", "jobs/1", "--json"}).job, "jobs/1");
    EXPECT_THAT(parsed<cancel_request>({"cancel", "jobs/1", "jobs/2"}).jobs,
                ElementsAre("jobs/1", "jobs/2"));
    EXPECT_TRUE(parsed<server_info_request>({"server-info", "--json"}).output.json);
    EXPECT_THAT(refusal({"watch"}), HasSubstr("peerpress watch: "));
}

TEST(Grammar, UnderstandsTheCommandsThatLookAtTheMachine) {
    const auto topology =
        parsed<topology_request>({"topology", "--provider", "0000:01:00.0", "--provider", "S64G",
                                  "--needed", "2M", "--json", "a", "b"});

    EXPECT_EQ(topology.source, "a");
    EXPECT_EQ(topology.target, "b");
    EXPECT_THAT(topology.providers, ElementsAre("0000:01:00.0", "S64G"));
    EXPECT_EQ(topology.needed_bytes, 2u << 20);
    EXPECT_TRUE(topology.output.json);
    EXPECT_EQ(parsed<topology_request>({"topology"}).source, "");
    EXPECT_EQ(parsed<devices_request>({"devices", "--root", "/host"}).root, "/host");
    EXPECT_EQ(parsed<devices_request>({"devices"}).action, devices_action::list);
    const auto drain = parsed<devices_request>({"devices", "drain", "S1", "0000:01:00.0"});
    EXPECT_EQ(drain.action, devices_action::drain);
    EXPECT_THAT(drain.devices, ElementsAre("S1", "0000:01:00.0"));
    EXPECT_EQ(parsed<devices_request>({"devices", "return", "S1"}).action,
              devices_action::give_back);
    EXPECT_EQ(refusal({"devices", "drain"}), "peerpress devices: DEVICE is missing");
    EXPECT_THAT(refusal({"devices", "stop", "S1"}), HasSubstr("drain or return"));
    EXPECT_THAT(refusal({"devices", "--root", "/host", "drain", "S1"}), HasSubstr("--root"));
    EXPECT_TRUE(parsed<doctor_request>({"doctor", "--json"}).output.json);
    EXPECT_EQ(refusal({"topology", "a"}), "peerpress topology: TARGET is missing");
    EXPECT_THAT(refusal({"topology", "--needed", "1M"}), HasSubstr("take SOURCE and TARGET"));
    EXPECT_THAT(refusal({"topology", "--root", "/host", "a", "b"}), HasSubstr("takes no SOURCE"));
    EXPECT_THAT(refusal({"doctor", "x"}), HasSubstr("unexpected operand"));
}

TEST(Grammar, RefusesEachBadValueInOneLineThatNamesIt) {
    EXPECT_EQ(refusal({"compress", "--level", "13", "a"}),
              "peerpress compress: --level 13: must be from 1 to 12");
    EXPECT_EQ(refusal({"compress", "--level", "0", "a"}),
              "peerpress compress: --level 0: must be from 1 to 12");
    EXPECT_EQ(refusal({"compress", "--level", "x", "a"}),
              "peerpress compress: --level x: must be from 1 to 12");
    EXPECT_EQ(refusal({"compress", "--member-size", "2K", "a"}),
              "peerpress compress: --member-size 2K: must be from 4K to 1M");
    EXPECT_EQ(refusal({"compress", "--format", "zip", "a"}),
              "peerpress compress: --format zip: must be one of gzip, bgzf, plain, zlib, deflate");
    EXPECT_EQ(refusal({"compress", "--verify", "x", "a"}),
              "peerpress compress: --verify x: must be one of auto, off, self, full");
    EXPECT_EQ(refusal({"compress", "--label", "x", "a"}),
              "peerpress compress: --label x: must be KEY=VALUE");
    EXPECT_EQ(
        refusal({"decompress", "--max-output", "x", "a"}),
        "peerpress decompress: --max-output x: not a size (a number, or one with K, M, G or T)");
    EXPECT_EQ(refusal({"cat", "--range", "x", "a"}),
              "peerpress cat: --range x: must be OFFSET:LENGTH, OFFSET: or :LENGTH");
    EXPECT_THAT(refusal({"jobs", "--state", "x"}), HasSubstr("--state x: must be queued"));
}

TEST(Grammar, RefusesWhatItDoesNotKnow) {
    EXPECT_EQ(refusal({"compress", "--zork", "a"}), "peerpress compress: unknown option '--zork'");
    EXPECT_EQ(refusal({"compress", "-vQ", "a"}), "peerpress compress: unknown option '-Q'");
    EXPECT_EQ(refusal({"jobs", "x"}), "peerpress jobs: unexpected operand 'x'");
    EXPECT_EQ(refusal({"zork\n"}), "peerpress: unknown command 'zork\\n'");
    EXPECT_EQ(refusal({"--zork"}), "peerpress: unknown option '--zork'");
    EXPECT_EQ(refusal({}), "peerpress: a command is missing");
    EXPECT_EQ(refusal({"test", "--level", "1", "a"}), "peerpress test: unknown option '--level'");
}

TEST(Grammar, RefusesCombinationsThatMeanNothing) {
    EXPECT_THAT(refusal({"compress", "-o", "x", "a", "b"}),
                HasSubstr("--output is for a single FILE"));
    EXPECT_THAT(refusal({"compress", "-r", "-o", "x", "a"}),
                HasSubstr("--output is for a single FILE"));
    EXPECT_THAT(refusal({"compress", "-o", "x", "--output-dir", "d", "a"}),
                HasSubstr("exclude each other"));
    EXPECT_THAT(refusal({"compress", "-o", "x", "-c", "a"}), HasSubstr("exclude each other"));
    EXPECT_THAT(refusal({"compress", "--rm", "-c", "a"}), HasSubstr("--rm needs files"));
    EXPECT_THAT(refusal({"compress", "--rm", "-"}), HasSubstr("--rm needs files"));
    EXPECT_THAT(refusal({"compress", "--detach", "-"}), HasSubstr("--detach needs files"));
    EXPECT_THAT(refusal({"compress", "--detach", "--no-server", "a"}),
                HasSubstr("--detach needs a server"));
    EXPECT_THAT(refusal({"compress", "--no-server", "--server", "x", "a"}), HasSubstr("excludes"));
    EXPECT_THAT(refusal({"compress", "--on-server", "--server", "h:1", "a"}),
                HasSubstr("absolute paths only"));
    EXPECT_THAT(refusal({"compress", "--on-server", "--no-server", "/a"}), HasSubstr("excludes"));
    EXPECT_THAT(refusal({"copy", "--on-server", "--server", "h:1", "/a", "b"}),
                HasSubstr("absolute paths only"));
    EXPECT_THAT(refusal({"compress", "-", "-"}), HasSubstr("only once"));
    EXPECT_THAT(refusal({"compress", "--files-from", "-", "-"}), HasSubstr("only once"));
    EXPECT_THAT(refusal({"compress", "-0", "a"}), HasSubstr("--null is for --files-from"));
    EXPECT_THAT(refusal({"compress", "--json", "-c", "a"}), HasSubstr("--json"));
    EXPECT_THAT(refusal({"compress", "--output-dir", "d", "-"}), HasSubstr("--output-dir"));
}

TEST(Grammar, PrintsHelpAndVersionAsText) {
    EXPECT_TRUE(parsed<text_request>({"--version"}).text.starts_with("peerpress 0."));
    EXPECT_TRUE(
        parsed<text_request>({"--help"}).text.starts_with("Usage: peerpress [OPTION]... COMMAND"));
    EXPECT_TRUE(
        parsed<text_request>({"compress", "--help"}).text.starts_with("Usage: peerpress compress"));
    EXPECT_TRUE(parsed<text_request>({"jobs", "-h"}).text.starts_with("Usage: peerpress jobs"));
}

}  // namespace
}  // namespace peerpress::client
