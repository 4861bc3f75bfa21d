#include "server/refusal.hpp"
#include "server/unix_socket.hpp"
#include "tests/server/daemon_fixture.hpp"

#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <gmock/gmock.h>
#include <grpcpp/impl/codegen/client_unary_call.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>
#include <set>

namespace peerpress::server {
namespace {

namespace http = boost::beast::http;
using test::call_context;
using test::reason_of;
using testing::HasSubstr;

// The text at an endpoint of ours.
http::response<http::string_body> fetch(const std::string& address, const std::string& target,
                                        http::verb verb = http::verb::get) {
    asio::io_context context;
    const endpoint at = *parse_endpoint(address);
    http::request<http::empty_body> request{verb, target, 11};
    http::response<http::string_body> response;
    boost::beast::flat_buffer buffer;
    const auto exchange = [&](auto& socket) {
        http::write(socket, request);
        http::response_parser<http::string_body> parser;
        parser.skip(verb == http::verb::head);
        http::read(socket, buffer, parser);
        response = parser.release();
    };
    if (at.unix_path.empty()) {
        asio::ip::tcp::socket socket(context);
        socket.connect({asio::ip::make_address(at.address), at.port});
        exchange(socket);
    } else {
        asio::local::stream_protocol::socket socket(context);
        socket.connect(at.unix_path);
        exchange(socket);
    }
    return response;
}

class Daemon : public test::DaemonTest {
protected:
    std::string start_failure() {
        try {
            server::daemon second(config_);
        } catch (const std::exception& e) {
            return e.what();
        }
        return "";
    }
    std::set<std::string> watched_names() {
        call_context context;
        auto reader = server_->WatchStats(&context, {});
        v1::StatsSample sample;
        EXPECT_TRUE(reader->Read(&sample));
        context.TryCancel();
        v1::StatsSample rest;
        while (reader->Read(&rest)) {
        }
        reader->Finish();
        std::set<std::string> names;
        for (const auto& metric : sample.metrics()) names.insert(metric.name());
        return names;
    }
    // Calls a standard service that Debian packages no C++ stubs for, with messages that look the
    // same on the wire.
    grpc::Status call(const char* method, const v1::GetJobRequest& request,
                      v1::ListJobsRequest& response) {
        call_context context;
        const grpc::internal::RpcMethod rpc(method, grpc::internal::RpcMethod::NORMAL_RPC);
        return grpc::internal::BlockingUnaryCall<google::protobuf::MessageLite,
                                                 google::protobuf::MessageLite>(
            channel_.get(), rpc, &context, request, &response);
    }
    // HealthCheckRequest{string service = 1}, HealthCheckResponse{ServingStatus status = 1}; -1: no
    // such service.
    int health(const std::string& service) {
        v1::GetJobRequest request;
        request.set_name(service);
        v1::ListJobsRequest response;
        return call("/grpc.health.v1.Health/Check", request, response).ok() ? response.page_size()
                                                                            : -1;
    }
    static constexpr int serving = 1;
    static constexpr int not_serving = 2;
};

TEST_F(Daemon, SaysWhatItIs) {
    config_.jobs.level = 4;
    start();

    v1::ServerInfo info;
    call_context context;
    ASSERT_TRUE(server_->GetServerInfo(&context, {}, &info).ok());

    EXPECT_EQ(info.version(), PEERPRESS_VERSION);
    EXPECT_EQ(info.formats_size(), 5);
    EXPECT_EQ(info.engines(0), "software");
    EXPECT_EQ(info.staging_slots(), 4);
    EXPECT_EQ(info.staging_bytes(), 2 * 4 << 20);
    EXPECT_NE(info.staging_memory(), "");
    EXPECT_EQ(info.codec_threads(), 1);
    EXPECT_EQ(info.level_default(), 4);
    EXPECT_EQ(info.transforms_running_max(), 2);
    EXPECT_FALSE(info.draining());
    EXPECT_TRUE(info.has_start_time());
}

TEST_F(Daemon, RefusesToShareItsStateDirectory) {
    start();
    config_.listen.unix_path = directory_ / "other.sock";
    EXPECT_THAT(start_failure(), HasSubstr("another peerpressd works with this directory"));
}

TEST_F(Daemon, RefusesToTakeASocketThatAnswers) {
    start();
    config_.state.directory = directory_ / "other state";
    EXPECT_THAT(start_failure(), HasSubstr("another server answers there"));
    EXPECT_TRUE(test::eventually([&] {
        call_context context;
        v1::ServerInfo info;
        return server_->GetServerInfo(&context, {}, &info).ok();
    }));
}

TEST_F(Daemon, RemovesASocketThatNobodyAnswersOn) {
    ::close(listen_unix(config_.listen.unix_path, 0600));  // leaves the file behind
    start();
    create(spec_of("/a"));
}

TEST_F(Daemon, LeavesAFileAloneThatIsNoSocket) {
    std::ofstream(config_.listen.unix_path) << "precious";
    EXPECT_THAT(start_failure(), HasSubstr("is no socket"));
    std::string kept;
    std::ifstream(config_.listen.unix_path) >> kept;
    EXPECT_EQ(kept, "precious");
}

TEST_F(Daemon, TakesItsSocketAwayWhenItStops) {
    start();
    stop();
    EXPECT_FALSE(std::filesystem::exists(config_.listen.unix_path));
}

TEST_F(Daemon, ServesOnASocketThatWasPassed) {
    const std::string path = directory_ / "passed.sock";
    daemon_seams seams;
    seams.listening_fd = listen_unix(path, 0600);
    daemon_ = std::make_unique<server::daemon>(config_, seams);
    connect_to("unix:" + path);

    v1::ServerInfo info;
    call_context context;
    EXPECT_TRUE(server_->GetServerInfo(&context, {}, &info).ok());
    stop();
    EXPECT_TRUE(std::filesystem::exists(path));  // it is systemd's
}

TEST_F(Daemon, ServesStreamsButNoJobsOnTcp) {
    config_.listen.tcp = "127.0.0.1:0";
    start();
    connect_to(daemon_->addresses().at(1));

    v1::ServerInfo info;
    call_context context;
    EXPECT_TRUE(server_->GetServerInfo(&context, {}, &info).ok());
    EXPECT_EQ(create_status(spec_of("/a")).error_code(), grpc::StatusCode::UNIMPLEMENTED);
    EXPECT_EQ(health("peerpress.v1.TransformService"), serving);
}

TEST_F(Daemon, TellsItsHealth) {
    start();
    EXPECT_EQ(health(""), serving);
    EXPECT_EQ(health("peerpress.v1.JobService"), serving);
    EXPECT_EQ(health("peerpress.v1.Nothing"), -1);
}

TEST_F(Daemon, DescribesItselfByReflection) {
    start();
    v1::ListJobsRequest ignored;
    EXPECT_NE(call("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", {}, ignored)
                  .error_code(),
              grpc::StatusCode::UNIMPLEMENTED);
    EXPECT_EQ(call("/grpc.nothing.v1.Nothing/Nothing", {}, ignored).error_code(),
              grpc::StatusCode::UNIMPLEMENTED);
}

TEST_F(Daemon, DrainsBeforeItStops) {
    start();
    const v1::Job running = create(spec_of("/running"));
    ASSERT_TRUE(reaches(running.name(), v1::JOB_STATE_RUNNING));
    runner_.end("/new");  // the first of them may come before the drain
    std::thread stopper([&] { daemon_->stop(std::chrono::seconds(20)); });

    ASSERT_TRUE(
        test::eventually([&] { return reason_of(create_status(spec_of("/new"))) == "DRAINING"; }));
    EXPECT_EQ(health(""), not_serving);
    EXPECT_EQ(get(running.name()).state(), v1::JOB_STATE_RUNNING);
    v1::ServerInfo info;
    call_context context;
    EXPECT_TRUE(server_->GetServerInfo(&context, {}, &info).ok());
    EXPECT_TRUE(info.draining());
    runner_.end("/running");
    stopper.join();

    daemon_.reset();
    start();
    EXPECT_EQ(get(running.name()).state(), v1::JOB_STATE_SUCCEEDED);
}

TEST_F(Daemon, HurriesWhenTold) {
    start();
    const v1::Job running = create(spec_of("/running"));
    ASSERT_TRUE(reaches(running.name(), v1::JOB_STATE_RUNNING));
    const auto begin = std::chrono::steady_clock::now();
    std::thread stopper([&] { daemon_->stop(std::chrono::minutes(10)); });

    daemon_->hurry();
    stopper.join();

    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(20));
}

TEST_F(Daemon, IsAlive) {
    start();
    EXPECT_TRUE(daemon_->alive(std::chrono::seconds(10)));
}

TEST_F(Daemon, ServesItsMetricsByHttp) {
    for (const std::string& at :
         {std::string("127.0.0.1:0"), "unix:" + (directory_ / "m.sock").string()}) {
        config_.metrics.listen = at;
        start();
        const std::string address = daemon_->metrics_address();

        const auto response = fetch(address, "/metrics");
        EXPECT_EQ(response.result(), http::status::ok);
        EXPECT_EQ(response[http::field::content_type], "text/plain; version=0.0.4; charset=utf-8");
        EXPECT_THAT(response.body(),
                    HasSubstr("peerpress_build_info{version=\"" PEERPRESS_VERSION "\"} 1"));
        EXPECT_EQ(fetch(address, "/").result(), http::status::not_found);
        EXPECT_EQ(fetch(address, "/metrics", http::verb::post).result(),
                  http::status::method_not_allowed);
        EXPECT_EQ(fetch(address, "/metrics", http::verb::head).body(), "");
        stop();
    }
}

TEST_F(Daemon, CountsJobsAndFiles) {
    config_.metrics.listen = "127.0.0.1:0";
    start();
    jobs::file_result file;
    file.source = "/a";
    file.bytes_in = 30;
    runner_.report("/a", {file, file, file});
    runner_.end("/a");
    ASSERT_TRUE(reaches(create(spec_of("/a")).name(), v1::JOB_STATE_SUCCEEDED));
    create(spec_of("/b"));

    const auto text = [&] { return fetch(daemon_->metrics_address(), "/metrics").body(); };
    EXPECT_TRUE(test::eventually([&] {
        return text().find("peerpress_jobs{state=\"running\"} 1\n") != std::string::npos &&
               text().find("peerpress_bytes_in_total{operation=\"compress\",path=\"any\"} 90\n") !=
                   std::string::npos;
    })) << text();
    EXPECT_THAT(text(), HasSubstr("peerpress_files_total{result=\"done\"} 3\n"));
    EXPECT_THAT(text(), HasSubstr("peerpress_jobs_ended_total{state=\"succeeded\"} 1\n"));
    EXPECT_THAT(text(), HasSubstr("peerpress_job_seconds_count 1\n"));
}

TEST_F(Daemon, NamesItsMetricsTheSameEverywhere) {
    config_.metrics.listen = "127.0.0.1:0";
    start();
    std::set<std::string> families;
    std::set<std::string> samples;
    std::istringstream text(fetch(daemon_->metrics_address(), "/metrics").body());
    for (std::string line; std::getline(text, line);) {
        if (line.starts_with("# TYPE ")) {
            families.insert(line.substr(7, line.find(' ', 7) - 7));
        } else if (!line.starts_with("#")) {
            samples.insert(line.substr(0, line.find_first_of("{ ")));
        }
    }

    std::set<std::string> documented;
    std::ifstream document(PEERPRESS_DOCS "/metrics.md");
    for (std::string line; std::getline(document, line);) {
        // Those of accelerators are looked at in accelerators_test: here are none.
        if (line.starts_with("| `") && !line.starts_with("| `peerpress_accelerator_")) {
            documented.insert(line.substr(3, line.find('`', 3) - 3));
        }
    }

    EXPECT_FALSE(families.empty());
    EXPECT_EQ(families, documented);
    EXPECT_EQ(samples, watched_names());
}

TEST_F(Daemon, DrainsNoAcceleratorThatItDoesNotHave) {
    start();
    v1::DrainAcceleratorRequest request;
    request.set_name("S1");
    v1::Accelerator now;
    call_context context;

    const grpc::Status status = server_->DrainAccelerator(&context, request, &now);

    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    EXPECT_THAT(status.error_message(), HasSubstr("no accelerator has"));
}

TEST_F(Daemon, TakesOrdersFromNobodyOverTcp) {
    config_.listen.tcp = "127.0.0.1:0";
    start();
    connect_to(daemon_->addresses().back());
    v1::Accelerator now;
    call_context drain, give_back;

    EXPECT_EQ(server_->DrainAccelerator(&drain, {}, &now).error_code(),
              grpc::StatusCode::PERMISSION_DENIED);
    EXPECT_EQ(server_->ReturnAccelerator(&give_back, {}, &now).error_code(),
              grpc::StatusCode::PERMISSION_DENIED);
}

}  // namespace
}  // namespace peerpress::server
