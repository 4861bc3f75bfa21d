#include "jobs/blocking_calls.hpp"

#include <future>

namespace peerpress::jobs {
namespace {

// One call on its way through a thread and back.
template <class Handler>
struct journey {
    using home_executor = asio::associated_executor_t<Handler, asio::any_io_executor>;

    std::function<void()> call;
    Handler handler;
    // Without it the caller's executor would run out of work while it waits for us.
    asio::executor_work_guard<home_executor> home;

    void operator()() {
        call();
        asio::post(home.get_executor(), std::move(handler));
    }
};

struct start_journey {
    asio::thread_pool* threads;

    template <class Handler>
    void operator()(Handler handler, std::function<void()> call) const {
        auto home = asio::make_work_guard(
            asio::get_associated_executor(handler, asio::any_io_executor(threads->get_executor())));
        asio::post(*threads,
                   journey<Handler>{std::move(call), std::move(handler), std::move(home)});
    }
};

}  // namespace

blocking_calls::blocking_calls(std::size_t threads, std::function<void()> begin)
    : begin_(std::move(begin)), threads_(threads) {}

blocking_calls::~blocking_calls() {
    threads_.join();
}

// A thread serves one pool, for as long as it lives.
void blocking_calls::begin_thread() {
    thread_local bool begun = false;
    if (begun) return;
    if (begin_) begin_();
    begun = true;
}

void blocking_calls::run_now(const std::function<void()>& work) noexcept {
    std::promise<void> done;
    asio::post(threads_, [this, &work, &done] {
        try {
            begin_thread();
            work();
        } catch (...) {
            // As promised.
        }
        done.set_value();
    });
    done.get_future().wait();
}

awaitable<> blocking_calls::run_there(std::function<void()> call) {
    return asio::async_initiate<const asio::use_awaitable_t<>&, void()>(
        start_journey{&threads_}, asio::use_awaitable, std::move(call));
}

}  // namespace peerpress::jobs
