// compress, decompress, test, cat and list as a user meets them: the program itself, in process.
#include "tests/client/command_fixture.hpp"

#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>

namespace peerpress::client {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class JobCommand : public CommandFixture {};

TEST_F(JobCommand, CompressesBesideItsSourceAndKeepsIt) {
    write_file(at("a"), numbers(300'000));

    const auto run = peerpress({"compress", "a"});

    EXPECT_EQ(run.exit_code, 0) << run.err;
    EXPECT_THAT(names(), ElementsAre("a", "a.gz"));
    EXPECT_EQ(test::run_program({"gzip", "-dc", at("a.gz")}).out, read_file(at("a")));
    EXPECT_THAT(run.err, HasSubstr("1 file, "));
    EXPECT_THAT(run.err, HasSubstr("cpu (software)"));
    EXPECT_EQ(run.out, "");
}

TEST_F(JobCommand, SaysWhyNoAcceleratorWorkedWhereOneWasAskedFor) {
    write_file(at("a"), numbers(300'000));

    const auto run = peerpress({"compress", "--engine", "noload", "a"});

    EXPECT_EQ(run.exit_code, 0) << run.err;
    EXPECT_THAT(run.err, HasSubstr("peerpress compress: warning: 1.99 MB not by an accelerator: "
                                   "software engine: there is no accelerator\n"));
    EXPECT_EQ(peerpress({"compress", "-q", "-f", "--engine", "noload", "a"}).err, "");
}

TEST_F(JobCommand, DecompressesToTheSameBytes) {
    const std::string data = numbers(300'000);
    write_file(at("a"), data);
    for (const char* format : {"gzip", "bgzf", "plain", "zlib", "deflate"}) {
        SCOPED_TRACE(format);
        ASSERT_EQ(peerpress({"compress", "--format", format, "-o", "c", "a"}).exit_code, 0);

        const words how = std::string(format) == "deflate" ? words{"--format", "deflate"} : words{};
        words arguments{"decompress", "-q", "c", "-o", "b"};
        arguments.insert(arguments.end(), how.begin(), how.end());
        const auto run = peerpress(arguments);

        EXPECT_EQ(run.exit_code, 0) << run.err;
        EXPECT_EQ(run.err, "");
        EXPECT_EQ(read_file(at("b")), data);
        std::filesystem::remove(at("b"));
        std::filesystem::remove(at("c"));
    }
}

TEST_F(JobCommand, RemovesSourcesOnlyWhenAsked) {
    write_file(at("a"), "data");

    EXPECT_EQ(peerpress({"compress", "--rm", "a"}).exit_code, 0);

    EXPECT_THAT(names(), ElementsAre("a.gz"));
    EXPECT_EQ(peerpress({"decompress", "--rm", "a.gz"}).exit_code, 0);
    EXPECT_THAT(names(), ElementsAre("a"));
    EXPECT_EQ(read_file(at("a")), "data");
}

TEST_F(JobCommand, MirrorsATreeBelowAnotherDirectory) {
    write_file(at("tree/one"), "1");
    write_file(at("tree/sub/two"), "2");

    EXPECT_EQ(peerpress({"compress", "-r", "--output-dir", "out", "tree"}).exit_code, 0);

    EXPECT_TRUE(std::filesystem::exists(at("out/tree/one.gz")) ||
                std::filesystem::exists(at("out/one.gz")));
    const auto test = peerpress({"test", "-r", "out"});
    EXPECT_EQ(test.exit_code, 0) << test.err;
    EXPECT_THAT(test.err, HasSubstr("2 files"));
}

TEST_F(JobCommand, TakesNamesFromAListWithAnySeparator) {
    write_file(at("a b"), "1");
    write_file(at("c\nd"), "2");
    write_file(at("list"), std::string("a b\0c\nd\0", 8));
    write_file(at("lines"), "a b\n\n");

    EXPECT_EQ(peerpress({"compress", "--files-from", "list", "-0"}).exit_code, 0);
    EXPECT_EQ(peerpress({"compress", "-f", "--files-from", "-"}, read_file(at("lines"))).exit_code,
              0);

    EXPECT_TRUE(std::filesystem::exists(at("a b.gz")));
    EXPECT_TRUE(std::filesystem::exists(at("c\nd.gz")));
    EXPECT_EQ(peerpress({"compress", "--files-from", "missing"}).exit_code, 1);
    EXPECT_EQ(peerpress({"compress", "--files-from", "-"}).exit_code, 1);
}

TEST_F(JobCommand, PassesStreamsThroughStandardInputAndOutput) {
    const std::string data = numbers(400'000);

    const auto packed = peerpress({"compress"}, data);
    ASSERT_EQ(packed.exit_code, 0) << packed.err;
    const auto plain = peerpress({"decompress", "-"}, packed.out);

    EXPECT_EQ(plain.exit_code, 0) << plain.err;
    EXPECT_EQ(plain.out, data);
    EXPECT_EQ(peerpress({"test"}, packed.out).exit_code, 0);
}

TEST_F(JobCommand, WritesAStreamIntoAFileAndAFileIntoAStream) {
    const std::string data = numbers(100'000);
    write_file(at("a"), data);

    EXPECT_EQ(peerpress({"compress", "-", "-o", "in.gz"}, data).exit_code, 0);
    const auto out = peerpress({"compress", "-c", "a", "a"});

    EXPECT_EQ(test::run_program({"gzip", "-dc", at("in.gz")}).out, data);
    EXPECT_EQ(test::run_program({"gzip", "-dc"}, {.input = out.out}).out, data + data);
    EXPECT_EQ(peerpress({"decompress", "-", "-o", "back"}, out.out).exit_code, 0);
    EXPECT_EQ(read_file(at("back")), data + data);
    // An output that exists stays what it was.
    const auto again = peerpress({"compress", "-", "-o", "back"}, data);
    EXPECT_EQ(again.exit_code, 2);
    EXPECT_THAT(again.err, HasSubstr("back exists already"));
    EXPECT_EQ(read_file(at("back")), data + data);
    EXPECT_EQ(peerpress({"compress", "-f", "-", "-o", "back"}, "x").exit_code, 0);
}

TEST_F(JobCommand, LeavesAStandardOutputThatIsAFileWhereItStands) {
    write_file(at("a"), numbers(50'000));

    const auto run = shell(
        "{ echo head; $P compress -q < a; $P compress -q < a; echo tail; } > mix && echo more | $P "
        "compress -q - >> mix");

    EXPECT_EQ(run.exit_code, 0) << run.err;
    const std::string mix = read_file(at("mix"));
    EXPECT_TRUE(mix.starts_with("head\n\x1f\x8b"));
    const std::size_t tail = mix.rfind("tail\n");
    ASSERT_NE(tail, std::string::npos);
    const std::string data = read_file(at("a"));
    EXPECT_EQ(test::run_program({"gzip", "-dc"}, {.input = mix.substr(5, tail - 5)}).out,
              data + data);
    EXPECT_EQ(test::run_program({"gzip", "-dc"}, {.input = mix.substr(tail + 5)}).out, "more\n");
}

TEST_F(JobCommand, ReadsAStandardInputThatIsAFileFromWhereItStands) {
    write_file(at("a"), "first line\n" + numbers(50'000));

    const auto run = shell("{ read -r line; echo \"$line\"; $P compress -q; } < a");

    const std::string packed = run.out.substr(run.out.find('\n') + 1);
    EXPECT_EQ(test::run_program({"gzip", "-dc"}, {.input = packed}).out, numbers(50'000));
}

TEST_F(JobCommand, TakesEveryLevelAndCodec) {
    write_file(at("a"), numbers(20'000));
    for (int level = 1; level <= 12; ++level) {
        const auto run = peerpress({"compress", "--level", std::to_string(level), "-c", "a"});
        EXPECT_EQ(test::run_program({"gzip", "-dc"}, {.input = run.out}).out, read_file(at("a")))
            << level;
    }
    const std::string text = PEERPRESS_SOURCE_DIR "/docs/cli.md";
    const auto best = peerpress({"compress", "-9", "-c", text});
    EXPECT_LT(best.out.size(), peerpress({"compress", "-1", "-c", text}).out.size());
    EXPECT_NE(peerpress({"compress", "-9", "--codec", "zlib", "-c", text}).out, best.out);
}

TEST_F(JobCommand, KeepsToTheMemberSize) {
    write_file(at("a"), numbers(20'000));

    ASSERT_EQ(peerpress({"compress", "--member-size", "16K", "a"}).exit_code, 0);

    const auto members = (std::filesystem::file_size(at("a")) + 16383) / 16384;
    EXPECT_THAT(peerpress({"list", "--json", "a.gz"}).out,
                HasSubstr("\"members\":" + std::to_string(members)));
}

TEST_F(JobCommand, ReadsARangeAndClipsItAtTheEnd) {
    const std::string data = numbers(400'000);
    write_file(at("a"), data);
    ASSERT_EQ(peerpress({"compress", "a"}).exit_code, 0);

    EXPECT_EQ(peerpress({"cat", "--range", "1M:100", "a.gz"}).out, data.substr(1 << 20, 100));
    EXPECT_EQ(peerpress({"cat", "--range", ":10", "a.gz"}).out, data.substr(0, 10));
    EXPECT_EQ(peerpress({"cat", "--range", "2000000:", "a.gz"}).out, data.substr(2'000'000));
    EXPECT_EQ(peerpress({"cat", "a.gz"}).out, data);
    const auto past =
        peerpress({"cat", "--range", std::to_string(data.size() - 5) + ":100", "a.gz"});
    EXPECT_EQ(past.out, data.substr(data.size() - 5));
    EXPECT_EQ(past.exit_code, 0);
}

TEST_F(JobCommand, RefusesARangeWhereMembersCarryNoSizes) {
    write_file(at("a"), numbers(1000));
    ASSERT_EQ(shell("gzip -k a").exit_code, 0);

    const auto run = peerpress({"cat", "--range", "5:5", "a.gz"});

    EXPECT_EQ(run.exit_code, 1);
    EXPECT_EQ(run.out, "");
    EXPECT_EQ(lines(run.err), 1u) << run.err;
}

TEST_F(JobCommand, ListsWhatFilesHold) {
    write_file(at("a"), numbers(300'000));
    ASSERT_EQ(shell("$P compress -q a; gzip -c a > b.gz").exit_code, 0);

    const auto run = peerpress({"list", "a.gz", "b.gz"});

    EXPECT_EQ(run.exit_code, 0) << run.err;
    EXPECT_EQ(lines(run.out), 3u);
    EXPECT_THAT(run.out, HasSubstr("MiGz"));
    EXPECT_THAT(run.out, HasSubstr(std::to_string(std::filesystem::file_size(at("a")))));
    const auto partial = peerpress({"list", "a.gz", "missing"});
    EXPECT_EQ(partial.exit_code, 3);
    EXPECT_EQ(lines(partial.err), 1u);
}

TEST_F(JobCommand, LooksAtEverythingInADryRunAndTouchesNothing) {
    write_file(at("a"), "data");

    const auto run = peerpress({"compress", "--dry-run", "--rm", "a"});

    EXPECT_EQ(run.exit_code, 0);
    EXPECT_THAT(run.err, HasSubstr("would compress 1 source"));
    EXPECT_THAT(names(), ElementsAre("a"));
    EXPECT_EQ(peerpress({"compress", "--dry-run", "missing"}).exit_code, 1);
}

// Too small to learn from.
TEST_F(JobCommand, SaysWhichLevelItTookOfItsOwnAccord) {
    write_file(at("a"), numbers(1000));

    EXPECT_THAT(peerpress({"compress", "-v", "--level", "auto", "a"}).err,
                HasSubstr(", level 1\n"));
    EXPECT_THAT(peerpress({"compress", "-vo", "b.gz", "--level", "auto"}, numbers(1000)).err,
                HasSubstr(", level 1\n"));
    EXPECT_EQ(peerpress({"cat", "b.gz"}).out, numbers(1000));
}

TEST_F(JobCommand, SaysWhichBackendWorksWhenAsked) {
    write_file(at("a"), "data");

    EXPECT_THAT(peerpress({"compress", "-v", "a"}).err,
                HasSubstr("peerpress compress: in process\n"));
    EXPECT_EQ(peerpress({"compress", "-qf", "a"}).err, "");
}

TEST_F(JobCommand, FailsWithoutAnAcceleratorWhereFallbackIsForbidden) {
    write_file(at("a"), "data");

    const auto run = peerpress({"compress", "--fallback", "forbid", "a"});

    EXPECT_EQ(run.exit_code, 1);
    EXPECT_THAT(run.err, HasSubstr("no accelerator"));
    EXPECT_THAT(names(), ElementsAre("a"));
}

TEST_F(JobCommand, NeverFallsBackFromAServerThatWasNamed) {
    write_file(at("a"), "data");

    for (const std::string server : {"unix:/nowhere/sock", "/nowhere/sock", "127.0.0.1:1"}) {
        const auto run = peerpress({"compress", "--server", server, "a"});
        EXPECT_EQ(run.exit_code, 4) << run.err;
        EXPECT_EQ(lines(run.err), 1u) << run.err;
    }
    EXPECT_EQ(peerpress({"compress", "--server", "what?", "a"}).exit_code, 1);
    EXPECT_THAT(names(), ElementsAre("a"));
    for (const char* command : {"jobs", "server-info"})
        EXPECT_EQ(peerpress({command}).exit_code, 4);
    EXPECT_EQ(peerpress({"watch", "jobs/1"}).exit_code, 4);
    EXPECT_EQ(peerpress({"cancel", "jobs/1"}).exit_code, 4);
}

TEST_F(JobCommand, TakesItsServerFromTheEnvironment) {
    write_file(at("a"), "data");
    auto with = options();
    with.environment["PEERPRESS_SERVER"] = "unix:/nowhere/sock";

    EXPECT_EQ(test::run_program(command_line({"compress", "a"}), with).exit_code, 4);
    EXPECT_EQ(test::run_program(command_line({"compress", "--no-server", "a"}), with).exit_code, 0);
    EXPECT_EQ(
        test::run_program(command_line({"compress", "-f", "--threads", "1", "a"}), with).exit_code,
        0);
}

TEST_F(JobCommand, PrintsHelpOnStandardOutputAndUsageErrorsOnStandardError) {
    const auto help = peerpress({"compress", "--help"});
    EXPECT_EQ(help.exit_code, 0);
    EXPECT_THAT(help.out, HasSubstr("--member-size"));
    EXPECT_EQ(help.err, "");
    EXPECT_THAT(peerpress({"--version"}).out, testing::StartsWith("peerpress "));

    const auto wrong = peerpress({"compress", "--zork"});
    EXPECT_EQ(wrong.exit_code, 1);
    EXPECT_EQ(wrong.out, "");
    EXPECT_EQ(wrong.err,
              "peerpress compress: unknown option '--zork' (see peerpress compress --help)\n");
    EXPECT_EQ(peerpress({}).exit_code, 1);
}

// ---- bad input: one clear line, and nothing lost

struct bad_input {
    const char* name;
    const char* prepare;  // a shell script
    words arguments;
    int exit_code;
    const char* says;
};

class BadInput : public CommandFixture, public testing::WithParamInterface<bad_input> {};

TEST_P(BadInput, IsRefusedInOneLineAndLeavesEverythingAsItWas) {
    const bad_input& bad = GetParam();
    ASSERT_EQ(shell(bad.prepare).exit_code, 0);
    const auto before = shell("find . -mindepth 1 -printf '%p %y %s %T@\\n' | sort").out;

    const auto run = peerpress(bad.arguments);

    EXPECT_EQ(run.exit_code, bad.exit_code) << run.err;
    EXPECT_EQ(lines(run.err), 1u) << run.err;
    EXPECT_THAT(run.err, HasSubstr(bad.says));
    EXPECT_THAT(run.err, testing::StartsWith("peerpress " + bad.arguments.front() + ": "));
    EXPECT_EQ(shell("find . -mindepth 1 -printf '%p %y %s %T@\\n' | sort").out, before);
}

// What a test is called by.
void PrintTo(const bad_input& bad, std::ostream* out) {
    *out << bad.name;
}

INSTANTIATE_TEST_SUITE_P(
    Commands, BadInput,
    testing::Values(
        bad_input{"Missing", "true", {"compress", "missing"}, 1, "missing"},
        bad_input{"Directory", "mkdir d", {"compress", "d"}, 2, "d"},
        bad_input{"Fifo", "mkfifo p", {"compress", "p"}, 2, "p"},
        bad_input{"Device", "true", {"compress", "/dev/null", "-o", "x"}, 2, "/dev/null"},
        bad_input{"Symlink", "echo x > a; ln -s a l", {"compress", "l"}, 1, "l"},
        bad_input{"DestinationExists", "echo x > a; echo y > a.gz", {"compress", "a"}, 2, "a.gz"},
        bad_input{"SourceIsDestination", "echo x > a", {"compress", "-f", "a", "-o", "a"}, 1, "a"},
        bad_input{"SourceIsDestinationByHardLink",
                  "echo x > a; ln a b",
                  {"compress", "-f", "a", "-o", "b"},
                  1,
                  "a"},
        bad_input{"NoSuchDirectory", "echo x > a", {"compress", "a", "-o", "d/x.gz"}, 1, "d"},
        bad_input{"FullFileSystem",
                  "echo x > a",
                  {"compress", "-f", "a", "-o", "/dev/full"},
                  1,
                  "/dev/full"},
        bad_input{"Truncated",
                  "seq 99999 | gzip | head -c 999 > a.gz",
                  {"decompress", "a.gz"},
                  1,
                  "member 0"},
        bad_input{"WrongCrc",
                  "seq 9 | gzip | head -c -8 > a.gz; printf 'aaaaaaaa' >> a.gz",
                  {"test", "a.gz"},
                  1,
                  "member 0 at offset 0"},
        bad_input{"SecondMemberCut",
                  "seq 9 | gzip > a.gz; S=$(stat -c %s a.gz); seq 9 | gzip | head -c 15 >> a.gz",
                  {"decompress", "a.gz"},
                  1,
                  "member 1 at offset"},
        bad_input{"Empty", ": > a.gz", {"decompress", "a.gz"}, 1, "a.gz"},
        bad_input{"NotCompressed", "seq 99 > a.gz", {"decompress", "a.gz"}, 1, "not in gzip"},
        bad_input{"UnknownSuffix", "seq 9 | gzip > a.what", {"decompress", "a.what"}, 2, "suffix"},
        bad_input{"HasSuffix", "seq 9 > a.gz", {"compress", "a.gz"}, 2, "suffix"},
        bad_input{"Bomb",
                  "head -c 9000000 /dev/zero | gzip > a.gz",
                  {"decompress", "--max-output", "1M", "a.gz"},
                  1,
                  "limit"},
        bad_input{"TwoSourcesOneOutput",
                  "mkdir d e; echo x > d/a; echo y > e/a",
                  {"compress", "--level", "13", "d/a"},
                  1,
                  "from 1 to 12"}),
    [](const auto& info) { return info.param.name; });

TEST_F(JobCommand, DecodesBeforeTrailingGarbageAndWarns) {
    ASSERT_EQ(shell("seq 9 | gzip > a.gz; echo garbage >> a.gz").exit_code, 0);

    const auto run = peerpress({"decompress", "-q", "a.gz"});

    EXPECT_EQ(run.exit_code, 2);
    EXPECT_EQ(run.err, "");
    EXPECT_EQ(read_file(at("a")), numbers(10).substr(2));
}

TEST_F(JobCommand, DoesTheOthersWhereOneFails) {
    write_file(at("a"), "1");
    write_file(at("c"), "3");

    const auto run = peerpress({"compress", "a", "missing", "c"});

    EXPECT_EQ(run.exit_code, 3);
    EXPECT_THAT(names(), ElementsAre("a", "a.gz", "c", "c.gz"));
    EXPECT_THAT(run.err, HasSubstr("2 files (1 failed)"));
}

TEST_F(JobCommand, FollowsASymbolicLinkWhenForced) {
    ASSERT_EQ(shell("echo x > a; ln -s a l").exit_code, 0);

    EXPECT_EQ(peerpress({"compress", "--follow", "l"}).exit_code, 0);
    EXPECT_EQ(peerpress({"compress", "-f", "l"}).exit_code, 0);
    EXPECT_THAT(names(), ElementsAre("a", "l", "l.gz"));
}

TEST_F(JobCommand, KeepsModeAndTime) {
    ASSERT_EQ(shell("echo x > a; chmod 640 a; touch -d 2001-02-03T04:05:06.789 a").exit_code, 0);

    ASSERT_EQ(peerpress({"compress", "a"}).exit_code, 0);

    EXPECT_EQ(shell("stat -c '%a %Y %y' a.gz").out, shell("stat -c '%a %Y %y' a").out);
}

TEST_F(JobCommand, EscapesNamesOnATerminal) {
    const std::string name = "a\x1b[31m\n";
    write_file(at(name), "x");

    const auto run = peerpress({"compress", "-v", name, "missing\a"});

    EXPECT_THAT(run.err, HasSubstr("a\\x1b[31m\\n -> a\\x1b[31m\\n.gz"));
    EXPECT_THAT(run.err, HasSubstr("missing\\x07"));
    EXPECT_THAT(run.err, Not(HasSubstr("\x1b")));
}

}  // namespace
}  // namespace peerpress::client
