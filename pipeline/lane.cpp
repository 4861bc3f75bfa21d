#include "pipeline/lane.hpp"

#include <pthread.h>

#include <exception>
#include <future>
#include <utility>

namespace peerpress::pipeline {

// In the order of their construction; destroyed the other way round, so that the engine's threads
// have ended before the memory they work on goes.
struct lane::equipment {
    equipment(const asio::any_io_executor& executor, const engine_factory& make_engine,
              const lane_options& options)
        : ring(executor, options.ring),
          staging(executor, options.staging),
          engine(make_engine(executor)) {}

    io::uring ring;
    io::staging_pool staging;
    std::unique_ptr<accel::accelerator> engine;
};

lane::lane(engine_factory make_engine, lane_options options)
    : options_(options),
      work_(asio::prefer(asio::any_io_executor(context_.get_executor()),
                         asio::execution::outstanding_work.tracked)) {
    // The ring is set up by the thread that will submit to it: the kernel ties some of a ring's
    // work to its creator.
    std::promise<void> equipped;
    std::future<void> ready = equipped.get_future();
    thread_ = std::thread(
        [this, make_engine = std::move(make_engine), equipped = std::move(equipped)]() mutable {
            pthread_setname_np(pthread_self(), "peerpress-lane");
            try {
                equipment_ =
                    std::make_unique<equipment>(context_.get_executor(), make_engine, options_);
            } catch (...) {
                equipped.set_exception(std::current_exception());
                return;
            }
            equipped.set_value();
            context_.run();
            equipment_.reset();
        });
    try {
        ready.get();
    } catch (...) {
        thread_.join();
        throw;
    }
}

lane::~lane() {
    asio::post(context_.get_executor(), [this] { equipment_->ring.close(); });
    work_ = {};
    thread_.join();
}

asio::any_io_executor lane::executor() {
    return context_.get_executor();
}

io::uring& lane::ring() {
    return equipment_->ring;
}

io::staging_pool& lane::staging() {
    return equipment_->staging;
}

accel::accelerator& lane::engine() {
    return *equipment_->engine;
}

}  // namespace peerpress::pipeline
