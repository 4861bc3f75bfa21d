// Answers one unary call by a coroutine. gRPC's thread only starts it: nothing may block there.
#pragma once

#include "io/asio.hpp"
#include "server/status.hpp"

#include <grpcpp/support/server_callback.h>

#include <utility>

namespace peerpress::server {

// Request and response belong to gRPC and live until the call is finished, so that `work` may refer
// to them.
inline grpc::ServerUnaryReactor* answer(grpc::CallbackServerContext* context,
                                        const asio::any_io_executor& executor, awaitable<> work) {
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    asio::co_spawn(executor, std::move(work), [reactor](std::exception_ptr error) {
        reactor->Finish(error ? to_grpc_status(error) : grpc::Status::OK);
    });
    return reactor;
}

}  // namespace peerpress::server
