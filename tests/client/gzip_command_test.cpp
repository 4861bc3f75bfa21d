// `peerpress gzip` beside the machine's gzip: the same command lines in equal directories have to
// end with the same exit code, the same files and the same data.
#include "tests/client/command_fixture.hpp"

#include <gmock/gmock.h>

namespace peerpress::client {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// Everything below a directory: type, and for files what they hold, compressed ones decoded, since
// no two compressors write the same bytes.
std::map<std::string, std::string> contents(const std::filesystem::path& directory) {
    std::map<std::string, std::string> out;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
        const std::string name = entry.path().lexically_relative(directory).string();
        if (entry.is_symlink()) {
            out[name] = "link";
        } else if (!entry.is_regular_file()) {
            out[name] = entry.is_directory() ? "directory" : "special";
        } else {
            const std::string data = read_file(entry.path());
            const auto plain = test::run_program({"gzip", "-dcq"}, {.input = data});
            out[name] = data.starts_with("\x1f\x8b") ? "gzip " + plain.out : data;
        }
    }
    return out;
}

struct gzip_case {
    const char* name;
    const char* prepare;  // a shell script
    const char* command;  // another; $GZIP_PROGRAM is the program
};
void PrintTo(const gzip_case& one, std::ostream* out) {
    *out << one.name;
}

class LikeGzip : public testing::TestWithParam<gzip_case> {
protected:
    struct outcome {
        test::process_result run;
        std::map<std::string, std::string> files;
        std::string plain_out;
    };
    static outcome run(const std::string& program) {
        const test::temp_dir directory;
        const auto in = [&](const std::string& script) {
            test::process_options options;
            options.directory = directory.path();
            options.environment = {{"LC_ALL", "C"}, {"GZIP", ""}};
            return test::run_program({"bash", "-c", "GZIP_PROGRAM='" + program + "'; " + script},
                                     options);
        };
        EXPECT_EQ(in(GetParam().prepare).exit_code, 0);
        outcome result;
        result.run = in(GetParam().command);
        result.files = contents(directory.path());
        result.plain_out = result.run.out;
        if (result.plain_out.starts_with("\x1f\x8b")) {
            result.plain_out =
                "gzip " + test::run_program({"gzip", "-dcq"}, {.input = result.run.out}).out;
        }
        return result;
    }
};

TEST_P(LikeGzip, EndsWithTheSameCodeFilesAndData) {
    const outcome real = run("gzip");
    const outcome ours = run(PEERPRESS_PROGRAM " gzip");

    EXPECT_EQ(ours.run.exit_code, real.run.exit_code)
        << ours.run.err << "gzip said: " << real.run.err;
    EXPECT_EQ(ours.run.signal, real.run.signal);
    EXPECT_EQ(ours.files, real.files) << ours.run.err << "gzip said: " << real.run.err;
    EXPECT_EQ(ours.plain_out, real.plain_out) << ours.run.err;
    // Where gzip is silent so are we, and the other way round.
    EXPECT_EQ(ours.run.err.empty(), real.run.err.empty())
        << ours.run.err << "gzip said: " << real.run.err;
}

