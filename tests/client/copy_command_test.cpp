// peerpress copy as a user meets it, on a machine that may or may not do peer to peer.
#include "command_fixture.hpp"
#include "documented_json.hpp"
#include "tests/support/loop_device.hpp"

#include <gmock/gmock.h>

namespace peerpress::client {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using CopyCommand = CommandFixture;

TEST_F(CopyCommand, CopiesAFileAndSaysWhichWayItsBytesWent) {
    write_file(at("a"), numbers(100'000));

    const auto run = peerpress({"copy", "--via", "host", "a", "b"});

    EXPECT_EQ(run.exit_code, 0) << run.err;
    EXPECT_EQ(read_file(at("b")), numbers(100'000));
    EXPECT_THAT(run.err, HasSubstr(", host 100 %"));
}

TEST_F(CopyCommand, SaysWhyNotFromPeerToPeerWhenVerbose) {
    write_file(at("a"), "data");

    EXPECT_THAT(peerpress({"copy", "-v", "--via", "host", "a", "b"}).err,
                HasSubstr("a -> b: 4 B, host 100 %: asked for\n"));
}

TEST_F(CopyCommand, CopiesIntoADirectoryThatExists) {
    write_file(at("a"), "data");
    write_file(at("to/x"), "");

    EXPECT_EQ(peerpress({"copy", "a", "to"}).exit_code, 0);

    EXPECT_THAT(names(), ElementsAre("a", "to", "to/a", "to/x"));
}

TEST_F(CopyCommand, NeverReplacesUnlessTold) {
    write_file(at("a"), "new");
    write_file(at("b"), "old");

    const auto refused = peerpress({"copy", "a", "b"});
    EXPECT_EQ(refused.exit_code, 2);
    EXPECT_EQ(lines(refused.err), 1u) << refused.err;
    EXPECT_EQ(read_file(at("b")), "old");

    EXPECT_EQ(peerpress({"copy", "-f", "a", "b"}).exit_code, 0);
    EXPECT_EQ(read_file(at("b")), "new");
}

TEST_F(CopyCommand, FailsWithTheObstacleAndTheWayOutWhereItIsForbidden) {
    write_file(at("a"), "data");

    // No device has this address, whatever else the machine has.
    const auto run =
        peerpress({"copy", "--json", "--via", "NO-SUCH-SERIAL", "--fallback", "forbid", "a", "b"});

    EXPECT_EQ(run.exit_code, 1);
    const auto found = parse_lines(run.out);
    ASSERT_FALSE(found.empty());
    EXPECT_EQ(found[0].at("error").as_object().at("reason"), "P2P_UNAVAILABLE");
    EXPECT_THAT(names(), ElementsAre("a"));
}

TEST_F(CopyCommand, PrintsJsonAsDocumented) {
    write_file(at("a"), numbers(1000));

    const auto run = peerpress({"copy", "--json", "--verify", "--via", "host", "a", "b"});

    const auto found = parse_lines(run.out);
    ASSERT_EQ(found.size(), 2u) << run.out;
    for (const auto& line : found) expect_as_documented(line);
    EXPECT_EQ(found[1].at("operation"), "copy");
    EXPECT_NE(found[0].at("crc32"), 0);
    const auto& way = found[1].at("paths").as_array().at(0).as_object();
    EXPECT_EQ(way.at("path"), "host");
    EXPECT_EQ(way.at("bytes"), found[1].at("bytes_in"));
}

TEST_F(CopyCommand, NamesTheOptionForWhatItDoesNotTakeByItself) {
    write_file(at("d/a"), "data");
    std::filesystem::create_symlink("d/a", at("link"));

    EXPECT_THAT(peerpress({"copy", "d", "x"}).err, HasSubstr("d is a directory (-r takes"));
    EXPECT_THAT(peerpress({"copy", "link", "x"}).err,
                HasSubstr("link is a symbolic link (--follow"));
    EXPECT_EQ(peerpress({"copy", "--follow", "link", "x"}).exit_code, 0);
}

TEST_F(CopyCommand, RefusesAServerThatDoesNotReachFiles) {
    write_file(at("a"), "data");

    EXPECT_EQ(peerpress({"copy", "--server", "127.0.0.1:1", "a", "b"}).exit_code, 4);
}

using Measurement = CommandFixture;

TEST_F(Measurement, LeavesNothingBehind) {
    write_file(at("a"), numbers(100'000));

    const auto run = peerpress({"copy", "--via", "host", "--chunks", "20", "--latency", "a", "b"});

    EXPECT_EQ(run.exit_code, 0) << run.err;
    EXPECT_THAT(run.out, HasSubstr("source  a  file"));
    EXPECT_THAT(run.out, HasSubstr("temporary file"));
    EXPECT_THAT(run.out, HasSubstr("11.8 MB in "));
    EXPECT_THAT(run.out, HasSubstr("host 100 %: asked for"));
    EXPECT_THAT(run.out, HasSubstr("  reads  p50 "));
    EXPECT_THAT(run.out, HasSubstr("  writes p50 "));
    EXPECT_THAT(names(), ElementsAre("a"));
}

TEST_F(Measurement, PrintsJsonAsDocumented) {
    write_file(at("a"), numbers(100'000));

    const auto run = peerpress(
        {"copy", "--json", "--via", "host", "--latency", "--verify", "--chunk", "64K", "a", "."});

    ASSERT_EQ(run.exit_code, 0) << run.out << run.err;
    const auto found = parse_lines(run.out);
    ASSERT_EQ(found.size(), 1u);
    expect_as_documented(found[0]);
    EXPECT_EQ(found[0].at("bytes_written").to_number<std::size_t>(), numbers(100'000).size());
    EXPECT_EQ(found[0].at("chunk_bytes"), 65536);
    EXPECT_EQ(found[0].at("verified"), true);
    EXPECT_FALSE(found[0].at("reads").is_null());
}

TEST_F(Measurement, ReadsOrWritesOnly) {
    write_file(at("a"), numbers(100'000));

    const auto reading = parse_lines(
        peerpress({"copy", "--json", "--via", "host", "--skip-write", "--chunks", "3", "a", "b"})
            .out);
    const auto writing = parse_lines(peerpress({"copy", "--json", "--via", "host", "--skip-read",
                                                "--chunks", "3", "--chunk", "128K", "a", "b"})
                                         .out);

    ASSERT_EQ(reading.size(), 1u);
    ASSERT_EQ(writing.size(), 1u);
    EXPECT_EQ(reading[0].at("bytes_written"), 0);
    EXPECT_EQ(writing[0].at("bytes_read"), 0);
    EXPECT_EQ(writing[0].at("bytes_written"), 3 * 131072);
}

TEST_F(Measurement, MovesChunksAsLargeAndAsManyAsItWasTold) {
    write_file(at("a"), std::string(20 << 20, 'x'));

    const auto found = parse_lines(peerpress({"copy", "--json", "--via", "host", "--latency",
                                              "--chunk", "8M", "--depth", "30", "a", "b"})
                                       .out);

    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].at("chunk_bytes"), 8 << 20);
    EXPECT_EQ(found[0].at("chunks"), 3);
    EXPECT_EQ(found[0].at("depth"), 8) << "as many as fit in 64 MiB";
}

TEST_F(Measurement, ReplacesNothing) {
    write_file(at("a"), "data");
    write_file(at("b"), "old");

    const auto run = peerpress({"copy", "--chunks", "1", "a", "b"});

    EXPECT_EQ(run.exit_code, 1) << "nothing was done, which is more than a warning";
    EXPECT_THAT(run.err, HasSubstr("replaces nothing"));
    EXPECT_EQ(read_file(at("b")), "old");
}

TEST_F(Measurement, FailsInOneLineEach) {
    write_file(at("a"), numbers(1000));
    write_file(at("empty"), "");

    for (const words& arguments :
         {words{"nowhere", "b"}, words{"empty", "b"}, words{"a", "nowhere/b"},
          words{"--offset", "1M", "a", "b"},
          words{"--via", "NO-SUCH-SERIAL", "--fallback", "forbid", "a", "b"}}) {
        words all{"copy", "--latency"};
        all.insert(all.end(), arguments.begin(), arguments.end());
        const auto run = peerpress(all);
        EXPECT_EQ(run.exit_code, 1) << run.err;
        EXPECT_EQ(lines(run.err), 1u) << run.err;
        EXPECT_THAT(run.out, IsEmpty());
    }
}

TEST_F(Measurement, WritesABlockDeviceOnlyWhenForced) {
    write_file(at("a"), numbers(100'000));
    write_file(at("image"), std::string(1 << 20, 'x'));
    const test::loop_device device(at("image"));
    if (!device.available()) GTEST_SKIP() << "takes root and loop devices";

    const auto refused = peerpress({"copy", "--chunks", "1", "a", device.path()});
    EXPECT_EQ(refused.exit_code, 1);
    EXPECT_THAT(refused.err, HasSubstr("--force-device"));

    const auto forced = peerpress({"copy", "--force-device", "--chunks", "1", "--chunk", "64K",
                                   "--via", "host", "a", device.path()});
    EXPECT_EQ(forced.exit_code, 0) << forced.err;
    EXPECT_EQ(read_file(at("image")).substr(0, 65536), numbers(100'000).substr(0, 65536));
}

}  // namespace
}  // namespace peerpress::client
