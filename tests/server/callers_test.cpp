// Who asks, and what that lets them see. Takes root, to ask as somebody else.
#include "server/local_callers.hpp"
#include "server/refusal.hpp"
#include "server/socket_peer.hpp"
#include "tests/jobs/everyones_place.hpp"
#include "tests/server/daemon_fixture.hpp"
#include "tests/support/as_user.hpp"

#include <gmock/gmock.h>
#include <grp.h>
#include <grpcpp/create_channel_posix.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/server_posix.h>
#include <poll.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <atomic>
#include <filesystem>

namespace peerpress::server {
namespace {

using test::alice;
using test::bob;
using test::call_context;
using test::reason_of;
using test::test_user;
using testing::ElementsAre;
using testing::HasSubstr;

// Both ends of a connection, the first of which `who` has made.
std::array<io::unique_fd, 2> connected_as(const test_user& who) {
    std::array<int, 2> ends{-1, -1};
    test::as_user(who, [&] {
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()), 0);
    });
    return {io::unique_fd(ends[0]), io::unique_fd(ends[1])};
}

TEST(SocketPeer, IsTheUserWithAllGroupsWhoConnected) {
    if (!test::can_be_others()) GTEST_SKIP() << "takes root";
    const auto ends = connected_as(alice);

    const auto peer = peer_of(ends[1].get());

    ASSERT_TRUE(peer);
    EXPECT_EQ(peer->user.uid, alice.uid);
    EXPECT_EQ(peer->user.gid, alice.gid);
    EXPECT_EQ(peer->user.groups, alice.groups);
    EXPECT_EQ(peer->pid, ::getpid());
}

TEST(SocketPeer, TakesManyGroupsAndNoneThatIsUnmapped) {
    if (!test::can_be_others()) GTEST_SKIP() << "takes root";
    test_user member{.uid = 220001, .gid = 220001};
    for (gid_t group = 1; group <= 300; ++group) member.groups.push_back(300000 + group);
    const std::vector<gid_t> real = member.groups;
    member.groups.push_back(65534);

    const auto peer = peer_of(connected_as(member)[1].get());

    ASSERT_TRUE(peer);
    EXPECT_THAT(peer->user.groups, testing::UnorderedElementsAreArray(real));
}

TEST(SocketPeer, StaysWhoItWasWhenItHasGone) {
    if (!test::can_be_others()) GTEST_SKIP() << "takes root";
    auto ends = connected_as(alice);
    ends[0] = io::unique_fd();
    ::shutdown(ends[1].get(), SHUT_RDWR);

    EXPECT_EQ(peer_of(ends[1].get())->user.uid, alice.uid);
}

TEST(SocketPeer, IsNobodyOnAnythingButAUnixSocket) {
    const io::unique_fd tcp(::socket(AF_INET, SOCK_STREAM, 0));
    const io::unique_fd file(::open("/dev/null", O_RDONLY));

    EXPECT_FALSE(peer_of(tcp.get()));
    EXPECT_FALSE(peer_of(file.get()));
    EXPECT_FALSE(peer_of(-1));
}

TEST(LocalCallers, GoByTheDescriptorThatGrpcNames) {
    EXPECT_EQ(descriptor_of("fd:17"), 17);
    for (const char* other : {"", "fd:", "fd:-1", "fd:1x", "fd: 1", "unix:", "unix:/a/socket",
                              "ipv4:127.0.0.1:80", "fd:99999999999"})
        EXPECT_EQ(descriptor_of(other), std::nullopt) << other;
}

TEST(LocalCallers, MakeAdministratorsOfRootAndOfAGroup) {
    if (!test::can_be_others()) GTEST_SKIP() << "takes root";
    const local_callers without({});
    const local_callers with({.administrators = 220010});
    const test_user root{};

    EXPECT_TRUE(without.of_socket(connected_as(root)[1].get()).administrator);
    EXPECT_FALSE(without.of_socket(connected_as(alice)[1].get()).administrator);
    EXPECT_TRUE(with.of_socket(connected_as(alice)[1].get()).administrator);
    EXPECT_EQ(with.of_socket(connected_as(alice)[1].get()).name(), "uid:220001");
}

