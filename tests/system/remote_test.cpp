// Callers of another machine: peerpress by TLS, on files that lie with the server.
#include "server_fixture.hpp"
#include "tests/jobs/everyones_place.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/free_address.hpp"

#include <pwd.h>
#include <sys/stat.h>

namespace peerpress {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class SystemRemote : public ServerFixture {
protected:
    void SetUp() override {
        if (test::everyones_place() != fs::path(PEERPRESS_TEST_DIR))
            GTEST_SKIP() << "the build directory is not for everybody";
        fs::permissions(directory_.path(), fs::perms(0755));
        for (const char* root : {"in", "out"}) {
            fs::create_directory(at(root));
            fs::permissions(at(root), fs::perms(0777));
        }
        ca_.issue("server", "localhost", "DNS:localhost,IP:127.0.0.1");
        ca_.issue("backup", "backup", "URI:spiffe://example.org/backup");
        ca_.issue("stranger", "stranger", "URI:spiffe://example.org/stranger");
    }

    // Nobody is root from afar; a server that is not root's acts for its own user alone.
    static const passwd& mapped() {
        return *(::geteuid() == 0 ? ::getpwnam("daemon") : ::getpwuid(::geteuid()));
    }

    void serve() {
        std::string text = "[tls]\ncertificate = \"" + ca_.path("server.pem") + "\"\nkey = \"" +
                           ca_.path("server.key") + "\"\nclient_ca = \"" + ca_.certificate() +
                           "\"\n[[security.identities]]\nuri = \"spiffe://example.org/backup\"\n" +
                           "user = \"" + mapped().pw_name + "\"\nroots = [\"" + at("in").string() +
                           "\"]\n";
        write_file(ca_.path("config.toml"), text);
        start_server({"listen.tls=" + tls_, "security.audit=all"}, ca_.path("config.toml"));
    }

    test::process_result asked_as(const std::string& who, words arguments) const {
        arguments.insert(arguments.end(),
                         {"--server", tls_, "--tls-ca", ca_.certificate(), "--tls-cert",
                          ca_.path(who + ".pem"), "--tls-key", ca_.path(who + ".key")});
        return peerpress(arguments);
    }

    void make_file(const std::string& name) const {
        write_file(at(name), numbers(100'000));
        ASSERT_EQ(::chown(at(name).c_str(), mapped().pw_uid, mapped().pw_gid), 0);
    }

    test::temp_dir certificates_;
    test::certificate_authority ca_{certificates_.path(), "ca"};
    const std::string tls_ = test::free_address();
};

TEST_F(SystemRemote, HaveTheServersFilesCompressedAsTheUserWhomTheyStandFor) {
    serve();
    make_file("in/a");

    const auto made = asked_as("backup", {"compress", "--on-server", at("in/a")});
    const auto listed = asked_as("backup", {"jobs"});

    ASSERT_EQ(made.exit_code, 0) << made.err;
    struct stat status{};
    ASSERT_EQ(::stat(at("in/a.gz").c_str(), &status), 0);
    EXPECT_EQ(status.st_uid, mapped().pw_uid);
    EXPECT_EQ(shell("zcat in/a.gz | cmp - in/a").exit_code, 0);
    EXPECT_THAT(listed.out, HasSubstr("SUCCEEDED"));
    EXPECT_THAT(stop_server().err,
                HasSubstr("\"who\":\"spiffe://example.org/backup\",\"what\":\"read\""));
}

TEST_F(SystemRemote, StayBelowTheirRoots) {
    serve();
    make_file("out/b");
    fs::create_symlink(at("out/b"), at("in/link"));

    const auto beside = asked_as("backup", {"compress", "--on-server", at("out/b")});
    const auto linked = asked_as("backup", {"compress", "--on-server", "--follow-symlinks", "-o",
                                            at("in/c.gz"), at("in/link")});

    EXPECT_EQ(beside.exit_code, 5) << beside.err;
    EXPECT_EQ(linked.exit_code, 1) << linked.err;
    EXPECT_FALSE(fs::exists(at("in/c.gz")));
    EXPECT_FALSE(fs::exists(at("out/b.gz")));
}

TEST_F(SystemRemote, SendTheirOwnFilesAsStreams) {
    serve();
    write_file(at("mine"), numbers(100'000));

    const auto made = asked_as("backup", {"compress", at("mine")});

    ASSERT_EQ(made.exit_code, 0) << made.err;
    EXPECT_EQ(shell("zcat mine.gz | cmp - mine").exit_code, 0);
}

TEST_F(SystemRemote, AreToldWhyTheyAreNotLetIn) {
    serve();
    const auto stranger = asked_as("stranger", {"jobs"});
    EXPECT_EQ(stranger.exit_code, 5);
    EXPECT_THAT(stranger.err, HasSubstr("spiffe://example.org/stranger stands for nobody here"));

    const test::certificate_authority other(certificates_.path(), "other");
    other.issue("foreign", "backup", "URI:spiffe://example.org/backup");
    const auto foreign = asked_as("foreign", {"jobs"});
    EXPECT_EQ(foreign.exit_code, 4);
    EXPECT_THAT(foreign.err, HasSubstr("did not accept this certificate"));

    const auto plain = peerpress({"jobs", "--server", tls_});
    EXPECT_EQ(plain.exit_code, 4);
    EXPECT_THAT(stop_server().err, HasSubstr("\"what\":\"connect\",\"verdict\":\"refused\""));
}

TEST_F(SystemRemote, NeedAllThreeFiles) {
    const auto run = peerpress({"jobs", "--server", "localhost:1", "--tls-ca", ca_.certificate()});
    EXPECT_EQ(run.exit_code, 1);
    EXPECT_THAT(run.err, HasSubstr("go together"));

    const auto unread = asked_as("nobody", {"jobs"});
    EXPECT_EQ(unread.exit_code, 1);
    EXPECT_THAT(unread.err, HasSubstr("--tls-key"));

    const auto local = asked({"jobs", "--tls-ca", "x", "--tls-cert", "x", "--tls-key", "x"});
    EXPECT_EQ(local.exit_code, 1);
    EXPECT_THAT(local.err, HasSubstr("are for a server at HOST:PORT"));
}

}  // namespace
}  // namespace peerpress
