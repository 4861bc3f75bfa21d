#include "pipeline/workers.hpp"

#include <algorithm>
#include <exception>
#include <utility>

namespace peerpress::pipeline {
namespace {

// A stream's other end may be slow, or asleep, for as long as it likes: then only so many slots
// wait with it. They still keep every thread of the engine busy, with one chunk being read and one
// being written.
std::uint64_t chunks_max(const route& via) {
    const bool stream =
        !via.source.traits().seekable || (via.target && !via.target->traits().seekable);
    return stream ? via.lane.engine().parallelism() + 2 : workers::unbounded;
}

[[noreturn]] void throw_aborted() {
    throw system_error{make_error_code(asio::error::operation_aborted)};
}

}  // namespace

workers::workers(const route& via)
    : via_(via),
      chunks_max_(chunks_max(via)),
      order_(via.lane.executor()),
      group_(via.lane.executor()) {}

awaitable<io::staging_lease> workers::acquire(std::uint64_t index, std::uint64_t chunks_max) {
    const std::uint64_t bound = std::min(chunks_max, chunks_max_);
    if (index >= bound) co_await order_.keep_within(index, bound - 1);
    check_stop();
    io::staging_lease slot = co_await via_.lane.staging().acquire(via_.flow, via_.stop);
    check_stop();
    co_return slot;
}

void workers::start(awaitable<> worker) {
    group_.spawn(guard(std::move(worker)));
}

awaitable<> workers::guard(awaitable<> worker) {
    try {
        co_await std::move(worker);
    } catch (...) {
        group_.fail(std::current_exception());
        order_.abandon();
    }
}

awaitable<> workers::join() {
    co_await group_.join();
}

void workers::check_stop() const {
    if (group_.failed() || via_.stop.stop_requested()) throw_aborted();
}

}  // namespace peerpress::pipeline
