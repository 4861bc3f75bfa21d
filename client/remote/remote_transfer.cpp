#include "client/remote/remote_transfer.hpp"

#include "client/remote/convert.hpp"
#include "client/remote/transform_call.hpp"
#include "io/task_group.hpp"
#include "jobs/problem_error.hpp"
#include "pipeline/chunk.hpp"
#include "pipeline/output.hpp"

#include <zlib.h>

#include <algorithm>
#include <exception>
#include <optional>

namespace peerpress::client {
namespace {

// What the transfers through one server share. Used on the lane's executor only, where it is first
// needed.
struct shared_server {
    std::shared_ptr<server_connection> connection;
    std::uint32_t streams_max = 1;
    std::uint32_t streams = 0;
    std::unique_ptr<io::event> stream_ended;
};

// The right to one of the streams.
class stream_permit {
public:
    explicit stream_permit(shared_server& server) : server_(server) { ++server_.streams; }
    stream_permit(const stream_permit&) = delete;
    ~stream_permit() {
        --server_.streams;
        server_.stream_ended->notify_one();
    }

private:
    shared_server& server_;
};

awaitable<> wait_for_permit(shared_server& server) {
    if (!server.stream_ended)
        server.stream_ended = std::make_unique<io::event>(co_await asio::this_coro::executor);
    while (server.streams >= server.streams_max) co_await server.stream_ended->wait();
}

std::uint32_t crc32_of(std::uint32_t crc, bytes_view data) {
    return static_cast<std::uint32_t>(
        ::crc32_z(crc, reinterpret_cast<const Bytef*>(data.data()), data.size()));
}

struct counted {
    std::uint64_t bytes = 0;
    std::uint32_t crc32 = 0;

    void add(bytes_view data) {
        bytes += data.size();
        crc32 = crc32_of(crc32, data);
    }
};

[[noreturn]] void throw_protocol_error(const std::string& what) {
    throw jobs::problem_error({jobs::reason::internal, "the server broke the protocol: " + what});
}

// One transfer's two directions. The stream's own status outranks what its breaking does to either.
class exchange {
public:
    exchange(pipeline::route& via, transform_call& call, io::staging_lease slot)
        : via_(via), call_(call), slot_(std::move(slot)), output_(via.target, via.progress) {}

    awaitable<pipeline::transfer_report> run(v1::TransformOpen open);

private:
    awaitable<> open_stream(v1::TransformOpen open);
    awaitable<> send_all();
    awaitable<> receive_all();
    awaitable<> store(const std::string& data);
    void check(const v1::TransformSummary& summary) const;
    void check_stop() const;

