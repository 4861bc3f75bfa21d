// Answers one unary call by a coroutine. gRPC's thread only starts it: nothing may block there.
#pragma once

#include "io/asio.hpp"
#include "server/open_calls.hpp"
#include "server/status.hpp"

#include <grpcpp/support/server_callback.h>

#include <utility>

namespace peerpress::server {

// gRPC may use it until OnDone, hence it owns itself.
class unary_call final : public grpc::ServerUnaryReactor {
public:
    // Request and response belong to gRPC and live until the call is finished, so that `work` may
    // refer to them.
    static grpc::ServerUnaryReactor* answer(open_calls& calls,
                                            const asio::any_io_executor& executor,
                                            awaitable<> work) {
        auto* const call = new unary_call(calls);
        asio::co_spawn(executor, std::move(work), [call](std::exception_ptr error) {
            call->Finish(error ? to_grpc_status(error) : grpc::Status::OK);
        });
        return call;
    }

private:
    explicit unary_call(open_calls& calls) : ticket_(calls) {}

    void OnDone() override { delete this; }

    open_calls::ticket ticket_;
};

}  // namespace peerpress::server