INSTANTIATE_TEST_SUITE_P(
    Table, LikeGzip,
    testing::Values(
        gzip_case{"Compress", "seq 999 > a", "$GZIP_PROGRAM a"},
        gzip_case{"CompressSeveral", "seq 9 > a; seq 99 > b; : > c", "$GZIP_PROGRAM a b c"},
        gzip_case{"Keep", "seq 999 > a", "$GZIP_PROGRAM -k a"},
        gzip_case{"Bundled", "seq 999 | gzip > a.gz", "$GZIP_PROGRAM -dkf9 a.gz"},
        gzip_case{"Decompress", "seq 999 | gzip > a.gz", "$GZIP_PROGRAM -d a.gz"},
        gzip_case{"DecompressWithoutSuffix", "seq 999 | gzip > a.gz", "$GZIP_PROGRAM -d a"},
        gzip_case{"DecompressTgz", "seq 999 | gzip > a.tgz", "$GZIP_PROGRAM -d a.tgz"},
        gzip_case{"DecompressMembers", "(seq 9 | gzip; seq 99 | gzip) > a.gz",
                  "$GZIP_PROGRAM -d a.gz"},
        gzip_case{"Stdout", "seq 999 > a", "$GZIP_PROGRAM -c a"},
        gzip_case{"StdoutSeveral", "seq 9 > a; seq 99 > b", "$GZIP_PROGRAM -c a b"},
        gzip_case{"DecompressStdout", "seq 999 | gzip > a.gz", "$GZIP_PROGRAM -dc a.gz a.gz"},
        gzip_case{"Stdin", "seq 999 > a", "$GZIP_PROGRAM < a"},
        gzip_case{"StdinDash", "seq 999 > a", "cat a | $GZIP_PROGRAM -9 -"},
        gzip_case{"StdinDecompress", "seq 999 | gzip > a", "cat a | $GZIP_PROGRAM -d"},
        gzip_case{"StdinEmpty", "true", "$GZIP_PROGRAM < /dev/null"},
        gzip_case{"StdinDecompressEmpty", "true", "$GZIP_PROGRAM -d < /dev/null"},
        gzip_case{"StdinTestEmpty", "true", "$GZIP_PROGRAM -t < /dev/null"},
        gzip_case{"CopiesThrough", "seq 999 > a", "$GZIP_PROGRAM -dcf a"},
        gzip_case{"CopiesThroughStdin", "seq 999 > a", "cat a | $GZIP_PROGRAM -dcf"},
        gzip_case{"CopiesThroughOneByte", "printf x > a", "cat a | $GZIP_PROGRAM -dcf"},
        gzip_case{"CopiesThroughNothing", "true", "$GZIP_PROGRAM -dcf < /dev/null"},
        gzip_case{"CopiesNotWithoutForce", "seq 999 > a", "$GZIP_PROGRAM -dc < a"},
        gzip_case{"CopiesMixed", "seq 9 > a; seq 99 | gzip > b.gz", "$GZIP_PROGRAM -dcf a b.gz"},
        gzip_case{"Test", "seq 999 | gzip > a.gz", "$GZIP_PROGRAM -t a.gz"},
        gzip_case{"TestVerbose", "seq 999 | gzip > a.gz", "$GZIP_PROGRAM -tv a.gz"},
        gzip_case{"TestPlain", "seq 999 > a.gz", "$GZIP_PROGRAM -t a.gz"},
        gzip_case{"Truncated", "seq 999 | gzip | head -c 50 > a.gz", "$GZIP_PROGRAM -d a.gz"},
        gzip_case{"EmptyFile", ": > a.gz", "$GZIP_PROGRAM -d a.gz"},
        gzip_case{"GarbageKeep", "(seq 99 | gzip; echo garbage) > a.gz", "$GZIP_PROGRAM -dk a.gz"},
        gzip_case{"GarbageQuiet", "(seq 99 | gzip; echo garbage) > a.gz",
                  "$GZIP_PROGRAM -dkq a.gz"},
        gzip_case{"GarbageStdin", "(seq 99 | gzip; echo garbage) > a.gz",
                  "$GZIP_PROGRAM -d < a.gz"},
        gzip_case{"Zeros", "(seq 99 | gzip; head -c 99 /dev/zero) > a.gz", "$GZIP_PROGRAM -d a.gz"},
        gzip_case{"WrongCrc", "seq 99 | gzip | head -c -8 > a.gz; printf 'abcdefgh' >> a.gz",
                  "$GZIP_PROGRAM -d a.gz"},
        gzip_case{"OutputExists", "seq 9 > a; echo x > a.gz", "$GZIP_PROGRAM a"},
        gzip_case{"OutputExistsForced", "seq 9 > a; echo x > a.gz", "$GZIP_PROGRAM -f a"},
        gzip_case{"DecompressOutputExists", "echo y > a; echo x | gzip > a.gz",
                  "$GZIP_PROGRAM -d a.gz"},
        gzip_case{"HasSuffix", "seq 9 > a.gz", "$GZIP_PROGRAM a.gz"},
        gzip_case{"HasSuffixQuiet", "seq 9 > a.gz", "$GZIP_PROGRAM -q a.gz"},
        gzip_case{"UnknownSuffix", "seq 9 | gzip > a", "$GZIP_PROGRAM -d a"},
        gzip_case{"Missing", "seq 9 > a", "$GZIP_PROGRAM missing a"},
        gzip_case{"MissingCompressed", "true", "$GZIP_PROGRAM -d missing"},
        gzip_case{"Directory", "mkdir d; seq 9 > d/a", "$GZIP_PROGRAM d"},
        gzip_case{"DirectoryQuiet", "mkdir d", "$GZIP_PROGRAM -q d"},
        gzip_case{"DirectoryStdout", "mkdir d", "$GZIP_PROGRAM -c d"},
        gzip_case{"Recursive", "mkdir -p d/e; seq 9 > d/a; seq 99 > d/e/b; echo x > d/c.gz",
                  "$GZIP_PROGRAM -r d"},
        gzip_case{"RecursiveDecompress", "mkdir -p d/e; seq 9 | gzip > d/a.gz; seq 99 > d/e/b",
                  "$GZIP_PROGRAM -dr d"},
        gzip_case{"RecursiveTest",
                  "mkdir d; seq 9 | gzip > d/a.gz; seq 9 | gzip | head -c 20 > d/b.gz",
                  "$GZIP_PROGRAM -tr d"},
        gzip_case{"RecursiveStdout", "mkdir d; seq 9 > d/a", "$GZIP_PROGRAM -rc d"},
        gzip_case{"Fifo", "mkfifo p", "$GZIP_PROGRAM p"},
        gzip_case{"Symlink", "seq 9 > a; ln -s a l", "$GZIP_PROGRAM l"},
        gzip_case{"SymlinkStdout", "seq 9 > a; ln -s a l", "$GZIP_PROGRAM -c l"},
        gzip_case{"HardLink", "seq 9 > a; ln a b", "$GZIP_PROGRAM a"},
        gzip_case{"HardLinkForced", "seq 9 > a; ln a b", "$GZIP_PROGRAM -f a"},
        gzip_case{"SetUserId", "seq 9 > a; chmod u+s a", "$GZIP_PROGRAM a"},
        gzip_case{"Sticky", "seq 9 > a; chmod +t a", "$GZIP_PROGRAM a"},
        gzip_case{"Suffix", "seq 9 > a", "$GZIP_PROGRAM -S .foo a"},
        gzip_case{"SuffixDecompress", "seq 9 | gzip > a.foo", "$GZIP_PROGRAM -d -S .foo a.foo"},
        gzip_case{"SuffixEmpty", "seq 9 > a", "$GZIP_PROGRAM -S '' a"},
        gzip_case{"LongNames", "seq 9 > a", "$GZIP_PROGRAM --best --keep --force a"},
        gzip_case{"Abbreviated", "seq 9 | gzip > a.gz", "$GZIP_PROGRAM --decomp --ke a.gz"},
        gzip_case{"DoubleDash", "seq 9 > ./-x", "$GZIP_PROGRAM -- -x"},
        gzip_case{"UnknownOption", "seq 9 > a", "$GZIP_PROGRAM --zork a"},
        gzip_case{"UnknownLetter", "seq 9 > a", "$GZIP_PROGRAM -Q a"},
        gzip_case{"RestoresTheName", "seq 9 > name; gzip -N name; mv name.gz other.gz",
                  "$GZIP_PROGRAM -dN other.gz"},
        gzip_case{"IgnoresTheName", "seq 9 > name; gzip -N name; mv name.gz other.gz",
                  "$GZIP_PROGRAM -dn other.gz"},
        gzip_case{"NameWithDirectory", "seq 9 > name; gzip -N name; mkdir d; mv name.gz d/other.gz",
                  "$GZIP_PROGRAM -dN d/other.gz"},
        gzip_case{"Tar", "mkdir t; seq 9999 > t/a; cp t/a t/b",
                  "tar -I \"$GZIP_PROGRAM\" -cf t.tgz t && rm -r t && tar -I \"$GZIP_PROGRAM\" -xf "
                  "t.tgz && rm t.tgz"},
        gzip_case{"BrokenPipe", "true",
                  "yes | $GZIP_PROGRAM | head -c 9 > /dev/null; echo ${PIPESTATUS[1]}"},
        gzip_case{
            "BrokenPipeIgnored", "seq 999999 > a",
            "(trap '' PIPE; $GZIP_PROGRAM -c a; echo $? > code) | head -c 1 > /dev/null; rm -f a"}),
    [](const auto& info) { return info.param.name; });

