// Threads for system calls that may block, so that they never stall the lane.
#pragma once

#include "io/asio.hpp"

#include <exception>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>

namespace peerpress::jobs {

class blocking_calls {
public:
    explicit blocking_calls(std::size_t threads);
    ~blocking_calls();  // nothing runs any more

    // Runs `work` on one of the threads and comes back to the caller's executor with what it
    // returned or threw. All that it refers to outlives the call.
    template <class Work>
    awaitable<std::invoke_result_t<Work&>> run(Work work) {
        std::optional<std::invoke_result_t<Work&>> answer;
        std::exception_ptr error;
        std::function<void()> call = [&work, &answer, &error] {
            try {
                answer.emplace(work());
            } catch (...) {
                error = std::current_exception();
            }
        };
        co_await run_there(std::move(call));
        if (error) std::rethrow_exception(error);
        co_return std::move(*answer);
    }

private:
    awaitable<> run_there(std::function<void()> call);

    asio::thread_pool threads_;
};

}  // namespace peerpress::jobs
