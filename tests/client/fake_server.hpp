// A server that does what a test tells it to: scripted answers, real gRPC, over a Unix socket.
#pragma once

#include "client/remote/server_connection.hpp"
#include "google/rpc/error_details.pb.h"
#include "tests/support/temp_dir.hpp"

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <zlib.h>

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace peerpress::client {

// As the server reports a problem.
inline grpc::Status refusal(grpc::StatusCode code, const std::string& reason,
                            const std::string& message) {
    google::rpc::Status rich;
    rich.set_code(code);
    rich.set_message(message);
    google::rpc::ErrorInfo info;
    info.set_reason(reason);
    info.set_domain("peerpress");
    rich.add_details()->PackFrom(info);
    return {code, message, rich.SerializeAsString()};
}

// zlib's gzip of `data`, or what that held.
inline std::string zlib_gzip(const std::string& data) {
    z_stream stream{};
    ::deflateInit2(&stream, 1, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY);
    std::string out(::deflateBound(&stream, data.size()), '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));
    stream.avail_in = static_cast<uInt>(data.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    ::deflate(&stream, Z_FINISH);
    out.resize(stream.total_out);
    ::deflateEnd(&stream);
    return out;
}
inline std::string zlib_gunzip(const std::string& data) {
    z_stream stream{};
    ::inflateInit2(&stream, 31);
    std::string out;
    std::string piece(1 << 16, '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));
    stream.avail_in = static_cast<uInt>(data.size());
    for (int state = Z_OK; state == Z_OK;) {
        stream.next_out = reinterpret_cast<Bytef*>(piece.data());
        stream.avail_out = static_cast<uInt>(piece.size());
        state = ::inflate(&stream, Z_NO_FLUSH);
        out.append(piece, 0, piece.size() - stream.avail_out);
    }
    ::inflateEnd(&stream);
    return out;
}

class fake_server {
public:
    using watch_stream = grpc::ServerWriter<v1::JobEvent>;
    using watch_script = std::function<grpc::Status(const v1::WatchJobRequest&, watch_stream&)>;
    using transform_stream = grpc::ServerReaderWriter<v1::TransformResponse, v1::TransformRequest>;

    fake_server() : job_service_(*this), server_service_(*this), transform_service_(*this) {
        grpc::ServerBuilder builder;
        builder.AddListeningPort("unix:" + socket(), grpc::InsecureServerCredentials());
        builder.RegisterService(&job_service_);
        builder.RegisterService(&server_service_);
        builder.RegisterService(&transform_service_);
        server_ = builder.BuildAndStart();
    }
    ~fake_server() { server_->Shutdown(std::chrono::system_clock::now()); }

    std::string socket() const { return directory_ / "peerpress/peerpressd.sock"; }
    const std::filesystem::path& runtime_directory() const { return directory_.path(); }
    std::shared_ptr<server_connection> connect() const {
        return std::make_shared<server_connection>(*parse_server_address(socket(), "/"));
    }

    // What to answer; the last of a row is repeated.
    std::deque<grpc::Status> create_answers;
    std::deque<watch_script> watches;
    std::function<grpc::Status(v1::TransformOpen, transform_stream&)>
        transform;  // empty: does the work
    v1::ServerInfo info;

    // What was asked.
    std::vector<v1::CreateJobRequest> created;
    std::vector<v1::WatchJobRequest> watched;
    std::vector<std::string> cancelled;
    std::mutex mutex;

    // Receives all, sends what it becomes.
    static grpc::Status do_transform(const v1::TransformOpen& open, transform_stream& stream) {
        std::string received;
        v1::TransformRequest request;
        while (stream.Read(&request)) {
            if (request.has_data()) received += request.data();
            if (request.has_finish() &&
                request.finish().bytes() != static_cast<std::int64_t>(received.size())) {
                return {grpc::StatusCode::DATA_LOSS, "bytes were lost"};
            }
        }
        send_all(stream, open.operation() == v1::OPERATION_COMPRESS ? zlib_gzip(received)
                                                                    : zlib_gunzip(received));
        return grpc::Status::OK;
    }
    static void send_all(transform_stream& stream, const std::string& data,
                         std::uint32_t crc_error = 0) {
        constexpr std::size_t piece_bytes = 100'001;  // of no round size
        v1::TransformResponse response;
        for (std::size_t at = 0; at < data.size(); at += piece_bytes) {
            response.set_data(data.substr(at, piece_bytes));
            stream.Write(response);
        }
        response.mutable_summary()->set_bytes(static_cast<std::int64_t>(data.size()));
        const auto crc = ::crc32_z(0, reinterpret_cast<const Bytef*>(data.data()), data.size());
        response.mutable_summary()->set_crc32(static_cast<std::uint32_t>(crc) ^ crc_error);
        stream.Write(response);
    }

private:
    template <class Queue>
    static auto next(Queue& queue) {
        auto answer = queue.front();
        if (queue.size() > 1) queue.pop_front();
        return answer;
    }

    class jobs final : public v1::JobService::Service {
    public:
        explicit jobs(fake_server& fake) : fake_(fake) {}
        grpc::Status CreateJob(grpc::ServerContext*, const v1::CreateJobRequest* request,
                               v1::Job* job) override {
            const std::lock_guard lock(fake_.mutex);
            fake_.created.push_back(*request);
            job->set_name("jobs/1");
            job->set_state(v1::JOB_STATE_QUEUED);
            return fake_.create_answers.empty() ? grpc::Status::OK : next(fake_.create_answers);
        }
        grpc::Status WatchJob(grpc::ServerContext*, const v1::WatchJobRequest* request,
                              watch_stream* events) override {
            watch_script script;
            {
                const std::lock_guard lock(fake_.mutex);
                fake_.watched.push_back(*request);
                script = next(fake_.watches);
            }
            return script(*request, *events);
        }
        grpc::Status CancelJob(grpc::ServerContext*, const v1::CancelJobRequest* request,
                               v1::Job* job) override {
            const std::lock_guard lock(fake_.mutex);
            fake_.cancelled.push_back(request->name());
            job->set_name(request->name());
            return grpc::Status::OK;
        }

    private:
        fake_server& fake_;
    };

    class server final : public v1::ServerService::Service {
    public:
        explicit server(fake_server& fake) : fake_(fake) {}
        grpc::Status GetServerInfo(grpc::ServerContext*, const v1::GetServerInfoRequest*,
                                   v1::ServerInfo* info) override {
            *info = fake_.info;
            return grpc::Status::OK;
        }
        grpc::Status DrainAccelerator(grpc::ServerContext*,
                                      const v1::DrainAcceleratorRequest* request,
                                      v1::Accelerator* now) override {
            now->set_serial(request->name());
            now->set_health(v1::DEVICE_HEALTH_DRAINED);
            return grpc::Status::OK;
        }
        grpc::Status ReturnAccelerator(grpc::ServerContext*,
                                       const v1::ReturnAcceleratorRequest* request,
                                       v1::Accelerator*) override {
            return refusal(grpc::StatusCode::PERMISSION_DENIED, "PERMISSION_DENIED",
                           "no administrator asks for " + request->name());
        }

    private:
        fake_server& fake_;
    };

    class transforms final : public v1::TransformService::Service {
    public:
        explicit transforms(fake_server& fake) : fake_(fake) {}
        grpc::Status Transform(grpc::ServerContext*, transform_stream* stream) override {
            v1::TransformRequest request;
            if (!stream->Read(&request) || !request.has_open())
                return {grpc::StatusCode::INVALID_ARGUMENT, "no open"};
            v1::TransformResponse response;
            response.mutable_opened()->set_device("software");
            response.mutable_opened()->set_max_data_bytes(1 << 18);
            stream->Write(response);
            return fake_.transform ? fake_.transform(request.open(), *stream)
                                   : do_transform(request.open(), *stream);
        }

    private:
        fake_server& fake_;
    };

    static std::filesystem::path made(const std::filesystem::path& path) {
        std::filesystem::create_directories(path);
        return path;
    }

    // Socket paths are short: not below the build directory.
    test::temp_dir directory_{std::filesystem::temp_directory_path()};
    std::filesystem::path folder_ = made(directory_ / "peerpress");
    jobs job_service_;
    server server_service_;
    transforms transform_service_;
    std::unique_ptr<grpc::Server> server_;
};

}  // namespace peerpress::client