class GzipCommand : public CommandFixture {};

TEST_F(GzipCommand, ListsInGzipsColumns) {
    ASSERT_EQ(shell("seq 99999 > a; gzip -nk a; gzip -nc a > b.gz").exit_code, 0);

    for (const char* options :
         {"-l a.gz", "-l a.gz b.gz", "-ql a.gz", "-l < a.gz", "-l a", "-lv a.gz b.gz"}) {
        const auto real = shell(std::string("gzip ") + options);
        const auto ours = shell(std::string("$P gzip ") + options);
        EXPECT_EQ(ours.out, real.out) << options;
        EXPECT_EQ(ours.exit_code, real.exit_code) << options;
    }
    EXPECT_EQ(peerpress({"gzip", "-l", "missing"}).exit_code, 1);
}

TEST_F(GzipCommand, SpeaksAsGzipDoes) {
    ASSERT_EQ(
        shell("seq 999 > a; mkdir d; echo x > b; echo y > b.gz; seq 9 > c.gz; seq 9 > e; ln -s e l")
            .exit_code,
        0);

    EXPECT_EQ(peerpress({"gzip", "d"}).err, "peerpress gzip: d is a directory -- ignored\n");
    EXPECT_EQ(peerpress({"gzip", "b"}).err,
              "peerpress gzip: b.gz already exists; not overwritten\n");
    EXPECT_EQ(peerpress({"gzip", "c.gz"}).err,
              "peerpress gzip: c.gz already has .gz suffix -- unchanged\n");
    EXPECT_EQ(peerpress({"gzip", "-d", "e"}).err, "peerpress gzip: e: unknown suffix -- ignored\n");
    EXPECT_EQ(peerpress({"gzip", "-d", "c.gz"}).err, "peerpress gzip: c.gz: not in gzip format\n");
    EXPECT_EQ(peerpress({"gzip", "l"}).err,
              "peerpress gzip: l: Too many levels of symbolic links\n");
    EXPECT_EQ(peerpress({"gzip", "missing"}).err,
              "peerpress gzip: missing: No such file or directory\n");
    EXPECT_THAT(peerpress({"gzip", "-vk", "a"}).err,
                testing::MatchesRegex("a:\t +[0-9.]+% -- created a.gz\n"));
    EXPECT_EQ(peerpress({"gzip", "-tv", "a.gz"}).err, "a.gz:\t OK\n");
    EXPECT_THAT(peerpress({"gzip", "-fv", "a"}).err,
                testing::MatchesRegex("a:\t +[0-9.]+% -- replaced with a.gz\n"));
}

