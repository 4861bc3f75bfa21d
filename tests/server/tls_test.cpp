// Remote callers: who is let in by TLS, whose jobs they see, and what is left of those who are not.
#include "server/grpc_log.hpp"
#include "server/identities.hpp"
#include "server/refusal.hpp"
#include "tests/server/daemon_fixture.hpp"
#include "tests/support/certificates.hpp"

#include <gmock/gmock.h>
#include <grpcpp/security/credentials.h>
#include <pwd.h>
#include <spdlog/sinks/ringbuffer_sink.h>
#include <spdlog/spdlog.h>

#include <filesystem>

namespace peerpress::server {
namespace {

using test::call_context;
using test::reason_of;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr const char* alice_uri = "spiffe://example.org/alice";
constexpr const char* bob_uri = "spiffe://example.org/bob";

// Somebody whom the daemon can act for: no remote caller is root.
std::string a_user() {
    if (::geteuid() == 0) return "daemon";
    const passwd* const me = ::getpwuid(::geteuid());
    return me == nullptr ? "" : me->pw_name;
}

config config_with(std::vector<identity_config> known) {
    config c;
    c.security.identities = std::move(known);
    return c;
}

std::string refusal_of(const config& c) {
    try {
        const identities known(c, nullptr);
    } catch (const refusal& e) {
        return e.what();
    }
    return {};
}

TEST(Identities, AreFoundByTheirUriOrElseByTheirCommonName) {
    const identities known(config_with({{.uri = alice_uri, .user = a_user()},
                                        {.uri = bob_uri, .user = a_user()},
                                        {.common_name = "carol", .user = a_user()}}),
                           nullptr);

    EXPECT_EQ(known.find({.uris = {alice_uri}})->name, alice_uri);
    EXPECT_EQ(known.find({.uris = {"other:x", alice_uri}})->name, alice_uri);
    EXPECT_EQ(known.find({.common_name = "carol"})->name, "CN=carol");
    // A name beside a URI is for people; one of two would be a guess.
    EXPECT_EQ(known.find({.uris = {"other:x"}, .common_name = "carol"}), nullptr);
    EXPECT_EQ(known.find({.uris = {alice_uri, bob_uri}}), nullptr);
    EXPECT_EQ(known.find({.uris = {"CN=carol"}, .common_name = ""})->name, "CN=carol");
    EXPECT_EQ(known.find({.common_name = alice_uri}), nullptr);
    EXPECT_EQ(known.find(certificate_names{}), nullptr);
}

TEST(Identities, StandForUsersThatThereAreAndNeverForRoot) {
    EXPECT_THAT(refusal_of(config_with({{.uri = alice_uri, .user = "no such user"}})),
                HasSubstr("no user no such user"));
    EXPECT_THAT(refusal_of(config_with({{.uri = alice_uri, .user = "root"}})),
                HasSubstr("nobody is root from afar"));
    EXPECT_THAT(
        refusal_of(config_with({{.uri = alice_uri, .user = a_user(), .roots = {"/no/such"}}})),
        HasSubstr("/no/such"));
}

TEST(Identities, OwnAStoredJobWhileTheyStandForItsUser) {
    const identities known(config_with({{.uri = alice_uri, .user = a_user()}}), nullptr);
    const job_owner owner{.uid = known.find(alice_uri)->uid, .identity = alice_uri};

    EXPECT_EQ(known.of(owner).name, alice_uri);
    EXPECT_ANY_THROW(known.of({.uid = owner.uid + 1, .identity = alice_uri}));
    EXPECT_ANY_THROW(known.of({.uid = owner.uid, .identity = bob_uri}));
}

TEST(GrpcLog, KnowsRefusedHandshakes) {
    EXPECT_EQ(refused_handshake("Handshake failed with fatal error SSL_ERROR_SSL: "
                                "error:0A000086:SSL routines::certificate verify failed."),
              "SSL routines::certificate verify failed");
    EXPECT_EQ(refused_handshake("Handshake failed with fatal error SSL_ERROR_SYSCALL."),
              "Handshake failed with fatal error SSL_ERROR_SYSCALL");
    EXPECT_EQ(refused_handshake("Failed call creation: error:1:x"), "");
}

class ServedRemotely : public test::DaemonTest {
protected:
    ~ServedRemotely() override {
        stop();
        spdlog::drop("audit");
    }
    void SetUp() override {
        ca_.issue("server", "localhost", "DNS:localhost,IP:127.0.0.1");
        ca_.issue("alice", "Alice", "URI:" + std::string(alice_uri));
        config_.listen.tls = "127.0.0.1:0";
        config_.tls = {.certificate = ca_.path("server.pem"),
                       .key = ca_.path("server.key"),
                       .client_ca = ca_.certificate(),
                       .crl_directory = {},
                       .reload_seconds = 1};
        config_.security.identities = {{.uri = alice_uri, .user = a_user()},
                                       {.uri = bob_uri, .user = a_user()}};
    }