TEST(LocalCallers, RefuseWhomThisUserNamespaceDoesNotKnow) {
    if (!test::can_be_others()) GTEST_SKIP() << "takes root";
    const local_callers callers({});
    const auto ends = connected_as({.uid = unmapped_uid(), .gid = 65534});

    try {
        callers.of_socket(ends[1].get());
        FAIL() << "was let in";
    } catch (const refusal& e) {
        EXPECT_EQ(e.problem().reason, jobs::reason::permission_denied);
    }
}

TEST(LocalCallers, HaveJobsWhereTheDaemonCanActForThem) {
    EXPECT_FALSE(objection_to_jobs_of(1000, 0));
    EXPECT_FALSE(objection_to_jobs_of(1000, 1000));
    const jobs::problem objection = objection_to_jobs_of(1001, 1000);
    EXPECT_EQ(objection.reason, jobs::reason::permission_denied);
    EXPECT_THAT(objection.message, HasSubstr("works for that user alone"));
    EXPECT_TRUE(objection_to_jobs_of(0, 1000));
}

TEST(LocalCallers, WantAGroupThatThereIs) {
    config c;
    c.security.administrators = "no such group of this machine";
    EXPECT_THROW(local_caller_rules_of(c), refusal);
    c.security.administrators = "daemon";
    EXPECT_EQ(local_caller_rules_of(c).administrators, ::getgrnam("daemon")->gr_gid);
}

// A call that waits until it is told to end, and says then whose descriptor its connection had.
class waiting_service final : public grpc::CallbackGenericService {
public:
    grpc::ServerGenericBidiReactor* CreateReactor(
        grpc::GenericCallbackServerContext* context) override {
        struct reactor final : grpc::ServerGenericBidiReactor {
            explicit reactor(waiting_service& of) : of(of) {}
            void OnDone() override {
                of.ended = true;
                delete this;
            }
            waiting_service& of;
        };
        peer = context->peer();
        auto* const made = new reactor(*this);
        call = made;
        return made;
    }

    std::string peer;
    std::atomic<grpc::ServerGenericBidiReactor*> call{nullptr};
    std::atomic<bool> ended{false};
};

// What makes it safe to ask a call's descriptor who is calling. Another gRPC may do it differently.
TEST(LocalCallers, CanRelyOnACallToKeepItsDescriptor) {
    waiting_service service;
    grpc::ServerBuilder builder;
    builder.RegisterCallbackGenericService(&service);
    const auto server = builder.BuildAndStart();
    std::array<int, 2> ends{-1, -1};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()), 0);
    struct stat before{};
    ASSERT_EQ(::fstat(ends[0], &before), 0);
    grpc::AddInsecureChannelFromFd(server.get(), ends[0]);
    {
        const auto channel = grpc::CreateInsecureChannelFromFd("test", ends[1]);
        grpc::GenericStub stub(channel);
        call_context context;
        grpc::CompletionQueue queue;
        const auto call = stub.PrepareCall(&context, "/any.Service/Method", &queue);
        call->StartCall(nullptr);
        ASSERT_TRUE(test::eventually([&] { return service.call != nullptr; }));
        context.TryCancel();
        queue.Shutdown();
        void* tag = nullptr;
        for (bool ok = false; queue.Next(&tag, &ok);) {
        }
    }
    // The client has gone with its connection; the call is still there.
    std::array<char, 1> byte{};
    ASSERT_TRUE(test::eventually([&] {
        pollfd hung_up{ends[0], POLLIN, 0};
        return ::poll(&hung_up, 1, 0) == 1 && (hung_up.revents & POLLHUP) != 0;
    })) << byte[0];

    EXPECT_EQ(service.peer, "fd:" + std::to_string(ends[0]));
    struct stat after{};
    ASSERT_EQ(::fstat(ends[0], &after), 0);
    EXPECT_EQ(after.st_ino, before.st_ino);
    EXPECT_TRUE(peer_of(ends[0]));

    service.call.load()->Finish(grpc::Status::OK);
    EXPECT_TRUE(test::eventually([&] { return service.ended.load(); }));
    EXPECT_TRUE(test::eventually([&] {
        struct stat now{};
        return ::fstat(ends[0], &now) != 0 || now.st_ino != before.st_ino;
    }));
    server->Shutdown();
}