    pipeline::route& via_;
    transform_call& call_;
    io::staging_lease slot_;  // input: read from the source, sent; output: received, written
    pipeline::output output_;
    std::size_t data_bytes_max_ = 0;
    counted sent_;
    counted received_;
    std::uint64_t garbage_bytes_ = 0;
};

void exchange::check_stop() const {
    if (via_.stop.stop_requested()) throw system_error{asio::error::operation_aborted};
}

awaitable<> exchange::open_stream(v1::TransformOpen open) {
    v1::TransformRequest request;
    *request.mutable_open() = std::move(open);
    v1::TransformResponse response;
    const bool sent = co_await call_.send(std::move(request));
    if (!sent || !co_await call_.receive(response))
        throw system_error{asio::error::connection_aborted};
    if (!response.has_opened() || response.opened().max_data_bytes() <= 0)
        throw_protocol_error("no answer to open");
    const auto most = static_cast<std::size_t>(response.opened().max_data_bytes());
    const std::uint32_t block = pipeline::block_bytes(via_.source.traits().alignment);
    data_bytes_max_ = std::min<std::size_t>(via_.lane.options().staging.input_bytes, most);
    data_bytes_max_ = static_cast<std::size_t>(pipeline::round_down(data_bytes_max_, block));
    if (data_bytes_max_ == 0) throw_protocol_error("it takes no data");
}

awaitable<> exchange::send_all() {
    const bytes_span buffer = slot_.input().first(data_bytes_max_);
    for (;;) {
        check_stop();
        const std::size_t bytes = co_await via_.source.read(sent_.bytes, buffer);
        const bytes_view data = buffer.first(bytes);
        sent_.add(data);
        if (!data.empty()) {
            v1::TransformRequest request;
            request.set_data(data.data(), data.size());
            if (!co_await call_.send(std::move(request)))
                throw system_error{asio::error::connection_aborted};
            via_.progress.bytes_in += bytes;
        }
        if (bytes < buffer.size()) break;
    }
    v1::TransformRequest request;
    request.mutable_finish()->set_bytes(static_cast<std::int64_t>(sent_.bytes));
    request.mutable_finish()->set_crc32(sent_.crc32);
    const bool sent = co_await call_.send(std::move(request));
    if (!sent || !co_await call_.send_done()) throw system_error{asio::error::connection_aborted};
}

awaitable<> exchange::store(const std::string& data) {
    const bytes_view bytes = std::as_bytes(std::span(data));
    received_.add(bytes);
    const std::size_t step = via_.lane.options().staging.input_bytes;
    for (std::size_t at = 0; at < bytes.size(); at += step) {
        const bytes_view piece = bytes.subspan(at, std::min(step, bytes.size() - at));
        const pipeline::extent extent = output_.place(piece, slot_.output());
        co_await output_.write(extent);
    }
}

awaitable<> exchange::receive_all() {
    v1::TransformResponse response;
    while (co_await call_.receive(response)) {
        check_stop();
        if (response.has_summary()) {
            check(response.summary());
            garbage_bytes_ =
                static_cast<std::uint64_t>(response.summary().trailing_garbage_bytes());
            co_await output_.finish();
            co_return;
        }
        if (!response.has_data()) throw_protocol_error("an unknown message");
        co_await store(response.data());
    }
    throw system_error{asio::error::connection_aborted};
}

void exchange::check(const v1::TransformSummary& summary) const {
    if (static_cast<std::uint64_t>(summary.bytes()) != received_.bytes ||
        summary.crc32() != received_.crc32) {
        throw jobs::problem_error({jobs::reason::checksum_mismatch,
                                   "the data were damaged on their way from the server"});
    }
}

// A direction that fails on its own (its file, a stop) has to end the other one.
awaitable<> ending_the_call(awaitable<> direction, transform_call& call) {
    std::exception_ptr error;
    try {
        co_await std::move(direction);
    } catch (...) {
        error = std::current_exception();
    }
    if (error) {
        call.cancel();
        std::rethrow_exception(error);
    }
}

awaitable<pipeline::transfer_report> exchange::run(v1::TransformOpen open) {
    const bool compresses = open.operation() == v1::OPERATION_COMPRESS;
    co_await open_stream(std::move(open));
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    io::task_group directions(executor);
    directions.spawn(ending_the_call(send_all(), call_));
    directions.spawn(ending_the_call(receive_all(), call_));
    co_await directions.join();
    co_return pipeline::transfer_report{.bytes_in = sent_.bytes,
                                        .bytes_out = received_.bytes,
                                        .crc32 = compresses ? sent_.crc32 : received_.crc32,
                                        .members = 0,
                                        .trailing_garbage_bytes = garbage_bytes_,
                                        .serial = false};
}

// The server's reason, where the stream broke because of it; our own error else.
[[noreturn]] void rethrow(const std::exception_ptr& error, const grpc::Status& status,
                          const std::string& server) {
    try {
        std::rethrow_exception(error);
    } catch (const system_error& broken) {
        if (broken.code() != asio::error::connection_aborted || status.ok()) throw;
    }
    throw jobs::problem_error(make_server_error(status, server).problem());
}

awaitable<pipeline::transfer_report> transform(std::shared_ptr<shared_server> server,
                                               pipeline::route via, v1::TransformOpen open) {
    co_await wait_for_permit(*server);
    const stream_permit permit(*server);
    io::staging_lease slot = co_await via.lane.staging().acquire(via.flow, via.stop);
    transform_call call(co_await asio::this_coro::executor, server->connection->transforms());
    const std::stop_callback cancel(via.stop, [&call] { call.cancel(); });
    pipeline::transfer_report report;
    std::exception_ptr error;
    try {
        exchange both(via, call, std::move(slot));
        report = co_await both.run(std::move(open));
    } catch (...) {
        error = std::current_exception();
        call.cancel();
    }
    const grpc::Status status = co_await call.finish();
    if (via.stop.stop_requested()) throw system_error{asio::error::operation_aborted};
    if (error) rethrow(error, status, server->connection->address().text);
    if (!status.ok())
        throw jobs::problem_error(
            make_server_error(status, server->connection->address().text).problem());
    co_return report;
}

}  // namespace

jobs::transfer_functions remote_transfer(std::shared_ptr<server_connection> connection,
                                         std::uint32_t streams_max) {
    const auto server = std::make_shared<shared_server>();
    server->connection = std::move(connection);
    server->streams_max = std::max(streams_max, 1u);
    return {.compress =
                [server](pipeline::route via, pipeline::compress_options options) {
                    return transform(server, std::move(via), to_open(options));
                },
            .decompress =
                [server](pipeline::route via, pipeline::decompress_options options) {
                    return transform(server, std::move(via), to_open(options));
                }};
}

}  // namespace peerpress::client
