// One Transform stream as awaitables, on one executor: gRPC's threads only post.
//
//     transform_call call(executor, stub);
//     send()..., send_done()  beside  receive()...;  finish() last, always
//
// One send and one receive may wait at the same time. Single executor; cancel() alone may be called
// from any thread.
#pragma once

#include "io/event.hpp"
#include "peerpress/v1/transform_service.grpc.pb.h"

#include <memory>

namespace peerpress::client {

class transform_call {
public:
    transform_call(asio::any_io_executor executor, v1::TransformService::Stub& stub);
    transform_call(const transform_call&) = delete;
    ~transform_call();  // finished

    // False: the stream is broken, and finish() says why.
    awaitable<bool> send(v1::TransformRequest message);
    awaitable<bool> send_done();
    // False: nothing more comes.
    awaitable<bool> receive(v1::TransformResponse& into);

    awaitable<grpc::Status> finish();

    void cancel();

private:
    class reactor;
    std::shared_ptr<reactor> reactor_;
};

}  // namespace peerpress::client