// Stubs of a connection that one user has made.
struct client {
    std::unique_ptr<v1::JobService::Stub> jobs;

    v1::Job create(const v1::JobSpec& spec, const std::string& request_id = {}) const {
        v1::CreateJobRequest request;
        *request.mutable_job() = spec;
        request.set_request_id(request_id);
        v1::Job job;
        call_context context;
        const grpc::Status status = jobs->CreateJob(&context, request, &job);
        EXPECT_TRUE(status.ok()) << status.error_message();
        return job;
    }
    grpc::Status get(const std::string& name) const {
        v1::GetJobRequest request;
        request.set_name(name);
        v1::Job job;
        call_context context;
        return jobs->GetJob(&context, request, &job);
    }
    grpc::Status cancel(const std::string& name) const {
        v1::CancelJobRequest request;
        request.set_name(name);
        v1::Job job;
        call_context context;
        return jobs->CancelJob(&context, request, &job);
    }
    grpc::Status files(const std::string& name) const {
        v1::ListJobFilesRequest request;
        request.set_parent(name);
        v1::ListJobFilesResponse response;
        call_context context;
        return jobs->ListJobFiles(&context, request, &response);
    }
    grpc::Status watch(const std::string& name) const {
        v1::WatchJobRequest request;
        request.set_name(name);
        request.set_include_files(true);
        call_context context;
        const auto reader = jobs->WatchJob(&context, request);
        v1::JobEvent event;
        while (reader->Read(&event)) context.TryCancel();
        return reader->Finish();
    }
    grpc::Status list_status() const {
        v1::ListJobsResponse response;
        call_context context;
        return jobs->ListJobs(&context, {}, &response);
    }
    std::vector<std::string> list() const {
        v1::ListJobsResponse response;
        call_context context;
        const grpc::Status status = jobs->ListJobs(&context, {}, &response);
        EXPECT_TRUE(status.ok()) << status.error_message();
        std::vector<std::string> names;
        for (const v1::Job& job : response.jobs()) names.push_back(job.name());
        return names;
    }
};

class ServedUsers : public test::DaemonTest {
protected:
    void SetUp() override {
        if (!test::can_be_others()) GTEST_SKIP() << "takes root";
        if (test::everyones_place() != std::filesystem::path(PEERPRESS_TEST_DIR))
            GTEST_SKIP() << "the build directory is not for everybody";
        std::filesystem::permissions(directory_.path(), std::filesystem::perms(0755));
        config_.listen.unix_mode = 0666;
        start();
    }

    client client_of(const test_user& who) const {
        int fd = -1;
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        config_.listen.unix_path.copy(address.sun_path, sizeof address.sun_path - 1);
        test::as_user(who, [&] {
            fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
            EXPECT_EQ(::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0)
                << std::strerror(errno);
        });
        ::fcntl(fd, F_SETFL, O_NONBLOCK);
        return {v1::JobService::NewStub(grpc::CreateInsecureChannelFromFd("peerpress", fd))};
    }
};

constexpr const char* some_uuid = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";

TEST_F(ServedUsers, SeeTheirOwnJobsAndNobodyElses) {
    const client ours = client_of(alice);
    const client theirs = client_of(bob);
    const std::string job = ours.create(spec_of("/a")).name();
    const std::string none = "jobs/" + std::string(some_uuid);

    EXPECT_THAT(ours.list(), ElementsAre(job));
    EXPECT_THAT(theirs.list(), ElementsAre());
    const std::string nothing = theirs.get(none).error_message();
    for (const grpc::Status& answer :
         {theirs.get(job), theirs.files(job), theirs.watch(job), theirs.cancel(job)}) {
        EXPECT_EQ(answer.error_code(), grpc::StatusCode::NOT_FOUND);
        EXPECT_EQ(reason_of(answer), "JOB_NOT_FOUND");
        // As if there were none: the same words, but for the name.
        std::string words = answer.error_message();
        words.replace(words.find(job), job.size(), none);
        EXPECT_EQ(words, nothing);
    }
    // And it was not cancelled.
    EXPECT_EQ(get(job).state(), v1::JOB_STATE_RUNNING);
    EXPECT_TRUE(ours.get(job).ok());
    EXPECT_TRUE(ours.cancel(job).ok());
}

