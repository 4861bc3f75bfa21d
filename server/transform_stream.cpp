#include "server/transform_stream.hpp"

#include "server/refusal.hpp"

#include <fmt/format.h>

#include <cassert>

namespace peerpress::server {

namespace {

// A good part of what a shutdown waits for calls (server/daemon.cpp), and not all of it.
constexpr std::chrono::milliseconds last_write_max{1000};

}  // namespace

transform_stream::pointer transform_stream::make(open_calls& calls,
                                                 grpc::CallbackServerContext* context,
                                                 asio::any_io_executor lane,
                                                 std::chrono::steady_clock::duration idle_max) {
    const pointer stream(new transform_stream(calls, context, std::move(lane), idle_max));
    stream->self_ = stream;
    return stream;
}

transform_stream::transform_stream(open_calls& calls, grpc::CallbackServerContext* context,
                                   asio::any_io_executor lane,
                                   std::chrono::steady_clock::duration idle_max)
    : ticket_(calls),
      context_(context),
      lane_(std::move(lane)),
      idle_max_(idle_max),
      reading_(lane_),
      writing_(lane_) {}

awaitable<bool> transform_stream::read() {
    if (!reads_ahead_) read_ahead();
    reads_ahead_ = false;
    co_return co_await complete(reading_, "sent");
}

void transform_stream::read_ahead() {
    assert(!reading_.pending && !reads_ahead_);
    reads_ahead_ = true;
    reading_.pending = true;
    StartRead(&incoming_);
}

awaitable<bool> transform_stream::write(v1::TransformResponse message) {
    assert(!writing_.pending);
    outgoing_ = std::move(message);
    writing_.pending = true;
    StartWrite(&outgoing_);
    co_return co_await complete(writing_, "taken");
}

awaitable<bool> transform_stream::complete(operation& operation, const char* what) {
    if (!operation.pending) co_return operation.ok;  // it was read ahead, and is there
    // Ended early by done() or give_up(). The answer cannot come between: it is posted to this
    // executor.
    operation.timer.expires_after(given_up_ ? std::chrono::steady_clock::duration::zero()
                                            : idle_max_);
    co_await operation.timer.async_wait(asio::as_tuple(asio::use_awaitable));
    if (!operation.pending) co_return operation.ok;
    if (given_up_) {
        throw refusal(jobs::reason::draining, "the server is shutting down: send again later");
    }
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(idle_max_).count();
    throw refusal(jobs::reason::cancelled,
                  fmt::format("nothing was {} for {} s (transform.idle_seconds)", what, seconds));
}

void transform_stream::give_up() {
    given_up_ = true;
    stop_.request_stop();
    reading_.timer.cancel();
    writing_.timer.cancel();
}

void transform_stream::done(operation& operation, bool ok) {
    operation.pending = false;
    operation.ok = ok;
    operation.timer.cancel();
}

awaitable<> transform_stream::finish(grpc::Status status) {
    // gRPC takes a status behind the last message only, and one that nobody reads is never taken.
    if (writing_.pending) co_await wait_for_write(last_write_max);
    if (writing_.pending) context_->TryCancel();
    while (writing_.pending) co_await wait_for_write(std::chrono::seconds(1));
    // A pending read ends with the call, and writes into this object, which lives until then.
    Finish(std::move(status));
}

// Or less long.
awaitable<> transform_stream::wait_for_write(std::chrono::steady_clock::duration at_most) {
    writing_.timer.expires_after(at_most);
    co_await writing_.timer.async_wait(asio::as_tuple(asio::use_awaitable));
}

void transform_stream::OnReadDone(bool ok) {
    asio::post(lane_, [stream = shared_from_this(), ok] { stream->done(stream->reading_, ok); });
}

void transform_stream::OnWriteDone(bool ok) {
    asio::post(lane_, [stream = shared_from_this(), ok] { stream->done(stream->writing_, ok); });
}

void transform_stream::OnCancel() {
    // gRPC now ends what is pending, which wakes the transfer.
    asio::post(lane_, [stream = shared_from_this()] { stream->stop_.request_stop(); });
}

}  // namespace peerpress::server
