// Users who ask one server, as programs of theirs: takes root, to be them.
#include "server_fixture.hpp"
#include "tests/jobs/everyones_place.hpp"
#include "tests/support/as_user.hpp"

#include <sys/stat.h>

namespace peerpress {
namespace {

namespace fs = std::filesystem;
using test::alice;
using test::bob;
using test::test_user;
using testing::HasSubstr;
using testing::Not;

class ServedIdentity : public ServerFixture {
protected:
    void SetUp() override {
        if (!test::can_be_others()) GTEST_SKIP() << "takes root";
        if (test::everyones_place() != fs::path(PEERPRESS_TEST_DIR))
            GTEST_SKIP() << "the build directory is not for everybody";
        fs::permissions(directory_.path(), fs::perms(0777));
        fs::permissions(fs::path(socket()).parent_path(), fs::perms(0777));
    }

    static words as(const test_user& who, const words& command) {
        words all{
            "setpriv",       "--reuid", std::to_string(who.uid), "--regid", std::to_string(who.gid),
            "--clear-groups"};
        all.insert(all.end(), command.begin(), command.end());
        return all;
    }
    test::process_result asked_by(const test_user& who, const words& arguments) const {
        return test::run_program(as(who, command_line(arguments)), client_options());
    }
    // A server for everybody.
    void serve(words settings = {}) {
        settings.insert(settings.begin(), "listen.unix_mode=0o666");
        start_server(settings);
    }
    void make_file(const std::string& name, const test_user& owner, mode_t mode,
                   const std::string& content = numbers(1000)) const {
        write_file(at(name), content);
        ASSERT_EQ(::chown(at(name).c_str(), owner.uid, owner.gid), 0);
        ASSERT_EQ(::chmod(at(name).c_str(), mode), 0);
    }
    struct stat status_of(const std::string& name) const {
        struct stat status{};
        EXPECT_EQ(::stat(at(name).c_str(), &status), 0) << name;
        return status;
    }
};

TEST_F(ServedIdentity, HasFilesReadAndMadeAsTheirUsersDo) {
    make_file("hers", alice, 0600, "private words\n");
    make_file("his", bob, 0600, "private words\n");
    serve();

    const auto made = asked_by(alice, {"compress", at("hers")});
    const auto refused = asked_by(alice, {"compress", at("his"), "-o", at("stolen.gz")});

    EXPECT_EQ(made.exit_code, 0) << made.err;
    EXPECT_EQ(status_of("hers.gz").st_uid, alice.uid);
    EXPECT_EQ(status_of("hers.gz").st_mode & 0777, 0600u);
    EXPECT_EQ(refused.exit_code, 1) << refused.err;
    EXPECT_FALSE(fs::exists(at("stolen.gz")));
    const std::string log = stop_server().err;
    EXPECT_THAT(log, HasSubstr("\"who\":\"uid:220001\",\"what\":\"read\",\"job\":\"jobs/"));
    EXPECT_THAT(log, HasSubstr("\"path\":\"" + at("his").string() +
                               "\",\"verdict\":\"refused\",\"reason\":\"SOURCE_UNREADABLE\""));
    EXPECT_THAT(log, Not(HasSubstr("private words")));
}

TEST_F(ServedIdentity, OfAnotherUserIsRefusedByAServerOfOnesOwn) {
    make_file("his", bob, 0644);
    fs::create_directory(at("state"));
    ASSERT_EQ(::chown(at("state").c_str(), alice.uid, alice.gid), 0);
    test::process hers(as(alice, {PEERPRESSD, "--socket", socket(), "--state-dir", at("state"),
                                  "--set", "listen.unix_mode=0o666"}));
    ASSERT_TRUE(hers.run_until([this](const auto&) {
        return asked({"server-info", "--server", address()}).exit_code == 0;
    }));

    const auto refused = asked_by(bob, {"compress", at("his")});
    const auto listed = asked_by(bob, {"jobs"});
    make_file("hers", alice, 0600);
    const auto made = asked_by(alice, {"compress", at("hers")});

    EXPECT_EQ(refused.exit_code, 5) << refused.err;
    EXPECT_THAT(refused.err, HasSubstr("works for that user alone"));
    EXPECT_EQ(listed.exit_code, 5) << listed.err;
    EXPECT_EQ(made.exit_code, 0) << made.err;
    hers.send_signal(SIGTERM);
    EXPECT_THAT(hers.wait().err,
                HasSubstr("\"who\":\"uid:220002\",\"what\":\"CreateJob\",\"verdict\":\"refused\""));
}

// Who has no entry in the user database has no groups that could be looked up.
TEST_F(ServedIdentity, EndsAJobWhoseUserIsGone) {
    make_file("large", alice, 0600, numbers(6'000'000));
    serve({"codec.threads=1"});
    const auto submitted =
        asked_by(alice, {"compress", "--codec", "zlib", "-9", "--detach", "--json", at("large")});
    ASSERT_EQ(submitted.exit_code, 0) << submitted.err;
    kill_server();

    serve();

    const std::string job = last_field(submitted.out, "name");
    const auto waited = asked_by(alice, {"watch", "--json", job});
    EXPECT_EQ(waited.exit_code, 5) << waited.out << waited.err;
    EXPECT_THAT(waited.out + waited.err, HasSubstr("is gone"));
    EXPECT_FALSE(fs::exists(at("large.gz")));
}

TEST_F(ServedIdentity, IsFoundAgainAfterARestart) {
    const test_user games{.uid = 5, .gid = 60};
    make_file("large", games, 0600, numbers(6'000'000));
    serve({"codec.threads=1"});
    const auto submitted =
        asked_by(games, {"compress", "--codec", "zlib", "-9", "--detach", "--json", at("large")});
    ASSERT_EQ(submitted.exit_code, 0) << submitted.err;
    kill_server();

    serve();

    const auto waited = asked_by(games, {"watch", "--json", last_field(submitted.out, "name")});
    EXPECT_EQ(waited.exit_code, 0) << waited.out << waited.err;
    EXPECT_EQ(status_of("large.gz").st_uid, games.uid);
}

}  // namespace
}  // namespace peerpress
