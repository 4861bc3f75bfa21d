// Runs one awaitable to its end on an io_context, within a limit of time.
#pragma once

#include "io/asio.hpp"

#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace peerpress::test {

inline constexpr std::chrono::seconds run_limit{20};

namespace detail {

// Turns the context until `done`; throws timed_out when it takes too long. Work that is not ours
// may stay behind.
inline void run_until(asio::io_context& context, const bool& done,
                      std::chrono::steady_clock::duration limit) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    context.restart();
    while (!done) {
        const bool ran = context.run_one_until(deadline) > 0;
        if (!ran && !done)
            throw system_error{make_error_code(boost::system::errc::timed_out), "run"};
    }
}

template <class T>
awaitable<> keep(awaitable<T> work, std::shared_ptr<std::optional<T>> value) {
    *value = co_await std::move(work);
}

}  // namespace detail

// What `work` returns or throws; system_error(timed_out) where it hangs.
inline void run(asio::io_context& context, awaitable<> work,
                std::chrono::steady_clock::duration limit = run_limit) {
    struct outcome {
        bool done = false;
        std::exception_ptr error;
    };
    const auto end =
        std::make_shared<outcome>();  // may be reached after a timeout, when nobody looks any more
    asio::co_spawn(context, std::move(work), [end](std::exception_ptr error) {
        end->error = std::move(error);
        end->done = true;
    });
    detail::run_until(context, end->done, limit);
    if (end->error) std::rethrow_exception(end->error);
}

template <class T>
    requires(!std::is_void_v<T>)
T run(asio::io_context& context, awaitable<T> work,
      std::chrono::steady_clock::duration limit = run_limit) {
    const auto value = std::make_shared<std::optional<T>>();
    run(context, detail::keep(std::move(work), value), limit);
    return std::move(**value);
}

// The error code `work` throws; none where it succeeds.
template <class T>
error_code run_error(asio::io_context& context, awaitable<T> work,
                     std::chrono::steady_clock::duration limit = run_limit) {
    try {
        run(context, std::move(work), limit);
    } catch (const system_error& error) {
        return error.code();
    }
    return {};
}

// Lets everything that is ready run.
inline void settle(asio::io_context& context) {
    context.restart();
    while (context.poll() > 0) context.restart();
}

}  // namespace peerpress::test