TEST_F(GzipCommand, RestoresTheTimeAHeaderCarries) {
    ASSERT_EQ(shell("seq 9 > name; touch -d @1000000000 name; gzip -N name; mv name.gz other.gz")
                  .exit_code,
              0);

    ASSERT_EQ(peerpress({"gzip", "-dN", "other.gz"}).exit_code, 0);

    EXPECT_EQ(shell("stat -c %Y name").out, "1000000000\n");
}

TEST_F(GzipCommand, DoesTheOthersWhereAFileIsBroken) {
    ASSERT_EQ(shell("seq 999 | gzip | head -c 50 > a.gz; seq 9 | gzip > b.gz").exit_code, 0);

    EXPECT_EQ(peerpress({"gzip", "-d", "a.gz", "b.gz"}).exit_code, 1);

    EXPECT_THAT(names(), ElementsAre("a.gz", "b"));
}

TEST_F(GzipCommand, KeepsAnInputOfWhichSomethingWouldBeLost) {
    ASSERT_EQ(shell("(seq 9 | gzip; echo garbage) > a.gz").exit_code, 0);

    EXPECT_EQ(peerpress({"gzip", "-d", "a.gz"}).exit_code, 2);

    EXPECT_THAT(names(), ElementsAre("a", "a.gz"));
}

TEST_F(GzipCommand, SaysThatItStoresNoNames) {
    write_file(at("a"), "x");

    const auto run = peerpress({"gzip", "-kN", "a"});

    EXPECT_EQ(run.exit_code, 2);
    EXPECT_THAT(run.err, HasSubstr("not stored"));
    EXPECT_THAT(names(), ElementsAre("a", "a.gz"));
}

TEST_F(GzipCommand, IgnoresTheEnvironmentVariableOfGzip) {
    write_file(at("a"), "x");
    auto with = options();
    with.environment["GZIP"] = "-k";

    EXPECT_EQ(test::run_program(command_line({"gzip", "a"}), with).exit_code, 0);

    EXPECT_THAT(names(), ElementsAre("a.gz"));
}

TEST_F(GzipCommand, WritesTheSameBytesEachTime) {
    write_file(at("a"), numbers(1000));

    const auto first = peerpress({"gzip", "-c", "a"});
    ASSERT_EQ(shell("touch -d yesterday a; mv a b").exit_code, 0);

    EXPECT_EQ(peerpress({"gzip", "-c", "b"}).out, first.out);
}

TEST_F(GzipCommand, AsksBeforeItOverwritesOnATerminal) {
    if (test::run_program({"script", "--version"}).exit_code != 0)
        GTEST_SKIP() << "script(1) is not installed";
    ASSERT_EQ(shell("echo new > a; echo old > a.gz").exit_code, 0);

    const auto no = shell("echo n | script -qec \"$P gzip a\" /dev/null");
    EXPECT_THAT(no.out, HasSubstr("do you wish to overwrite (y or n)?"));
    EXPECT_EQ(read_file(at("a.gz")), "old\n");
    shell("echo y | script -qec \"$P gzip a\" /dev/null");
    EXPECT_EQ(shell("gzip -dc a.gz").out, "new\n");
}

TEST_F(GzipCommand, WritesNoCompressedDataToATerminal) {
    if (test::run_program({"script", "--version"}).exit_code != 0)
        GTEST_SKIP() << "script(1) is not installed";
    write_file(at("a"), "x");

    const auto run = shell("script -qec \"$P gzip -c a\" /dev/null < /dev/null");

    EXPECT_EQ(run.exit_code, 1);
    EXPECT_THAT(run.out, HasSubstr("compressed data not written to a terminal"));
}

}  // namespace
}  // namespace peerpress::client
