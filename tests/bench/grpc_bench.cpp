// What tests/bench measures that has to be a gRPC client, or server, of its own: the program's
// start would count otherwise.
//
//     grpc_bench echo SOCKET                      serve TransformService as a bare echo, until
//     killed grpc_bench stream ADDRESS FILE LEVEL        FILE through TransformService, from memory
//     to nowhere grpc_bench latency ADDRESS FILE COUNT DIR   FILE as a job, COUNT times, one after
//     another
//
// Prints one line of JSON.
#include "client/remote/server_connection.hpp"
#include "client/remote/server_jobs.hpp"
#include "client/report/reporter.hpp"

#include <grpcpp/server_builder.h>
#include <zlib.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <thread>

namespace {

using namespace peerpress;
using clock_type = std::chrono::steady_clock;

double seconds_since(clock_type::time_point start) {
    return std::chrono::duration<double>(clock_type::now() - start).count();
}

std::string content_of(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    if (!in || text.str().empty()) throw std::runtime_error(path + ": cannot be read");
    return std::move(text).str();
}

// Opened, then each piece as it came, without looking at it.
class echo final : public v1::TransformService::Service {
    grpc::Status Transform(
        grpc::ServerContext*,
        grpc::ServerReaderWriter<v1::TransformResponse, v1::TransformRequest>* stream) override {
        v1::TransformRequest request;
        v1::TransformResponse response;
        while (stream->Read(&request)) {
            if (request.has_open())
                response.mutable_opened()->set_max_data_bytes(1 << 20);
            else if (request.has_finish())
                response.mutable_summary();
            else
                response.mutable_data()->swap(*request.mutable_data());
            if (!stream->Write(response)) break;
        }
        return grpc::Status::OK;
    }
};

int serve_echo(const std::string& socket) {
    echo service;
    grpc::ServerBuilder builder;
    builder.AddListeningPort("unix:" + socket, grpc::InsecureServerCredentials());
    builder.RegisterService(&service);
    builder.SetMaxReceiveMessageSize(8 << 20);
    builder.BuildAndStart()->Wait();
    return 0;
}

client::server_connection connect(const std::string& address) {
    const auto parsed = client::parse_server_address(address, "/");
    if (!parsed) throw std::runtime_error(address + ": no address");
    return client::server_connection(*parsed);
}

int stream(const std::string& address, const std::string& path, int level) {
    const std::string data = content_of(path);
    client::server_connection server = connect(address);
    const auto start = clock_type::now();
    grpc::ClientContext context;
    const auto call = server.transforms().Transform(&context);
    v1::TransformRequest request;
    request.mutable_open()->set_operation(v1::OPERATION_COMPRESS);
    request.mutable_open()->set_level(level);
    v1::TransformResponse opened;
    if (!call->Write(request) || !call->Read(&opened)) throw std::runtime_error("not opened");
    const auto piece_bytes = static_cast<std::size_t>(opened.opened().max_data_bytes());

    std::uint64_t received = 0;
    std::thread reader([&call, &received] {
        v1::TransformResponse response;
        while (call->Read(&response)) received += response.data().size();
    });
    uLong crc = 0;
    for (std::size_t at = 0; at < data.size(); at += piece_bytes) {
        request.mutable_data()->assign(data, at, piece_bytes);
        const std::string& piece = request.data();
        crc = ::crc32_z(crc, reinterpret_cast<const Bytef*>(piece.data()), piece.size());
        if (!call->Write(request)) break;
    }
    request.mutable_finish()->set_bytes(static_cast<std::int64_t>(data.size()));
    request.mutable_finish()->set_crc32(static_cast<std::uint32_t>(crc));
    call->Write(request);
    call->WritesDone();
    reader.join();
    const grpc::Status status = call->Finish();
    if (!status.ok()) throw std::runtime_error(status.error_message());
    std::cout << "{\"seconds\": " << seconds_since(start) << ", \"bytes_in\": " << data.size()
              << ", \"bytes_out\": " << received << "}\n";
    return 0;
}

class deaf_listener final : public client::job_listener {
    void on_progress(const client::progress_sample&) override {}
    void on_file(const jobs::file_result&) override {}
};

int latency(const std::string& address, const std::string& path, int count,
            const std::string& directory) {
    client::interruption interrupted;
    client::server_jobs server(
        std::make_shared<client::server_connection>(connect(address).address()));
    deaf_listener listener;
    std::cout << "{\"ms\": [";
    for (int i = 0; i < count && !interrupted.cancelled().stop_requested(); ++i) {
        client::job_request request;
        request.spec.operation = jobs::operation::compress;
        request.spec.sources = {std::filesystem::absolute(path).string()};
        request.spec.destination = directory + "/latency." + std::to_string(i) + ".gz";
        request.level_given = true;
        const auto start = clock_type::now();
        const client::job_end end = server.run(request, listener, interrupted);
        const double ms = 1000 * seconds_since(start);
        if (end.outcome.state != jobs::job_state::succeeded)
            throw std::runtime_error(end.outcome.error.message);
        std::cout << (i == 0 ? "" : ", ") << ms;
        std::filesystem::remove(request.spec.destination);
    }
    std::cout << "]}\n";
    return 0;
}

int run(const std::vector<std::string>& words) {
    const std::string what = words.empty() ? "" : words[0];
    if (what == "echo" && words.size() == 2) return serve_echo(words[1]);
    if (what == "stream" && words.size() == 4)
        return stream(words[1], words[2], std::stoi(words[3]));
    if (what == "latency" && words.size() == 5)
        return latency(words[1], words[2], std::stoi(words[3]), words[4]);
    std::cerr << "grpc_bench: see its source\n";
    return 2;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return run({argv + 1, argv + argc});
    } catch (const std::exception& error) {
        std::cerr << "grpc_bench: " << error.what() << "\n";
        return 1;
    }
}
