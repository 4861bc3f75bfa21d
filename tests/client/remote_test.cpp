// The client's side of the API, against a server that does what a test tells it to.
#include "client/interruption.hpp"
#include "client/remote/convert.hpp"
#include "client/remote/find_server.hpp"
#include "client/remote/job_watch.hpp"
#include "client/remote/server_jobs.hpp"
#include "client/remote/server_json.hpp"
#include "tests/client/documented_json.hpp"
#include "tests/client/fake_server.hpp"
#include "tests/support/process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <future>
#include <thread>

namespace peerpress::client {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

// ---- addresses

TEST(ServerAddress, TakesSocketsAndPorts) {
    const auto target = [](const char* text) {
        const auto address = parse_server_address(text, "/work");
        return address ? address->target : "none";
    };

    EXPECT_EQ(target("unix:/run/x.sock"), "unix:/run/x.sock");
    EXPECT_EQ(target("unix:///run/x.sock"), "unix:/run/x.sock");
    EXPECT_EQ(target("/run/x.sock"), "unix:/run/x.sock");
    EXPECT_EQ(target("./x.sock"), "unix:/work/./x.sock");
    EXPECT_EQ(target("unix:x.sock"), "unix:/work/x.sock");
    EXPECT_EQ(target("localhost:9000"), "dns:///localhost:9000");
    EXPECT_EQ(target("127.0.0.1:9000"), "dns:///127.0.0.1:9000");
    EXPECT_EQ(target("[::1]:9000"), "dns:///[::1]:9000");
    for (const char* text : {"", "unix:", "host", "host:", ":9000", "host:0", "host:65536",
                             "host:x", "::1:9000", "a/b:9"}) {
        EXPECT_EQ(target(text), "none") << text;
    }
    EXPECT_TRUE(parse_server_address("/x", "/")->shares_files());
    server_address far = *parse_server_address("h:1", "/");
    EXPECT_FALSE(far.shares_files());
    far.files_are_there = true;
    EXPECT_TRUE(far.shares_files());
    EXPECT_FALSE(far.is_local());
}

TEST(ServerAddress, LooksForAUsersServerBeforeTheMachines) {
    EXPECT_THAT(default_sockets("/run/user/7"), ElementsAre("/run/user/7/peerpress/peerpressd.sock",
                                                            "/run/peerpress/peerpressd.sock"));
    EXPECT_THAT(default_sockets(""), ElementsAre("/run/peerpress/peerpressd.sock"));
    EXPECT_THAT(default_sockets("relative"), ElementsAre("/run/peerpress/peerpressd.sock"));
}

// ---- errors

TEST(ServerError, TakesTheServersReason) {
    const auto error = make_server_error(
        refusal(grpc::StatusCode::NOT_FOUND, "JOB_NOT_FOUND", "no job jobs/1"), "s");

    EXPECT_EQ(error.problem().reason, jobs::reason::job_not_found);
    EXPECT_EQ(error.problem().message, "no job jobs/1");
    EXPECT_EQ(error.exit_code(), 1);
    EXPECT_FALSE(error.lost());
}

TEST(ServerError, HasOneExitCodeForEachWayOfBeingRefused) {
    const auto code = [](const grpc::Status& status) {
        return make_server_error(status, "s").exit_code();
    };
    using enum grpc::StatusCode;

    EXPECT_EQ(code({UNAVAILABLE, "x"}), 4);
    EXPECT_EQ(code({DEADLINE_EXCEEDED, "x"}), 4);
    EXPECT_EQ(code(refusal(UNAVAILABLE, "DRAINING", "x")), 4);
    EXPECT_EQ(code({PERMISSION_DENIED, "x"}), 5);
    EXPECT_EQ(code({UNAUTHENTICATED, "x"}), 5);
    EXPECT_EQ(code(refusal(PERMISSION_DENIED, "PERMISSION_DENIED", "x")), 5);
    EXPECT_EQ(code({INTERNAL, "x"}), 1);
    EXPECT_EQ(code({UNIMPLEMENTED, "x"}), 1);
    EXPECT_TRUE(make_server_error(refusal(UNAVAILABLE, "DRAINING", "x"), "s").lost());
    EXPECT_TRUE(make_server_error({UNAVAILABLE, "x"}, "s").lost());
    EXPECT_FALSE(make_server_error({INTERNAL, "x"}, "s").lost());
}

// ---- messages

TEST(Convert, SendsAWholeRequest) {
    job_request request;
    request.spec.operation = jobs::operation::compress;
    request.spec.container = pipeline::container::bgzf;
    request.spec.level = 9;
    request.level_given = true;
    request.spec.level_auto = true;
    request.spec.rate = 77;
    request.spec.codec = accel::codec::zlib;
    request.spec.member_bytes = 8192;
    request.spec.sources = {"a\xff", "/b"};
    request.spec.destination_dir = "out";
    request.spec.recursive = request.spec.overwrite = request.spec.follow_symlinks =
        request.spec.remove_sources = true;
    request.spec.verification = jobs::verification::full;
    request.spec.suffix = ".z";
    request.spec.priority = -3;
    request.spec.labels = {{"k", "v"}};
    request.spec.via.fallback = fallback::forbid;
    request.spec.engine = jobs::engine_choice::noload;

    const v1::JobSpec spec = to_message(request, "/work");

    EXPECT_EQ(spec.operation(), v1::OPERATION_COMPRESS);
    EXPECT_EQ(spec.format(), v1::FORMAT_BGZF);
    EXPECT_EQ(spec.level(), 9);
    EXPECT_TRUE(spec.level_auto());
    EXPECT_EQ(spec.rate(), 77);
    EXPECT_EQ(spec.codec(), v1::CODEC_ZLIB);
    EXPECT_EQ(spec.member_bytes(), 8192);
    EXPECT_THAT(spec.sources(), ElementsAre("/work/a\xff", "/b"));
    EXPECT_EQ(spec.destination(), "");
    EXPECT_EQ(spec.destination_dir(), "/work/out");
    EXPECT_TRUE(spec.recursive() && spec.overwrite() && spec.follow_symlinks() &&
                spec.remove_sources());
    EXPECT_EQ(spec.verify(), v1::VERIFY_FULL);
    EXPECT_EQ(spec.suffix(), ".z");
    EXPECT_EQ(spec.priority(), -3);
    EXPECT_EQ(spec.labels().at("k"), "v");
    EXPECT_EQ(spec.fallback(), v1::FALLBACK_POLICY_FORBID);
    EXPECT_EQ(spec.engine(), "noload");
    EXPECT_EQ(spec.output_bytes_max(), 0);
}

TEST(Convert, LeavesDefaultsToTheServer) {
    job_request request;
    request.spec.operation = jobs::operation::decompress;
    request.spec.output_bytes_max = 1000;

    const v1::JobSpec spec = to_message(request, "/");

    EXPECT_EQ(spec.level(), 0);
    EXPECT_EQ(spec.format(), v1::FORMAT_UNSPECIFIED);
    EXPECT_EQ(spec.member_bytes(), 0);
    EXPECT_EQ(spec.output_bytes_max(), 1000);
}

TEST(Convert, TakesAFileAsTheServerSawIt) {
    v1::FileResult file;
    file.set_source("a\xff");
    file.set_destination("b");
    file.set_bytes_in(10);
    file.set_bytes_out(5);
    file.set_crc32(7);
    auto& path = *file.add_paths();
    path.set_data_path(v1::DATA_PATH_P2P);
    path.set_bytes(10);
    path.set_device("nvme1");
    google::rpc::Status warning;
    warning.ParseFromString(
        refusal(grpc::StatusCode::OK, "METADATA_LOST", "its owner").error_details());
    *file.add_warnings() = warning;

    v1::LevelBytes& level = *file.add_levels();
    level.set_level(4);
    level.set_bytes(9);

    const jobs::file_result result = from_message(file);

    EXPECT_EQ(result.source, "a\xff");
    EXPECT_EQ(result.bytes_in, 10u);
    EXPECT_EQ(result.bytes_out, 5u);
    EXPECT_EQ(result.crc32, 7u);
    ASSERT_EQ(result.paths.size(), 1u);
    EXPECT_EQ(result.paths[0].path, jobs::data_path::p2p);
    EXPECT_EQ(result.paths[0].device, "nvme1");
    EXPECT_FALSE(result.error);
    ASSERT_EQ(result.warnings.size(), 1u);
    EXPECT_EQ(result.warnings[0].reason, jobs::reason::metadata_lost);
    EXPECT_THAT(result.levels, ElementsAre(pipeline::level_bytes{4, 9}));
}

TEST(ServerJson, IsAsDocumented) {
    v1::Job job;
    job.set_name("jobs/1");
    job.set_state(v1::JOB_STATE_FAILED);
    job.mutable_create_time()->set_seconds(1'000'000'000);
    v1::ServerInfo info;
    info.set_version("1.2.3");
    info.add_formats(v1::FORMAT_GZIP);
    info.set_output_bytes_max(std::int64_t{1} << 40);

    expect_as_documented(job_json(job));
    expect_as_documented(server_json(info, "unix:/x"));

    EXPECT_EQ(job_json(job).at("create_time"), "2001-09-09T01:46:40Z");
    EXPECT_TRUE(job_json(job).at("start_time").is_null());
    EXPECT_EQ(server_json(info, "unix:/x").at("formats").as_array().at(0), "GZIP");
    EXPECT_EQ(server_json(info, "unix:/x").at("output_bytes_max"), std::int64_t{1} << 40);
    EXPECT_EQ(job_row(job).find("jobs/1"), 0u);
    EXPECT_THAT(server_text(info, "unix:/x"), HasSubstr("peerpressd 1.2.3 at unix:/x"));
}

// ---- jobs

v1::JobEvent snapshot(v1::JobState state, std::int64_t sequence = 0) {
    v1::JobEvent event;
    event.set_sequence(sequence);
    event.mutable_snapshot()->set_name("jobs/1");
    event.mutable_snapshot()->set_state(state);
    return event;
}

v1::JobEvent file_event(std::int64_t sequence, const std::string& source) {
    v1::JobEvent event;
    event.set_sequence(sequence);
    event.mutable_file()->set_source(source);
    return event;
}

class collecting_listener final : public job_listener {
public:
    void on_progress(const progress_sample&) override { ++samples; }
    void on_file(const jobs::file_result& file) override { files.push_back(file.source); }
    std::vector<std::string> files;
    int samples = 0;
};

class Jobs : public testing::Test {
protected:
    fake_server fake_;
    std::shared_ptr<server_connection> server_ = fake_.connect();
    collecting_listener listener_;
    const watch_options quick_{.attempts_max = 3, .pause = 1ms};
};

TEST_F(Jobs, ResumesAWatchWhereItBroke) {
    fake_.watches = {[](const auto&, auto& events) -> grpc::Status {
                         events.Write(snapshot(v1::JOB_STATE_RUNNING));
                         events.Write(file_event(4, "a"));
                         return {grpc::StatusCode::UNAVAILABLE, "gone"};
                     },
                     [](const auto&, auto& events) {
                         events.Write(snapshot(v1::JOB_STATE_RUNNING, 4));
                         events.Write(file_event(5, "b"));
                         events.Write(snapshot(v1::JOB_STATE_PARTIAL, 5));
                         return grpc::Status::OK;
                     }};

    const auto job = watch_job(*server_, "jobs/1", listener_, {}, quick_);

    ASSERT_TRUE(job);
    EXPECT_EQ(job->state(), v1::JOB_STATE_PARTIAL);
    EXPECT_THAT(listener_.files, ElementsAre("a", "b"));
    ASSERT_EQ(fake_.watched.size(), 2u);
    EXPECT_EQ(fake_.watched[0].after_sequence(), 0);
    EXPECT_TRUE(fake_.watched[0].include_files());
    EXPECT_EQ(fake_.watched[1].after_sequence(), 4);
}

TEST_F(Jobs, ResumesAWatchThatMetTheServerInItsLastMoments) {
    fake_.watches = {[](const auto&, auto&) { return grpc::Status::CANCELLED; },
                     [](const auto&, auto& events) {
                         events.Write(snapshot(v1::JOB_STATE_SUCCEEDED));
                         return grpc::Status::OK;
                     }};

    const auto job = watch_job(*server_, "jobs/1", listener_, {}, quick_);

    ASSERT_TRUE(job);
    EXPECT_EQ(job->state(), v1::JOB_STATE_SUCCEEDED);
    EXPECT_EQ(fake_.watched.size(), 2u);
}

TEST(ServerError, TakesACallThatEndsWithoutAReasonForAServerThatHasGone) {
    for (const grpc::StatusCode code :
         {grpc::StatusCode::UNAVAILABLE, grpc::StatusCode::CANCELLED}) {
        const server_error error = make_server_error(grpc::Status(code, "cut"), "unix:/s");
        EXPECT_TRUE(error.lost());
        EXPECT_EQ(error.exit_code(), jobs::exit_no_server);
    }
}

TEST_F(Jobs, GivesUpAServerThatStaysAwayAndSaysHowToComeBack) {
    fake_.watches = {[](const auto&, auto&) {
        return refusal(grpc::StatusCode::UNAVAILABLE, "DRAINING", "going away");
    }};

    try {
        watch_job(*server_, "jobs/1", listener_, {}, quick_);
        FAIL();
    } catch (const server_error& error) {
        EXPECT_EQ(error.exit_code(), 4);
        EXPECT_THAT(error.what(), HasSubstr("peerpress watch jobs/1"));
    }
    EXPECT_EQ(fake_.watched.size(), 3u);
}

TEST_F(Jobs, DoesNotWaitForAJobThatIsNotThere) {
    fake_.watches = {[](const auto&, auto&) {
        return refusal(grpc::StatusCode::NOT_FOUND, "JOB_NOT_FOUND", "no such job");
    }};

    EXPECT_THROW(watch_job(*server_, "jobs/1", listener_, {}, quick_), server_error);

    EXPECT_EQ(fake_.watched.size(), 1u);
}

TEST_F(Jobs, LeavesAWatchWhenAsked) {
    std::stop_source leave;
    fake_.watches = {[&leave](const auto&, auto& events) {
        events.Write(snapshot(v1::JOB_STATE_RUNNING));
        leave.request_stop();
        // Until the client is gone.
        for (int i = 0; i < 2000 && events.Write(snapshot(v1::JOB_STATE_RUNNING)); ++i)
            std::this_thread::sleep_for(5ms);
        return grpc::Status::OK;
    }};

    EXPECT_EQ(watch_job(*server_, "jobs/1", listener_, leave.get_token(), quick_), std::nullopt);
}

TEST_F(Jobs, AsksForAJobOnceHoweverOftenItHasTo) {
    fake_.create_answers = {{grpc::StatusCode::UNAVAILABLE, "lost"}, grpc::Status::OK};

    EXPECT_EQ(server_->create_job({}, false).name(), "jobs/1");

    ASSERT_EQ(fake_.created.size(), 2u);
    EXPECT_EQ(fake_.created[0].request_id(), fake_.created[1].request_id());
    EXPECT_THAT(fake_.created[0].request_id(),
                testing::MatchesRegex(
                    "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"));
    server_->create_job({}, false);
    EXPECT_NE(fake_.created[2].request_id(), fake_.created[1].request_id());
}

TEST_F(Jobs, DoesNotRepeatWhatWasRefused) {
    fake_.create_answers = {refusal(grpc::StatusCode::UNAVAILABLE, "DRAINING", "going away")};

    EXPECT_THROW(server_->create_job({}, false), server_error);

    EXPECT_EQ(fake_.created.size(), 1u);
}

TEST_F(Jobs, CancelsAtTheFirstInterruptionAndReportsWhatBecameOfIt) {
    interruption interrupted;
    fake_.watches = {[&](const auto&, auto& events) {
        events.Write(snapshot(v1::JOB_STATE_RUNNING));
        interrupted.request_stop();
        for (int i = 0; i < 2000; ++i) {
            const std::lock_guard lock(fake_.mutex);
            if (!fake_.cancelled.empty()) break;
            std::this_thread::sleep_for(1ms);
        }
        events.Write(snapshot(v1::JOB_STATE_CANCELLED));
        return grpc::Status::OK;
    }};
    job_request request;
    request.spec.sources = {"/a"};

    const job_end end = server_jobs(server_).run(request, listener_, interrupted);

    EXPECT_EQ(end.outcome.state, jobs::job_state::cancelled);
    EXPECT_EQ(end.job, "jobs/1");
    EXPECT_FALSE(end.detached);
    EXPECT_THAT(fake_.cancelled, ElementsAre("jobs/1"));
}

TEST_F(Jobs, ChecksWithoutQueueing) {
    job_request request;
    request.spec.sources = {"/a"};

    EXPECT_FALSE(server_jobs(server_).check(request));

    ASSERT_EQ(fake_.created.size(), 1u);
    EXPECT_TRUE(fake_.created[0].validate_only());
}

// ---- which server

class FindServer : public testing::Test {
protected:
    void SetUp() override {
        ::unsetenv("PEERPRESS_SERVER");
        ::setenv("XDG_RUNTIME_DIR", fake_.runtime_directory().c_str(), 1);
    }
    fake_server fake_;
};

TEST_F(FindServer, TakesTheLocalOneWhenItAnswers) {
    const found_server found = find_server({});

    ASSERT_TRUE(found.connection);
    EXPECT_FALSE(found.named);
    EXPECT_EQ(found.connection->address().socket_path, fake_.socket());
    EXPECT_FALSE(find_server({.address = {}, .in_process = true}).connection);
}

TEST_F(FindServer, PassesOverALocalOneThatIsAboutToStop) {
    fake_.info.set_draining(true);

    EXPECT_FALSE(find_server({}).connection);
    EXPECT_TRUE(find_server({.address = fake_.socket(), .in_process = false}).connection);
}

TEST_F(FindServer, PrefersTheOptionToTheEnvironment) {
    ::setenv("PEERPRESS_SERVER", "unix:/nowhere/sock", 1);

    EXPECT_THROW(find_server({}), server_error);
    EXPECT_TRUE(find_server({.address = fake_.socket(), .in_process = false}).named);
    EXPECT_FALSE(find_server({.address = {}, .in_process = true}).connection);
    ::unsetenv("PEERPRESS_SERVER");
}

TEST_F(FindServer, SaysWhereItLooked) {
    ::setenv("XDG_RUNTIME_DIR", "/nowhere", 1);
    try {
        if (require_server({}).connection) GTEST_SKIP() << "this machine has a server";
        FAIL();
    } catch (const server_error& error) {
        EXPECT_EQ(error.exit_code(), 4);
        EXPECT_THAT(error.what(), HasSubstr("/nowhere/peerpress/peerpressd.sock"));
    }
}

// ---- accelerators

TEST(DevicesCommand, DrainsAnAcceleratorAndShowsWhatBecameOfIt) {
    fake_server fake;

    const auto run = test::run_program(
        {PEERPRESS_PROGRAM, "devices", "drain", "S1", "S2", "--server", fake.socket()});

    EXPECT_EQ(run.exit_code, 0) << run.err;
    EXPECT_THAT(run.out, HasSubstr("serial S1"));
    EXPECT_THAT(run.out, HasSubstr("serial S2"));
    EXPECT_THAT(run.out, HasSubstr(", drained\n"));
}

TEST(DevicesCommand, SaysThatTheServerDoesNotPermitIt) {
    fake_server fake;

    const auto run = test::run_program(
        {PEERPRESS_PROGRAM, "devices", "return", "S1", "--server", fake.socket()});

    EXPECT_EQ(run.exit_code, 5);
    EXPECT_THAT(run.err, HasSubstr("no administrator asks for S1"));
}

}  // namespace
}  // namespace peerpress::client
