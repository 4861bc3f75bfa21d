// An execution context for one thread that waits in an io_uring, and nowhere else.
//
// The first io::uring that is made on it becomes what it waits in. Then ready handlers and the
// ring's completions take turns, and a turn is one system call: it submits what handlers have
// started and waits for what comes next. An io_context needs four or more for the same, its
// reactor's among them. Timers and descriptors of Asio's work as well, by a thread that Asio keeps
// for contexts other than its own; its handlers run here like all others.
//
// run() is called once, and returns when there is nothing left to do: no handler, no operation in
// the ring, no executor that tracks work. Executors may be used from any thread.
#pragma once

#include "io/asio.hpp"
#include "io/block_pool.hpp"
#include "io/unique_fd.hpp"

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <utility>

namespace peerpress::io {

class ring_context final : public asio::execution_context {
public:
    ring_context();
    ~ring_context();  // handlers that never ran are destroyed

    class executor_type;
    executor_type get_executor();

    void run();
    bool running_in_this_thread() const;

    // What run() waits in. Called on its thread.
    class waiter {
    public:
        virtual ~waiter() = default;
        // Submits, completes, and, where it may, waits until there is something to do or wake_fd()
        // can be read; it reads that.
        virtual void turn(bool may_wait) = 0;
        // Something is under way, for which run() goes on.
        virtual bool busy() const = 0;
    };
    bool has_waiter() const { return !waiter_.expired(); }
    void attach(std::weak_ptr<waiter> waits_in) { waiter_ = std::move(waits_in); }
    int wake_fd() const { return wake_.get(); }  // an eventfd

private:
    // A function that is to run. Its memory is free again before it does.
    struct task {
        using act_function = void (*)(task*, ring_context&, bool run);
        explicit task(act_function act) : act(act) {}

        act_function act;
        task* next = nullptr;
    };
    template <class Function>
    struct task_of final : task {
        explicit task_of(Function&& made) : task(&act), function(std::move(made)) {}
        static void act(task* base, ring_context& in, bool run) {
            auto* const self = static_cast<task_of*>(base);
            Function function(std::move(self->function));
            self->~task_of();
            in.tasks_.give(self, sizeof(task_of));
            if (run) std::move(function)();
        }
        Function function;
    };
    struct task_queue {
        bool empty() const { return first == nullptr; }
        void push(task& added);
        task* pop();
        void append(task_queue& other);

        task* first = nullptr;
        task* last = nullptr;
    };

    template <class Function>
    void post(Function function) {
        using made = task_of<Function>;
        if (running_in_this_thread()) {
            ready_.push(*new (tasks_.take(sizeof(made))) made(std::move(function)));
        } else {
            post_from_elsewhere(*new (tasks_.fresh(sizeof(made))) made(std::move(function)));
        }
    }
    void post_from_elsewhere(task& added);
    void start_work() { work_.fetch_add(1, std::memory_order_relaxed); }
    void finish_work();

    void run_ready();
    bool go_to_sleep(bool busy);
    void wake_up();
    void signal();
    void wait_without_ring(bool may_wait);
    void drop_tasks();

    block_pool<128, 256> tasks_;  // run()'s thread's
    task_queue ready_;            // likewise
    std::weak_ptr<waiter> waiter_;
    unique_fd wake_;
    std::atomic<std::size_t> work_{0};
    std::mutex mutex_;
    task_queue posted_;    // by other threads
    bool asleep_ = false;  // or about to be: who posts has to write to wake_
};

class ring_context::executor_type {
public:
    executor_type(const executor_type& other) noexcept
        : executor_type(other.context_, other.never_blocks_, other.tracked_) {}
    executor_type(executor_type&& other) noexcept
        : context_(other.context_),
          never_blocks_(other.never_blocks_),
          tracked_(std::exchange(other.tracked_, false)) {}
    executor_type& operator=(executor_type other) noexcept {
        std::swap(context_, other.context_);
        std::swap(never_blocks_, other.never_blocks_);
        std::swap(tracked_, other.tracked_);
        return *this;
    }
    ~executor_type() {
        if (tracked_) context_->finish_work();
    }

    ring_context& query(asio::execution::context_t) const noexcept { return *context_; }
    asio::execution::blocking_t query(asio::execution::blocking_t) const noexcept {
        if (never_blocks_) return asio::execution::blocking.never;
        return asio::execution::blocking.possibly;
    }

    executor_type require(asio::execution::blocking_t::never_t) const {
        return {context_, true, tracked_};
    }
    executor_type require(asio::execution::blocking_t::possibly_t) const {
        return {context_, false, tracked_};
    }
    executor_type require(asio::execution::outstanding_work_t::tracked_t) const {
        return {context_, never_blocks_, true};
    }
    executor_type require(asio::execution::outstanding_work_t::untracked_t) const {
        return {context_, never_blocks_, false};
    }

    // At once, where that may be and this is run()'s thread.
    template <class Function>
    void execute(Function&& function) const {
        if (!never_blocks_ && context_->running_in_this_thread())
            return static_cast<void>(std::forward<Function>(function)());
        context_->post(std::decay_t<Function>(std::forward<Function>(function)));
    }

    friend bool operator==(const executor_type& left, const executor_type& right) noexcept {
        return left.context_ == right.context_ && left.never_blocks_ == right.never_blocks_ &&
               left.tracked_ == right.tracked_;
    }

private:
    friend class ring_context;
    executor_type(ring_context* context, bool never_blocks, bool tracked) noexcept
        : context_(context), never_blocks_(never_blocks), tracked_(tracked) {
        if (tracked_) context_->start_work();
    }

    ring_context* context_;
    bool never_blocks_;
    bool tracked_;
};

inline ring_context::executor_type ring_context::get_executor() {
    return {this, false, false};
}

}  // namespace peerpress::io