    std::string tls_address() const {
        return daemon_->addresses().back().substr(std::string("tls:").size());
    }

    std::shared_ptr<grpc::Channel> channel_with(const std::string& certificate,
                                                const std::string& trusted = {}) const {
        grpc::SslCredentialsOptions options{
            .pem_root_certs = ca_.text_of(trusted.empty() ? "ca.pem" : trusted),
            .pem_private_key = {},
            .pem_cert_chain = {}};
        if (!certificate.empty()) {
            options.pem_private_key = ca_.text_of(certificate + ".key");
            options.pem_cert_chain = ca_.text_of(certificate + ".pem");
        }
        grpc::ChannelArguments arguments;
        arguments.SetInt("grpc.use_local_subchannel_pool", 1);
        return grpc::CreateCustomChannel(tls_address(), grpc::SslCredentials(options), arguments);
    }

    // A new connection, and one call on it.
    grpc::Status list(const std::string& certificate, const std::string& trusted = {}) const {
        return list_by(*v1::JobService::NewStub(channel_with(certificate, trusted)));
    }
    static grpc::Status list_by(v1::JobService::Stub& jobs,
                                std::vector<std::string>* names = nullptr) {
        v1::ListJobsResponse response;
        call_context context;
        const grpc::Status status = jobs.ListJobs(&context, {}, &response);
        if (names != nullptr)
            for (const v1::Job& job : response.jobs()) names->push_back(job.name());
        return status;
    }
    static std::string create_by(v1::JobService::Stub& jobs, const std::string& source) {
        v1::CreateJobRequest request;
        *request.mutable_job() = spec_of(source);
        v1::Job job;
        call_context context;
        const grpc::Status status = jobs.CreateJob(&context, request, &job);
        EXPECT_TRUE(status.ok()) << status.error_message();
        return job.name();
    }

    // What is recorded from here on.
    void keep_the_record() {
        record_ = std::make_shared<spdlog::sinks::ringbuffer_sink_mt>(100);
        record_->set_pattern("%v");
        spdlog::drop("audit");
        spdlog::register_logger(std::make_shared<spdlog::logger>("audit", record_));
    }
    std::string record() const {
        std::string all;
        for (const std::string& line : record_->last_formatted()) all += line;
        return all;
    }

