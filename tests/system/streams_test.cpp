// Data sent to a server that does not see our files.
#include "tests/support/free_address.hpp"
#include "tests/system/server_fixture.hpp"

namespace peerpress {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class SystemStreams : public ServerFixture {
protected:
    void start_on_tcp(const words& settings = {}) {
        words all = settings;
        all.push_back("listen.tcp=" + tcp_);
        start_server(all);
    }
    std::string tcp_ = test::free_address();
};

TEST_F(SystemStreams, CompressAFileThatOnlyTheClientSees) {
    start_on_tcp();
    write_file(at("a"), numbers(500'000));
    const auto run = peerpress({"compress", "-v", "--server", tcp_, "a"});
    ASSERT_EQ(run.exit_code, 0) << run.err;
    EXPECT_THAT(run.err, HasSubstr(tcp_));
    EXPECT_EQ(shell("zcat a.gz | cmp - a").exit_code, 0);

    ASSERT_EQ(peerpress({"decompress", "--server", tcp_, "-o", "b", "a.gz"}).exit_code, 0);
    EXPECT_TRUE(read_file(at("a")) == read_file(at("b")));
}

TEST_F(SystemStreams, ServeAPipe) {
    start_on_tcp();
    const auto packed =
        peerpress({"compress", "--server", tcp_, "-", "-o", "a.gz"}, numbers(300'000));
    ASSERT_EQ(packed.exit_code, 0) << packed.err;
    EXPECT_TRUE(shell("zcat a.gz").out == numbers(300'000));
}

TEST_F(SystemStreams, NameTheFileThatIsBroken) {
    start_on_tcp();
    write_file(at("a.gz"), "no gzip");
    const auto run = peerpress({"decompress", "--server", tcp_, "a.gz"});
    EXPECT_EQ(run.exit_code, 1);
    EXPECT_THAT(run.err, HasSubstr("a.gz"));
    EXPECT_THAT(names(), ElementsAre("a.gz"));
}

TEST_F(SystemStreams, DoNotServeJobs) {
    start_on_tcp();
    const auto run = peerpress({"jobs", "--server", tcp_});
    EXPECT_NE(run.exit_code, 0);
    EXPECT_THAT(run.err, HasSubstr("Unix socket"));
}

TEST_F(SystemStreams, LeaveNothingWhereTheServerDiesInTheMiddle) {
    start_on_tcp();
    ASSERT_EQ(shell("truncate -s 8G a").exit_code, 0);
    test::process child(command_line({"compress", "--codec", "zlib", "-9", "--json", "--progress",
                                      "--server", tcp_, "a"}),
                        options());
    ASSERT_TRUE(child.run_until(
        [](const auto& so_far) { return so_far.out.find("\"progress\"") != std::string::npos; }));

    kill_server();
    const auto run = child.wait();

    EXPECT_NE(run.exit_code, 0);
    EXPECT_THAT(run.out + run.err, HasSubstr("does not answer"));
    EXPECT_THAT(names(), ElementsAre("a"));
}

TEST_F(SystemStreams, OfAClientThatDisappearsAreForgotten) {
    start_on_tcp({"transform.running_max=1", "transform.slots=4"});
    {
        test::process gone(command_line({"compress", "-v", "--server", tcp_, "-", "-o", "x.gz"}),
                           options("some data"));
        gone.hold_input = true;
        ASSERT_TRUE(gone.run_until(
            [](const auto& so_far) { return so_far.err.find(":") != std::string::npos; }));
    }  // killed
    // The only stream there may be is free again.
    write_file(at("a"), numbers(1000));
    int code = -1;
    for (int tries = 0; tries < 50 && code != 0; ++tries)
        code = peerpress({"compress", "-f", "--server", tcp_, "a"}).exit_code;
    EXPECT_EQ(code, 0);
}

}  // namespace
}  // namespace peerpress
