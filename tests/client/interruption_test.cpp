// Ctrl-C in the middle of work: nothing is left behind, and the process dies of the signal.
#include "tests/client/command_fixture.hpp"

#include <gmock/gmock.h>

#include <csignal>

namespace peerpress::client {
namespace {

using testing::ElementsAre;

class Interruption : public CommandFixture, public testing::WithParamInterface<int> {};

TEST_P(Interruption, OfAJobLeavesNothingBehind) {
    // Sparse and long: zlib at its slowest would take minutes.
    ASSERT_EQ(shell("truncate -s 8G a").exit_code, 0);
    test::process child(
        command_line({"compress", "--codec", "zlib", "-9", "--json", "--progress", "a"}),
        options());
    ASSERT_TRUE(child.run_until(
        [](const auto& so_far) { return so_far.out.find("\"progress\"") != std::string::npos; }));

    child.send_signal(GetParam());
    const auto run = child.wait();

    EXPECT_EQ(run.signal, GetParam()) << run.exit_code << run.err;
    EXPECT_THAT(names(), ElementsAre("a"));
    EXPECT_NE(run.out.find("\"state\":\"CANCELLED\""), std::string::npos) << run.out;
}

TEST_P(Interruption, OfAStreamIntoAFileLeavesNothingBehind) {
    test::process child(command_line({"compress", "-v", "-", "-o", "out.gz"}),
                        options("some data"));
    child.hold_input = true;  // a pipe that says nothing more
    ASSERT_TRUE(child.run_until(
        [](const auto& so_far) { return so_far.err.find("in process") != std::string::npos; }));

    child.send_signal(GetParam());
    const auto run = child.wait();

    EXPECT_EQ(run.signal, GetParam()) << run.exit_code << run.err;
    EXPECT_THAT(names(), ElementsAre());
}

TEST_P(Interruption, OfGzipKeepsItsInput) {
    ASSERT_EQ(shell("truncate -s 8G a").exit_code, 0);
    test::process child(command_line({"gzip", "-9", "a"}), options());
    // Nothing is said meanwhile: give it a moment to be in the middle.
    child.run_until([start = std::chrono::steady_clock::now()](const auto&) {
        return std::chrono::steady_clock::now() - start > std::chrono::milliseconds(300);
    });

    child.send_signal(GetParam());
    const auto run = child.wait();

    EXPECT_EQ(run.signal, GetParam()) << run.exit_code << run.err;
    EXPECT_THAT(names(), ElementsAre("a"));
}

INSTANTIATE_TEST_SUITE_P(Signals, Interruption, testing::Values(SIGINT, SIGTERM),
                         [](const auto& info) {
                             return info.param == SIGINT ? "SIGINT" : "SIGTERM";
                         });

TEST_F(CommandFixture, AProgramThatStopsReadingJsonStopsTheWork) {
    ASSERT_EQ(shell("truncate -s 8G a").exit_code, 0);
    test::process child(
        command_line({"compress", "--codec", "zlib", "-9", "--json", "--progress", "a"}),
        options());
    ASSERT_TRUE(child.run_until(
        [](const auto& so_far) { return so_far.out.find("\"progress\"") != std::string::npos; }));

    child.close_output();
    const auto run = child.wait();

    EXPECT_EQ(run.signal, SIGPIPE) << run.exit_code << run.err;
    EXPECT_THAT(names(), ElementsAre("a"));
    EXPECT_EQ(run.err, "");
}

}  // namespace
}  // namespace peerpress::client