    test::temp_dir certificates_;
    test::certificate_authority ca_{certificates_.path(), "ca"};
    std::shared_ptr<spdlog::sinks::ringbuffer_sink_mt> record_;
};

TEST_F(ServedRemotely, HaveJobsOfTheirOwn) {
    ca_.issue("bob", "Bob", "URI:" + std::string(bob_uri));
    start();
    const auto alices = v1::JobService::NewStub(channel_with("alice"));
    const auto bobs = v1::JobService::NewStub(channel_with("bob"));

    const std::string job = create_by(*alices, "/a");

    std::vector<std::string> seen_by_alice;
    std::vector<std::string> seen_by_bob;
    EXPECT_TRUE(list_by(*alices, &seen_by_alice).ok());
    EXPECT_TRUE(list_by(*bobs, &seen_by_bob).ok());
    EXPECT_THAT(seen_by_alice, ElementsAre(job));
    EXPECT_THAT(seen_by_bob, ElementsAre());
    v1::CancelJobRequest request;
    request.set_name(job);
    v1::Job answer;
    call_context context;
    EXPECT_EQ(bobs->CancelJob(&context, request, &answer).error_code(),
              grpc::StatusCode::NOT_FOUND);
}

TEST_F(ServedRemotely, AreRefusedWithoutACertificateOfTheAuthority) {
    const test::certificate_authority other(certificates_.path(), "other");
    other.issue("foreign", "Alice", "URI:" + std::string(alice_uri));
    ca_.issue("expired", "Alice", "URI:" + std::string(alice_uri), -1);
    start();

    for (const char* certificate : {"", "foreign", "expired"}) {
        keep_the_record();
        EXPECT_EQ(list(certificate).error_code(), grpc::StatusCode::UNAVAILABLE) << certificate;
        EXPECT_TRUE(test::eventually([this] { return !record().empty(); })) << certificate;
        EXPECT_THAT(record(), HasSubstr(R"({"who":"unknown","what":"connect","verdict":"refused",)"
                                        R"("reason":"PERMISSION_DENIED","detail":"SSL routines::)"))
            << certificate;
    }
    EXPECT_TRUE(list("alice").ok());
}

TEST_F(ServedRemotely, AreRefusedByEveryServiceWhereTheyStandForNobody) {
    ca_.issue("stranger", "Alice", "URI:spiffe://example.org/stranger");
    start();
    keep_the_record();
    const auto channel = channel_with("stranger");

    const grpc::Status answer = list_by(*v1::JobService::NewStub(channel));
    v1::ServerInfo info;
    call_context context;
    const grpc::Status told =
        v1::ServerService::NewStub(channel)->GetServerInfo(&context, {}, &info);
    call_context stream_context;
    const auto stream = v1::TransformService::NewStub(channel)->Transform(&stream_context);
    const grpc::Status streamed = stream->Finish();

    for (const grpc::Status& status : {answer, told, streamed})
        EXPECT_EQ(status.error_code(), grpc::StatusCode::PERMISSION_DENIED);
    EXPECT_THAT(answer.error_message(), HasSubstr("spiffe://example.org/stranger"));
    EXPECT_THAT(record(), HasSubstr(R"({"who":"spiffe://example.org/stranger","what":"ListJobs",)"
                                    R"("verdict":"refused","reason":"PERMISSION_DENIED"})"));
}

TEST_F(ServedRemotely, AreKnownByACommonNameWhereThereIsNoUri) {
    config_.security.identities = {{.common_name = "carol", .user = a_user()}};
    ca_.issue("carol", "carol");
    ca_.issue("masked", "carol", "URI:spiffe://example.org/other");
    start();
    keep_the_record();

    const auto carols = v1::JobService::NewStub(channel_with("carol"));
    const std::string job = create_by(*carols, "/a");

    EXPECT_EQ(list("masked").error_code(), grpc::StatusCode::PERMISSION_DENIED);
    EXPECT_THAT(record(), HasSubstr(R"({"who":"CN=carol","what":"CreateJob","job":")" + job +
                                    R"(","verdict":"granted"})"));
}

TEST_F(ServedRemotely, AreNoAdministrators) {
    start();
    const auto servers = v1::ServerService::NewStub(channel_with("alice"));
    v1::DrainAcceleratorRequest request;
    request.set_name("any");
    v1::Accelerator answer;
    call_context context;

    EXPECT_EQ(servers->DrainAccelerator(&context, request, &answer).error_code(),
              grpc::StatusCode::PERMISSION_DENIED);
}

TEST_F(ServedRemotely, AreRefusedOnceTheirCertificateIsRevoked) {
    config_.tls.crl_directory = ca_.path("lists");
    std::filesystem::create_directory(config_.tls.crl_directory);
    ca_.issue("bob", "Bob", "URI:" + std::string(bob_uri));
    ca_.revoke("bob", config_.tls.crl_directory);
    start();

    EXPECT_TRUE(list("alice").ok());
    EXPECT_EQ(list("bob").error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(ServedRemotely, AreServedByCertificatesThatWereExchangedMeanwhile) {
    start();
    ASSERT_TRUE(list("alice").ok());
    const test::certificate_authority next(certificates_.path(), "next");
    next.issue("server2", "localhost", "DNS:localhost,IP:127.0.0.1");
    next.issue("alice2", "Alice", "URI:" + std::string(alice_uri));
    ASSERT_FALSE(list("alice2", "next.pem").ok());

    const auto replace = [this](const std::string& with, const std::string& what) {
        std::filesystem::rename(ca_.path(with), ca_.path(what));
    };
    std::filesystem::copy(ca_.path("next.pem"), ca_.path("next-copy.pem"));
    replace("server2.key", "server.key");
    replace("server2.pem", "server.pem");
    replace("next-copy.pem", "ca.pem");

    EXPECT_TRUE(test::eventually([this] { return list("alice2", "next.pem").ok(); }));
    // The old authority counts no longer.
    EXPECT_FALSE(list("alice", "next.pem").ok());
}

TEST_F(ServedRemotely, HaveTheirCertificatesCheckedAnewInTime) {
    config_.tls.connection_seconds = 1;
    start();
    const auto jobs = v1::JobService::NewStub(channel_with("alice"));
    ASSERT_TRUE(list_by(*jobs).ok());
    const test::certificate_authority next(certificates_.path(), "next");
    std::filesystem::rename(ca_.path("next.pem"), ca_.path("ca.pem"));

    // The connection that was made under the old authority ends, and no other is let in.
    EXPECT_TRUE(test::eventually([&] { return !list_by(*jobs).ok(); }));
}

TEST_F(ServedRemotely, NeedFilesThatCanBeUsed) {
    const auto why_not = [this] {
        try {
            start();
        } catch (const refusal& e) {
            return std::string(e.what());
        }
        return std::string("it started");
    };
    const config good = config_;

    config_.tls.certificate = "/no/such/file";
    EXPECT_THAT(why_not(), HasSubstr("tls.certificate: /no/such/file cannot be read"));
    config_ = good;
    config_.tls.key = config_.tls.certificate;
    EXPECT_THAT(why_not(), HasSubstr("has to be PEM"));
    config_ = good;
    std::filesystem::permissions(config_.tls.key, std::filesystem::perms(0644));
    EXPECT_THAT(why_not(), HasSubstr("can be read by everybody"));
    std::filesystem::permissions(config_.tls.key, std::filesystem::perms(0600));
    config_.tls.crl_directory = config_.tls.key;
    EXPECT_THAT(why_not(), HasSubstr("is no directory"));
    config_ = good;
    EXPECT_EQ(why_not(), "it started");
}

}  // namespace
}  // namespace peerpress::server
