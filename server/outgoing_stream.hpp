// One server-streaming call, as a coroutine sees it: write, write, end.
//
// Two threads meet here. gRPC calls OnWriteDone, OnCancel and OnDone on threads of its own;
// everything else happens on the executor. What gRPC has to say is posted there, so that no state
// needs a lock. gRPC may use the object until OnDone, hence it owns itself until then; the
// coroutine holds another reference.
#pragma once

#include "io/asio.hpp"
#include "server/open_calls.hpp"
#include "server/status.hpp"

#include <boost/asio/any_completion_handler.hpp>
#include <grpcpp/support/server_callback.h>

#include <atomic>
#include <memory>
#include <utility>

namespace peerpress::server {

template <class Message>
class outgoing_stream final : public grpc::ServerWriteReactor<Message>,
                              public std::enable_shared_from_this<outgoing_stream<Message>> {
public:
    using pointer = std::shared_ptr<outgoing_stream>;

    static pointer make(open_calls& calls, asio::any_io_executor executor) {
        auto stream = std::make_shared<outgoing_stream>(calls, std::move(executor));
        stream->self_ = stream;
        return stream;
    }

    // Runs `work`, which writes; the call ends when it does, with what it throws as its status.
    outgoing_stream* serve(awaitable<> work) {
        auto finish = [stream = this->shared_from_this()](std::exception_ptr error) {
            stream->Finish(error ? to_grpc_status(error) : grpc::Status::OK);
        };
        asio::co_spawn(executor_, std::move(work), std::move(finish));
        return this;
    }

    outgoing_stream(open_calls& calls, asio::any_io_executor executor)
        : ticket_(calls), executor_(std::move(executor)) {}

    // One at a time. false: the client has gone.
    awaitable<bool> write(Message message) {
        message_ = std::move(message);
        auto initiate = [](auto handler, outgoing_stream* stream) {
            stream->start_write(std::move(handler));
        };
        auto written = asio::async_initiate<const asio::use_awaitable_t<>&, void(bool)>(
            initiate, asio::use_awaitable, this);
        co_return co_await std::move(written);
    }

    // Safe from any thread.
    bool gone() const { return gone_; }

private:
    void start_write(asio::any_completion_handler<void(bool)> handler) {
        // Not assigned: Boost 1.81's move assignment calls itself until the stack ends.
        pending_.swap(handler);
        this->StartWrite(&message_);
    }

    void OnWriteDone(bool ok) override {
        asio::post(executor_, [stream = this->shared_from_this(), ok] {
            auto handler = std::move(stream->pending_);
            std::move(handler)(ok);
        });
    }
    void OnCancel() override { gone_ = true; }
    void OnDone() override { self_.reset(); }

    open_calls::ticket ticket_;
    asio::any_io_executor executor_;
    pointer self_;
    Message message_;
    asio::any_completion_handler<void(bool)> pending_;
    std::atomic<bool> gone_{false};
};

}  // namespace peerpress::server
