#include "server/transform_stream.hpp"

#include "server/refusal.hpp"

#include <fmt/format.h>

#include <cassert>

namespace peerpress::server {

transform_stream::pointer transform_stream::make(grpc::CallbackServerContext* context,
                                                 asio::any_io_executor lane,
                                                 std::chrono::steady_clock::duration idle_max) {
    const pointer stream(new transform_stream(context, std::move(lane), idle_max));
    stream->self_ = stream;
    return stream;
}

transform_stream::transform_stream(grpc::CallbackServerContext* context, asio::any_io_executor lane,
                                   std::chrono::steady_clock::duration idle_max)
    : context_(context),
      lane_(std::move(lane)),
      idle_max_(idle_max),
      reading_(lane_),
      writing_(lane_) {}

awaitable<bool> transform_stream::read() {
    assert(!reading_.pending);
    reading_.pending = true;
    StartRead(&incoming_);
    co_return co_await complete(reading_, "sent");
}

awaitable<bool> transform_stream::write(v1::TransformResponse message) {
    assert(!writing_.pending);
    outgoing_ = std::move(message);
    writing_.pending = true;
    StartWrite(&outgoing_);
    co_return co_await complete(writing_, "taken");
}

awaitable<bool> transform_stream::complete(operation& operation, const char* what) {
    // Ended early by done() or give_up(). The answer cannot have come before this: it is posted to
    // this executor.
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
    if (writing_.pending) context_->TryCancel();
    while (writing_.pending) {
        writing_.timer.expires_after(std::chrono::seconds(1));
        co_await writing_.timer.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    // A pending read ends with the call, and writes into this object, which lives until then.
    Finish(std::move(status));
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
