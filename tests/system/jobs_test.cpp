// Jobs on files, from the command line through a server to the disk and back.
#include "tests/system/server_fixture.hpp"

namespace peerpress {
namespace {

using testing::AllOf;
using testing::AnyOf;
using testing::ElementsAre;
using testing::HasSubstr;

class SystemJobs : public ServerFixture {};

TEST_F(SystemJobs, MakeFilesThatEveryGunzipReads) {
    start_server();
    write_file(at("a"), numbers(1'000'000));  // several members
    const auto compressed = asked({"compress", "-v", "a"});
    ASSERT_EQ(compressed.exit_code, 0) << compressed.err;
    EXPECT_THAT(compressed.err, HasSubstr("server " + address()));

    for (const std::string decoder :
         {"gunzip -c", "zcat", "pigz -dc", "igzip -dc", "libdeflate-gunzip -c", "bgzip -dc",
          "busybox gunzip -c",
          "python3 -c 'import gzip,sys;sys.stdout.buffer.write(gzip.open(sys.argv[1]).read())'"}) {
        const auto decoded = shell(decoder + " a.gz | cmp - a");
        EXPECT_EQ(decoded.exit_code, 0) << decoder << ": " << decoded.out << decoded.err;
    }
}

TEST_F(SystemJobs, GiveTheBytesThatTheSamePipelineGivesInProcess) {
    start_server();
    write_file(at("a"), numbers(700'000));
    ASSERT_EQ(asked({"compress", "-o", "served.gz", "a"}).exit_code, 0);
    ASSERT_EQ(peerpress({"compress", "--no-server", "-o", "alone.gz", "a"}).exit_code, 0);

    EXPECT_TRUE(read_file(at("served.gz")) == read_file(at("alone.gz")));
}

TEST_F(SystemJobs, ComeBackAsTheyWere) {
    start_server();
    for (const int size : {0, 1, 4095, 4096, 1 << 20, (1 << 20) + 1, 3'000'000}) {
        SCOPED_TRACE(size);
        write_file(at("a"), numbers(500'000).substr(0, static_cast<std::size_t>(size)));
        ASSERT_EQ(asked({"compress", "-f", "a"}).exit_code, 0);
        const auto back = asked({"decompress", "-f", "-o", "b", "a.gz"});
        ASSERT_EQ(back.exit_code, 0) << back.err;
        EXPECT_TRUE(read_file(at("a")) == read_file(at("b")));
    }
}

TEST_F(SystemJobs, TakeATreeAndReportEachFile) {
    start_server();
    for (int i = 0; i < 20; ++i)
        write_file(at("in/d" + std::to_string(i % 3) + "/f" + std::to_string(i)), numbers(i * 50));
    const auto run = asked({"compress", "-r", "--json", "--output-dir", "out", "in"});
    ASSERT_EQ(run.exit_code, 0) << run.out << run.err;
    EXPECT_EQ(last_field(run.out, "files_done"), "20");

    const auto back = asked({"decompress", "-r", "--output-dir", "back", "out"});
    ASSERT_EQ(back.exit_code, 0) << back.err;
    const auto same = shell("diff -r in back/in || diff -r in back/out/in || diff -r in back");
    EXPECT_EQ(same.exit_code, 0) << same.out << shell("find .").out;
}

TEST_F(SystemJobs, KeepGoingWhereOneFileFails) {
    start_server();
    write_file(at("in/good.gz"), read_file(at("in/good.gz")));
    write_file(at("in/a"), numbers(10));
    ASSERT_EQ(asked({"compress", "in/a", "-o", "in/good.gz", "-f"}).exit_code, 0);
    write_file(at("in/broken.gz"), "this is no gzip");

    const auto run = asked({"decompress", "in/good.gz", "in/broken.gz"});

    EXPECT_EQ(run.exit_code, 3) << run.err;
    EXPECT_THAT(run.err, AllOf(HasSubstr("broken.gz"), HasSubstr("not in gzip")));
    EXPECT_EQ(read_file(at("in/good")), numbers(10));
    EXPECT_FALSE(std::filesystem::exists(at("in/broken")));
}

TEST_F(SystemJobs, AreListedWatchedAndFoundAgain) {
    start_server();
    write_file(at("a"), numbers(100'000));
    const auto detached = asked({"compress", "--detach", "--json", "a"});
    ASSERT_EQ(detached.exit_code, 0) << detached.err;
    const std::string name = last_field(detached.out, "name");
    ASSERT_THAT(name, testing::StartsWith("jobs/"));

    const auto watched = asked({"watch", "--json", name});

    EXPECT_EQ(watched.exit_code, 0) << watched.err;
    EXPECT_EQ(last_field(watched.out, "state"), "SUCCEEDED");
    EXPECT_THAT(asked({"jobs"}).out, HasSubstr(name.substr(5)));
    EXPECT_THAT(names(), ElementsAre("a", "a.gz"));
}

TEST_F(SystemJobs, SurviveTheServersDeath) {
    start_server({"codec.threads=1"});
    ASSERT_EQ(shell("for i in $(seq 40); do head -c 3000000 /dev/zero | tr '\\0' a > f$i; "
                    "echo $i >> f$i; done")
                  .exit_code,
              0);
    words command{"compress", "--detach", "--json", "-9", "--codec", "zlib"};
    for (int i = 1; i <= 40; ++i) command.push_back("f" + std::to_string(i));
    const auto detached = asked(command);
    ASSERT_EQ(detached.exit_code, 0) << detached.err;
    const std::string name = last_field(detached.out, "name");

    kill_server();
    start_server();

    const auto watched = asked({"watch", "--json", name});
    EXPECT_EQ(watched.exit_code, 0) << watched.out << watched.err;
    EXPECT_EQ(last_field(watched.out, "files_done"), "40");
    EXPECT_EQ(shell("for i in $(seq 40); do zcat f$i.gz | cmp - f$i || exit 1; done").exit_code, 0);
    EXPECT_EQ(names().size(), 80u);  // and no temporary
}

TEST_F(SystemJobs, AreCancelledByCtrlC) {
    start_server({"codec.threads=1"});
    ASSERT_EQ(shell("truncate -s 8G a").exit_code, 0);
    const auto child = start({"compress", "--codec", "zlib", "-9", "--json", "--progress", "a"});
    ASSERT_TRUE(child->run_until(
        [](const auto& so_far) { return so_far.out.find("\"progress\"") != std::string::npos; }));

    child->send_signal(SIGINT);
    const auto run = child->wait();

    EXPECT_EQ(run.signal, SIGINT) << run.exit_code << run.err;
    EXPECT_THAT(names(), ElementsAre("a"));
    EXPECT_THAT(asked({"jobs", "--all"}).out, HasSubstr("CANCELLED"));
}

TEST_F(SystemJobs, AreCancelledByName) {
    start_server({"codec.threads=1"});
    ASSERT_EQ(shell("truncate -s 8G a").exit_code, 0);
    const std::string name = last_field(
        asked({"compress", "--codec", "zlib", "-9", "--detach", "--json", "a"}).out, "name");

    EXPECT_EQ(asked({"cancel", name}).exit_code, 0);

    const auto watched = asked({"watch", "--json", name});
    EXPECT_EQ(last_field(watched.out, "state"), "CANCELLED");
    EXPECT_THAT(names(), ElementsAre("a"));
}

TEST_F(SystemJobs, RemoveASourceOnlyAfterItsOutputWasVerified) {
    start_server();
    write_file(at("a"), numbers(100'000));
    ASSERT_EQ(asked({"compress", "--rm", "a"}).exit_code, 0);
    EXPECT_THAT(names(), ElementsAre("a.gz"));
    ASSERT_EQ(asked({"test", "a.gz"}).exit_code, 0);
    ASSERT_EQ(asked({"decompress", "--rm", "a.gz"}).exit_code, 0);
    EXPECT_THAT(names(), ElementsAre("a"));
    EXPECT_EQ(read_file(at("a")), numbers(100'000));
}

TEST_F(SystemJobs, WorkInProcessWhereNoServerIs) {
    write_file(at("a"), numbers(10));
    const auto run = peerpress({"compress", "-v", "a"});
    EXPECT_EQ(run.exit_code, 0) << run.err;
    EXPECT_THAT(run.err, HasSubstr("in process"));
    EXPECT_THAT(names(), ElementsAre("a", "a.gz"));
}

TEST_F(SystemJobs, EndWithFourWhereTheNamedServerIsNotThere) {
    write_file(at("a"), numbers(10));
    const auto run = asked({"compress", "a"});
    EXPECT_EQ(run.exit_code, 4);
    EXPECT_THAT(run.err, AllOf(HasSubstr(socket()), HasSubstr("does not answer")));
    EXPECT_THAT(names(), ElementsAre("a"));
}

TEST_F(SystemJobs, LeaveTheServerToStopCleanly) {
    start_server();
    write_file(at("a"), numbers(10));
    ASSERT_EQ(asked({"compress", "a"}).exit_code, 0);
    const auto ended = stop_server();
    EXPECT_EQ(ended.exit_code, 0) << ended.err;
    EXPECT_FALSE(std::filesystem::exists(socket()));
}

}  // namespace
}  // namespace peerpress