TEST_F(ServedUsers, MayUseOneRequestIdEach) {
    const client ours = client_of(alice);
    const client theirs = client_of(bob);

    const std::string first = ours.create(spec_of("/a"), some_uuid).name();
    const std::string other = theirs.create(spec_of("/b"), some_uuid).name();

    EXPECT_NE(first, other);
    EXPECT_EQ(ours.create(spec_of("/a"), some_uuid).name(), first);
}

TEST_F(ServedUsers, AreAllSeenAndCancelledByAdministrators) {
    stop();
    config_.security.administrators = "daemon";
    start();
    const client ours = client_of(alice);
    const client operators =
        client_of({.uid = bob.uid, .gid = bob.gid, .groups = {::getgrnam("daemon")->gr_gid}});
    const std::string job = ours.create(spec_of("/a")).name();

    EXPECT_THAT(operators.list(), ElementsAre(job));
    EXPECT_TRUE(operators.get(job).ok());
    EXPECT_TRUE(operators.files(job).ok());
    EXPECT_TRUE(operators.cancel(job).ok());
    EXPECT_TRUE(reaches(job, v1::JOB_STATE_CANCELLED));
}

TEST_F(ServedUsers, AreRefusedWhereTheyAreNobodyHere) {
    const client stranger = client_of({.uid = unmapped_uid(), .gid = 65534});

    const grpc::Status answer = stranger.get("jobs/" + std::string(some_uuid));

    EXPECT_EQ(answer.error_code(), grpc::StatusCode::PERMISSION_DENIED);
    EXPECT_THAT(answer.error_message(), HasSubstr("user namespace"));
}

TEST_F(ServedUsers, LeaveARecord) {
    const auto lines = std::make_shared<std::ostringstream>();
    const auto sink = std::make_shared<spdlog::sinks::ostream_sink_mt>(*lines);
    sink->set_pattern("%v");
    spdlog::drop("audit");
    spdlog::register_logger(std::make_shared<spdlog::logger>("audit", sink));

    const std::string job = client_of(alice).create(spec_of("/a")).name();
    client_of(bob).get(job);
    client_of(alice).get(job);
    client_of({.uid = unmapped_uid(), .gid = 65534}).list_status();
    client_of(alice).cancel(job);
    spdlog::drop("audit");

    const std::string pid = R"("pid":)" + std::to_string(::getpid());
    EXPECT_EQ(lines->str(), "audit {\"who\":\"uid:220001\"," + pid +
                                ",\"what\":\"CreateJob\",\"job\":\"" + job +
                                "\",\"verdict\":\"granted\"}\n"
                                "audit {\"who\":\"uid:220002\"," +
                                pid + ",\"what\":\"GetJob\",\"job\":\"" + job +
                                "\",\"verdict\":\"refused\",\"reason\":\"JOB_NOT_FOUND\"}\n"
                                "audit {\"who\":\"uid:65534\",\"what\":\"ListJobs\","
                                "\"verdict\":\"refused\",\"reason\":\"PERMISSION_DENIED\"}\n"
                                "audit {\"who\":\"uid:220001\"," +
                                pid + ",\"what\":\"CancelJob\",\"job\":\"" + job +
                                "\",\"verdict\":\"granted\"}\n");
}

TEST_F(ServedUsers, StayApartAfterARestart) {
    const std::string job = client_of(alice).create(spec_of("/a")).name();
    stop();
    start();

    EXPECT_THAT(client_of(alice).list(), ElementsAre(job));
    EXPECT_THAT(client_of(bob).list(), ElementsAre());
}

}  // namespace
}  // namespace peerpress::server
