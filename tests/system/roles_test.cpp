// The daemon and its opener as processes of their own, and each of them killed while a job runs.
#include "server_fixture.hpp"
#include "tests/jobs/everyones_place.hpp"
#include "tests/support/as_user.hpp"

#include <sys/stat.h>

#include <fstream>

namespace peerpress {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class ServedRoles : public ServerFixture {
protected:
    void SetUp() override { start_opener(); }

    std::string opener_socket() const { return service_place("opener"); }
    void start_opener() {
        opener_ =
            std::make_unique<test::process>(words{PEERPRESS_OPEND, "--socket", opener_socket()});
        const bool listens =
            opener_->run_until([this](const auto&) { return fs::exists(opener_socket()); });
        ASSERT_TRUE(listens);
    }
    test::process_result end_opener(int signal) {
        opener_->send_signal(signal);
        test::process_result ended = opener_->wait();
        opener_.reset();
        return ended;
    }
    void serve(words settings = {}) {
        settings.push_back("roles.opener=" + opener_socket());
        // Nobody reads what it says before its end, and a pipe holds no line for each file.
        settings.push_back("security.audit=refusals");
        start_server(settings);
    }

    // Enough to be killed in the middle of.
    void make_tree() const {
        for (int index = 0; index < files_count; ++index)
            write_file(at("tree/" + std::to_string(index)), numbers(20'000));
    }
    std::string submit() const {
        const auto submitted =
            asked({"compress", "-r", "--level", "9", "--detach", "--json", at("tree")});
        EXPECT_EQ(submitted.exit_code, 0) << submitted.err;
        return last_field(submitted.out, "name");
    }
    std::size_t outputs() const {
        std::size_t count = 0;
        for (const auto& entry : fs::directory_iterator(at("tree")))
            if (entry.path().extension() == ".gz") ++count;
        return count;
    }
    void wait_for_outputs(std::size_t count) const {
        for (int turns = 0; outputs() < count && turns < 6000; ++turns)
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        ASSERT_GE(outputs(), count);
        ASSERT_LT(outputs(), static_cast<std::size_t>(files_count)) << "it was too fast";
    }
    void expect_done(const std::string& job) const {
        const auto watched = asked({"watch", "--json", job});
        EXPECT_EQ(watched.exit_code, 0) << watched.out << watched.err;
        EXPECT_EQ(asked({"test", "-r", at("tree")}).exit_code, 0);
        std::size_t names = 0;
        for (const auto& entry : fs::directory_iterator(at("tree"))) {
            ++names;
            EXPECT_FALSE(entry.path().filename().string().starts_with(".")) << entry.path();
        }
        EXPECT_EQ(names, 2u * files_count);
    }

    static constexpr int files_count = 400;
    std::unique_ptr<test::process> opener_;
};

TEST_F(ServedRoles, DoAJobTogether) {
    write_file(at("a"), numbers(100'000));
    serve();

    const auto done = asked({"compress", at("a")});

    EXPECT_EQ(done.exit_code, 0) << done.err;
    EXPECT_EQ(asked({"test", at("a.gz")}).exit_code, 0);
    EXPECT_EQ(end_opener(SIGTERM).exit_code, 0);
}

TEST_F(ServedRoles, ActAsTheirCallers) {
    if (!test::can_be_others()) GTEST_SKIP() << "takes root";
    if (test::everyones_place() != fs::path(PEERPRESS_TEST_DIR))
        GTEST_SKIP() << "the build directory is not for everybody";
    fs::permissions(directory_.path(), fs::perms(0777));
    fs::permissions(service_place("opener").parent_path(), fs::perms(0777));
    write_file(at("hers"), numbers(1000));
    write_file(at("his"), numbers(1000));
    ASSERT_EQ(::chown(at("hers").c_str(), test::alice.uid, test::alice.gid), 0);
    ASSERT_EQ(::chown(at("his").c_str(), test::bob.uid, test::bob.gid), 0);
    fs::permissions(at("his"), fs::perms(0600));
    serve({"listen.unix_mode=0o666"});
    const auto asked_by_alice = [this](const words& arguments) {
        words all{"setpriv",
                  "--reuid",
                  std::to_string(test::alice.uid),
                  "--regid",
                  std::to_string(test::alice.gid),
                  "--clear-groups"};
        for (const std::string& word : command_line(arguments)) all.push_back(word);
        return test::run_program(all, client_options());
    };

    const auto made = asked_by_alice({"compress", at("hers")});
    const auto refused = asked_by_alice({"compress", at("his"), "-o", at("stolen.gz")});

    EXPECT_EQ(made.exit_code, 0) << made.err;
    struct stat output{};
    ASSERT_EQ(::stat(at("hers.gz").c_str(), &output), 0);
    EXPECT_EQ(output.st_uid, test::alice.uid);
    EXPECT_EQ(refused.exit_code, 1) << refused.err;
    EXPECT_FALSE(fs::exists(at("stolen.gz")));
    EXPECT_THAT(stop_server().err,
                HasSubstr("\"verdict\":\"refused\",\"reason\":\"SOURCE_UNREADABLE\""))
        << "what the opener was let do is told to whoever keeps the record";
}

TEST_F(ServedRoles, FinishAJobWhoseOpenerWasKilled) {
    make_tree();
    serve();
    const std::string job = submit();
    for (const std::size_t moment : {20u, 100u}) {
        wait_for_outputs(moment);
        end_opener(SIGKILL);
        start_opener();
    }

    expect_done(job);

    EXPECT_THAT(stop_server().err, HasSubstr("queued again"));
}

TEST_F(ServedRoles, FinishAJobWhoseDaemonWasKilled) {
    make_tree();
    serve();
    const std::string job = submit();
    wait_for_outputs(20);
    kill_server();

    serve();

    expect_done(job);
}

TEST_F(ServedRoles, SayWhatIsMissingWhereTheOpenerStaysAway) {
    write_file(at("a"), numbers(100));
    end_opener(SIGTERM);
    serve({"roles.opener_wait_ms=10"});

    const auto failed = asked({"compress", at("a")});

    EXPECT_EQ(failed.exit_code, 1);
    EXPECT_THAT(failed.err, HasSubstr("peerpress-opend"));
    EXPECT_EQ(asked({"server-info"}).exit_code, 0);
}

}  // namespace
}  // namespace peerpress
