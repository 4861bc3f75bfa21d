#include "server/transform_service.hpp"

#include "io/open_flow.hpp"
#include "server/convert.hpp"
#include "server/refusal.hpp"
#include "server/status.hpp"
#include "server/transform_storage.hpp"

#include <fmt/format.h>

#include <optional>

namespace peerpress::server {

namespace {

jobs::operation operation_of(const v1::TransformOpen& open) {
    switch (open.operation()) {
        case v1::OPERATION_COMPRESS:
            return jobs::operation::compress;
        case v1::OPERATION_DECOMPRESS:
            return jobs::operation::decompress;
        case v1::OPERATION_TEST:
            return jobs::operation::test;
        default:
            refuse("open.operation",
                   "name OPERATION_COMPRESS, OPERATION_DECOMPRESS or OPERATION_TEST");
    }
}

}  // namespace

struct transformer::transfer {
    transfer(transform_stream& on, pipeline::lane& lane, jobs::job_spec what)
        : stream(on), spec(std::move(what)), flow(lane.staging()), source(on), target(on) {}

    transform_stream& stream;
    jobs::job_spec spec;
    io::open_flow flow;
    transform_source source;
    transform_target target;
    std::shared_ptr<pipeline::transfer_progress> progress =
        std::make_shared<pipeline::transfer_progress>();
};

grpc::ServerBidiReactor<v1::TransformRequest, v1::TransformResponse>* transformer::serve(
    grpc::CallbackServerContext* context) {
    auto stream = transform_stream::make(calls_, context, lane_.executor(), options_.idle_max);
    asio::co_spawn(lane_.executor(), run(stream), asio::detached);
    return stream.get();
}

void transformer::stop_running() {
    draining_ = stopping_ = true;
    asio::post(lane_.executor(), [this] {
        for (transform_stream* stream : streams_) stream->give_up();
    });
}

awaitable<> transformer::run(transform_stream::pointer stream) {
    grpc::Status status = co_await outcome(stream);
    co_await stream->finish(std::move(status));
}

awaitable<grpc::Status> transformer::outcome(transform_stream::pointer stream) {
    std::exception_ptr error;
    streams_.insert(stream.get());
    ++running_;
    try {
        refuse_when_busy();
        co_await transform(*stream);
    } catch (...) {
        error = std::current_exception();
    }
    --running_;
    streams_.erase(stream.get());
    if (!error) co_return grpc::Status::OK;
    // The pipeline says "aborted"; the client is told by what.
    if (stopping_ && to_problem(error).reason == jobs::reason::cancelled) {
        co_return to_grpc_status(
            {jobs::reason::draining, "the server is shutting down: send again later"});
    }
    co_return to_grpc_status(error);
}

void transformer::refuse_when_busy() {
    if (draining_) {
        throw refusal(jobs::reason::draining,
                      "the server is shutting down and takes no new streams");
    }
    if (running_ > options_.running_max) {
        throw refusal(
            jobs::reason::too_many_jobs,
            fmt::format("{} streams are under way (transform.running_max): try again later",
                        options_.running_max));
    }
}

awaitable<> transformer::transform(transform_stream& stream) {
    const bool came = co_await stream.read();
    if (!came || !stream.message().has_open()) refuse("message", "the first one must be open");
    v1::TransformOpen open = stream.message().open();
    co_await move(stream, std::move(open));
}

awaitable<> transformer::move(transform_stream& stream, v1::TransformOpen open) {
    const v1::JobSpec spec = resolve(as_spec(open), options_.limits);
    const jobs::operation operation = operation_of(open);
    transfer job(stream, lane_, to_job_spec(spec, options_.limits));

    v1::TransformResponse opened;
    opened.mutable_opened()->set_device(lane_.engine().name());
    opened.mutable_opened()->set_max_data_bytes(transform_data_bytes_max);
    const bool there = co_await stream.write(std::move(opened));
    if (!there) throw refusal(jobs::reason::cancelled, "the client has gone");

    listener_.began(operation, job.progress);
    v1::TransformResponse last;
    std::exception_ptr error;
    try {
        *last.mutable_summary() = co_await transfer_all(job);
    } catch (...) {
        error = std::current_exception();
    }
    listener_.ended(job.progress, !error);
    if (error) std::rethrow_exception(error);
    co_await stream.write(std::move(last));
}

awaitable<v1::TransformSummary> transformer::transfer_all(transfer& job) {
    const bool tests = job.spec.operation == jobs::operation::test;
    const pipeline::route route{.lane = lane_,
                                .flow = job.flow.id(),
                                .source = job.source,
                                .target = tests ? nullptr : &job.target,
                                .stop = job.stream.stop(),
                                .progress = *job.progress};
    pipeline::transfer_report report;
    if (job.spec.operation == jobs::operation::compress) {
        const pipeline::compress_options options{.container = job.spec.container,
                                                 .level = job.spec.level,
                                                 .codec = job.spec.codec,
                                                 .member_bytes = job.spec.member_bytes};
        report = co_await pipeline::compress(route, options);
    } else {
        pipeline::decompress_options options{.container = std::nullopt,
                                             .output_bytes_max = job.spec.output_bytes_max,
                                             .range = std::nullopt};
        if (job.spec.container_given) options.container = job.spec.container;
        report = co_await pipeline::decompress(route, options);
    }
    co_await job.source.drain();

    v1::TransformSummary summary;
    summary.set_bytes(static_cast<std::int64_t>(job.target.sent().bytes));
    summary.set_crc32(job.target.sent().crc32);
    summary.set_trailing_garbage_bytes(static_cast<std::int64_t>(report.trailing_garbage_bytes));
    *summary.add_paths() = software_path(report.bytes_in);
    co_return summary;
}

}  // namespace peerpress::server
