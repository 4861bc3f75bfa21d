// One Transform call, as the coroutine that serves it sees it: read a message, write a message,
// finish.
//
// Two threads meet here. gRPC calls the On... functions on threads of its own; everything else
// happens on the lane's executor. What gRPC has to say is posted there, so that no state needs a
// lock. gRPC may use the object, and the messages in it, until OnDone, hence it owns itself until
// then.
//
// Flow control: a message is asked for when the pipeline wants one, or while it works on the last,
// and the next is written when gRPC has taken the last. A client that does not read, or reads
// without writing, stalls its own transfer and nothing else, and for `idle_max` only.
#pragma once

#include "io/asio.hpp"
#include "peerpress/v1/transform_service.grpc.pb.h"
#include "server/open_calls.hpp"

#include <boost/asio/any_completion_handler.hpp>
#include <grpcpp/support/server_callback.h>

#include <chrono>
#include <memory>
#include <stop_token>

namespace peerpress::server {

class transform_stream final
    : public grpc::ServerBidiReactor<v1::TransformRequest, v1::TransformResponse>,
      public std::enable_shared_from_this<transform_stream> {
public:
    using pointer = std::shared_ptr<transform_stream>;

    // Lives until gRPC is done with it, at least.
    static pointer make(open_calls& calls, grpc::CallbackServerContext* context,
                        asio::any_io_executor lane, std::chrono::steady_clock::duration idle_max);

    // On the lane's executor, each one at a time. Throw refusal(cancelled) where the client was
    // idle too long.
    awaitable<bool> read();  // false: no more messages will come
    // Has gRPC fetch the message that the next read() is for. The last one is lost: take its data
    // before.
    void read_ahead();
    awaitable<bool> write(v1::TransformResponse message);  // false: the client has gone

    // The last message read; its data may be moved out.
    v1::TransformRequest& message() { return incoming_; }

    // Once. Whatever is still under way is given up; a message, after a moment in which a client
    // that reads can take it, and the status behind it.
    awaitable<> finish(grpc::Status status);

    // The client has gone; the transfer had better stop.
    std::stop_token stop() const { return stop_.get_token(); }
    // The server shuts down: the same for another reason. On the lane's executor, as all the rest.
    void give_up();

private:
    // A read or a write: its coroutine waits for gRPC, or for the time limit.
    struct operation {
        explicit operation(const asio::any_io_executor& lane) : timer(lane) {}

        bool pending = false;  // gRPC works on it
        bool ok = false;
        asio::steady_timer timer;
    };

    transform_stream(open_calls& calls, grpc::CallbackServerContext* context,
                     asio::any_io_executor lane, std::chrono::steady_clock::duration idle_max);

    awaitable<bool> complete(operation& operation, const char* what);
    awaitable<> wait_for_write(std::chrono::steady_clock::duration at_most);
    void done(operation& operation, bool ok);

    void OnReadDone(bool ok) override;
    void OnWriteDone(bool ok) override;
    void OnCancel() override;
    void OnDone() override { self_.reset(); }

    open_calls::ticket ticket_;
    grpc::CallbackServerContext* context_;
    asio::any_io_executor lane_;
    std::chrono::steady_clock::duration idle_max_;
    pointer self_;
    v1::TransformRequest incoming_;
    v1::TransformResponse outgoing_;
    operation reading_;
    bool reads_ahead_ = false;  // reading_ is of a message for which read() was not called yet
    operation writing_;
    std::stop_source stop_;
    bool given_up_ = false;
};

}  // namespace peerpress::server
