// A daemon in this process, with a client's stubs connected to its socket.
#pragma once

#include "google/rpc/error_details.pb.h"
#include "peerpress/v1/job_service.grpc.pb.h"
#include "peerpress/v1/server_service.grpc.pb.h"
#include "peerpress/v1/transform_service.grpc.pb.h"
#include "server/daemon.hpp"
#include "tests/server/fake_runner.hpp"
#include "tests/support/temp_dir.hpp"

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>

namespace peerpress::test {

// Everything a daemon of a test needs, below one directory.
inline server::config test_config(const temp_dir& directory) {
    server::config c;
    c.listen.unix_path = directory / "d.sock";
    c.state.directory = directory / "state";
    c.codec.threads = 1;
    c.staging.slots = 4;
    c.transform.slots = 4;
    c.transform.running_max = 2;
    return c;
}

// gRPC shares connections between channels of one address and one set of arguments; tests restart
// their servers.
inline std::shared_ptr<grpc::Channel> connect(const std::string& address) {
    grpc::ChannelArguments arguments;
    arguments.SetInt("grpc.use_local_subchannel_pool", 1);
    arguments.SetInt("grpc.initial_reconnect_backoff_ms", 20);
    arguments.SetInt("grpc.min_reconnect_backoff_ms", 20);
    arguments.SetInt("grpc.max_reconnect_backoff_ms", 100);
    return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

struct call_context : grpc::ClientContext {
    call_context() { set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20)); }
};

inline google::rpc::ErrorInfo error_info(const grpc::Status& status) {
    google::rpc::Status details;
    google::rpc::ErrorInfo info;
    if (details.ParseFromString(status.error_details()) && details.details_size() > 0) {
        details.details(0).UnpackTo(&info);
    }
    return info;
}
inline std::string reason_of(const grpc::Status& status) {
    return error_info(status).reason();
}

inline bool eventually(const std::function<bool()>& holds,
                       std::chrono::seconds within = std::chrono::seconds(20)) {
    const auto deadline = std::chrono::steady_clock::now() + within;
    while (!holds()) {
        if (std::chrono::steady_clock::now() > deadline) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return true;
}

// Jobs are carried out by a fake that does as it is told; streams by the pipeline.
class DaemonTest : public testing::Test {
protected:
    ~DaemonTest() override { stop(); }

    void start() {
        server::daemon_seams seams;
        seams.make_runner = [this](pipeline::lane&) { return std::make_unique<forward>(runner_); };
        daemon_ = std::make_unique<server::daemon>(config_, seams);
        connect_to(daemon_->addresses().front());
    }
    void connect_to(const std::string& address) {
        channel_ = connect(address);
        jobs_ = v1::JobService::NewStub(channel_);
        server_ = v1::ServerService::NewStub(channel_);
        transforms_ = v1::TransformService::NewStub(channel_);
    }
    void stop() {
        if (daemon_) daemon_->stop(std::chrono::seconds(0));
        daemon_.reset();
    }

    static v1::JobSpec spec_of(const std::string& source) {
        v1::JobSpec spec;
        spec.set_operation(v1::OPERATION_COMPRESS);
        spec.add_sources(source);
        return spec;
    }
    v1::Job create(const v1::JobSpec& spec) {
        v1::CreateJobRequest request;
        *request.mutable_job() = spec;
        v1::Job job;
        call_context context;
        const grpc::Status status = jobs_->CreateJob(&context, request, &job);
        EXPECT_TRUE(status.ok()) << status.error_message();
        return job;
    }
    grpc::Status create_status(const v1::JobSpec& spec) {
        v1::CreateJobRequest request;
        *request.mutable_job() = spec;
        v1::Job job;
        call_context context;
        return jobs_->CreateJob(&context, request, &job);
    }
    v1::Job get(const std::string& name) {
        v1::GetJobRequest request;
        request.set_name(name);
        v1::Job job;
        call_context context;
        const grpc::Status status = jobs_->GetJob(&context, request, &job);
        EXPECT_TRUE(status.ok()) << status.error_message();
        return job;
    }
    bool reaches(const std::string& name, v1::JobState state) {
        return eventually([&] { return get(name).state() == state; });
    }

    temp_dir directory_;
    server::config config_ = test_config(directory_);
    fake_runner runner_;
    std::unique_ptr<server::daemon> daemon_;
    std::shared_ptr<grpc::Channel> channel_;
    std::unique_ptr<v1::JobService::Stub> jobs_;
    std::unique_ptr<v1::ServerService::Stub> server_;
    std::unique_ptr<v1::TransformService::Stub> transforms_;

private:
    // The daemon owns its runner; the test keeps the one it gives orders to.
    class forward final : public server::job_runner {
    public:
        explicit forward(fake_runner& to) : to_(to) {}
        awaitable<jobs::job_outcome> run(jobs::job_spec spec,
                                         server::run_context context) override {
            return to_.run(std::move(spec), std::move(context));
        }
        awaitable<> tidy(jobs::job_spec spec, server::run_context context) override {
            return to_.tidy(std::move(spec), std::move(context));
        }

    private:
        fake_runner& to_;
    };
};

}  // namespace peerpress::test
