// jobs/blocking_calls without threads: a call is made on the lane's own thread, a moment of virtual
// time after it was asked for, and nothing is left to chance.
#include "jobs/blocking_calls.hpp"
#include "tests/simulation/world.hpp"

#include <memory>
#include <utility>

namespace peerpress::jobs {
namespace {

struct start_inline {
    template <class Handler>
    void operator()(Handler handler, std::function<void()> call) const {
        auto executor = asio::get_associated_executor(handler);
        auto waiting = std::make_shared<Handler>(std::move(handler));
        simulation::after_a_moment([executor, waiting, call = std::move(call)] {
            call();
            asio::post(executor, std::move(*waiting));
        });
    }
};

}  // namespace

blocking_calls::blocking_calls(std::size_t, std::function<void()> begin)
    : begin_(std::move(begin)), threads_(0) {}

blocking_calls::~blocking_calls() = default;

void blocking_calls::begin_thread() {
    if (begin_) begin_();
}

void blocking_calls::run_now(const std::function<void()>& work) noexcept {
    try {
        begin_thread();
        work();
    } catch (...) {
        // As promised.
    }
}

awaitable<> blocking_calls::run_there(std::function<void()> call) {
    return asio::async_initiate<const asio::use_awaitable_t<>&, void()>(
        start_inline{}, asio::use_awaitable, std::move(call));
}

}  // namespace peerpress::jobs
