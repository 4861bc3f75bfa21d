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
    // `begin` is called on each thread before its first work; where it throws, that work is not
    // done, and whoever asked for it gets the exception.
    explicit blocking_calls(std::size_t threads, std::function<void()> begin = {});
    ~blocking_calls();  // nothing runs any more

    // Runs `work` on one of the threads and comes back to the caller's executor with what it
    // returned or threw. All that it refers to outlives the call.
    template <class Work>
    awaitable<std::invoke_result_t<Work&>> run(Work work) {
        std::optional<std::invoke_result_t<Work&>> answer;
        std::exception_ptr error;
        std::function<void()> call = [this, &work, &answer, &error] {
            try {
                begin_thread();
                answer.emplace(work());
            } catch (...) {
                error = std::current_exception();
            }
        };
        co_await run_there(std::move(call));
        if (error) std::rethrow_exception(error);
        co_return std::move(*answer);
    }

    // The same for a destructor: waits, and says nothing of what went wrong.
    void run_now(const std::function<void()>& work) noexcept;

private:
    awaitable<> run_there(std::function<void()> call);
    void begin_thread();

    std::function<void()> begin_;
    asio::thread_pool threads_;
};

}  // namespace peerpress::jobs
