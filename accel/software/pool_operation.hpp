// A piece of work awaited on the lane and done on the pool.
#pragma once

#include "accel/software/worker_pool.hpp"
#include "io/asio.hpp"

#include <memory>
#include <new>
#include <utility>

namespace peerpress::accel::software {

// Work is called as `result<Result> work(workbench&)`, once, on a thread of the pool. Handler takes
// (error_code, Result), on its own executor.
template <class Result, class Work, class Handler>
class pool_operation final : public task {
public:
    pool_operation(Handler handler, const asio::any_io_executor& fallback, Work work)
        : executor_work_(asio::get_associated_executor(handler, fallback)),
          handler_(std::move(handler)),
          work_(std::move(work)) {}

    void run(workbench& bench) noexcept override { complete(outcome(bench)); }

private:
    using executor_type = asio::associated_executor_t<Handler, asio::any_io_executor>;

    result<Result> outcome(workbench& bench) {
        try {
            return work_(bench);
        } catch (const std::bad_alloc&) {
            return make_error_code(boost::system::errc::not_enough_memory);
        }
    }

    void complete(const result<Result>& outcome) {
        const error_code ec = outcome.has_error() ? outcome.error() : error_code{};
        const Result value = outcome.has_value() ? *outcome : Result{};
        asio::post(executor_work_.get_executor(),
                   [handler = std::move(handler_), ec, value]() mutable {
                       std::move(handler)(ec, value);
                   });
    }

    // Without it the lane's io_context would find nothing to do while the pool works, and return.
    asio::executor_work_guard<executor_type> executor_work_;
    Handler handler_;
    Work work_;
};

// Throws what `work` fails with. The pool must outlive the wait.
template <class Result, class Work>
awaitable<Result> run_on_pool(worker_pool& pool, io::flow_id flow, asio::any_io_executor executor,
                              Work work) {
    return asio::async_initiate<const asio::use_awaitable_t<>, void(error_code, Result)>(
        [&pool, flow](auto handler, asio::any_io_executor executor, Work work) {
            using operation = pool_operation<Result, Work, decltype(handler)>;
            pool.submit(flow,
                        std::make_unique<operation>(std::move(handler), executor, std::move(work)));
        },
        asio::use_awaitable, std::move(executor), std::move(work));
}

}  // namespace peerpress::accel::software
