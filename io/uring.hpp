// One io_uring as a Boost.Asio I/O object: operations take completion tokens, completions arrive on
// the handler's executor.
//
// Lifecycle: construct, use, close(), wait until in_flight() is zero (drained()), destroy, all
// before the execution context goes. A submitted buffer belongs to the kernel until its completion,
// also after a cancellation: cancelling is a request, and the operation still completes (with
// operation_aborted, or with what it had done). Per-operation cancellation follows the handler's
// cancellation slot. Operations started during one turn of the executor are submitted together, by
// one system call. Single executor: no member is thread-safe.
//
// On an io_context the reactor watches the ring, by an eventfd; a ring_context's thread waits in
// the ring itself. No handler is called inside a call of the ring's own.
#pragma once

#include "io/asio.hpp"
#include "io/bytes.hpp"
#include "io/uring_operation.hpp"

#include <liburing.h>

#include <cstdint>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace peerpress::io {

struct uring_options {
    // Operations the kernel holds at once; more of them wait here, in order.
    std::uint32_t queue_depth = 128;
    // SQE128 and CQE32, which NVMe passthrough needs; doubles the rings' memory.
    bool commands = false;
    // On a ring_context: where much is under way, completions are waited for several at a time, for
    // no more than 100 us (completion_delay).
    bool delays = true;
};

// What an NVMe passthrough command returns: `status` is the (positive) NVMe status, `value` CQE
// dwords 0 and 1.
struct command_result {
    std::uint32_t status = 0;
    std::uint64_t value = 0;
};

// Offset of a file that has none: a pipe, a socket, a terminal.
inline constexpr std::uint64_t no_offset = ~std::uint64_t{0};

// Since construction. Their quotient is how well submissions are batched.
struct uring_counters {
    std::uint64_t operations = 0;
    std::uint64_t submissions = 0;  // system calls
};

enum class readiness { to_read, to_write };

class uring_queue;

class uring {
public:
    // Throws system_error where the kernel refuses a ring (io_uring_disabled, RLIMIT_NOFILE, ...).
    explicit uring(asio::any_io_executor executor, uring_options options = {});
    uring(const uring&) = delete;
    uring& operator=(const uring&) = delete;
    ~uring();

    using executor_type = asio::any_io_executor;
    executor_type get_executor();

    // Each completes with (error_code, bytes) after ONE transfer, which may be short. io/file
    // resumes them.
    template <
        asio::completion_token_for<void(error_code, std::size_t)> Token = asio::use_awaitable_t<>>
    auto async_read(int fd, bytes_span into, std::uint64_t offset_bytes, Token&& token = {}) {
        return initiate<transfer_result>(read_sqe(fd, into, offset_bytes), {}, token);
    }

    template <
        asio::completion_token_for<void(error_code, std::size_t)> Token = asio::use_awaitable_t<>>
    auto async_write(int fd, bytes_view from, std::uint64_t offset_bytes, Token&& token = {}) {
        return initiate<transfer_result>(write_sqe(fd, from, offset_bytes), {}, token);
    }

    // Completes with (error_code). `data_only` is fdatasync.
    template <asio::completion_token_for<void(error_code)> Token = asio::use_awaitable_t<>>
    auto async_fsync(int fd, bool data_only, Token&& token = {}) {
        return initiate<plain_result>(fsync_sqe(fd, data_only), {}, token);
    }

    // Completes with (error_code). The file has room there, and is as long.
    template <asio::completion_token_for<void(error_code)> Token = asio::use_awaitable_t<>>
    auto async_allocate(int fd, std::uint64_t offset_bytes, std::uint64_t length_bytes,
                        Token&& token = {}) {
        return initiate<plain_result>(allocate_sqe(fd, offset_bytes, length_bytes), {}, token);
    }

    // Completes with (error_code) once a transfer would not block, or would fail. Files are always
    // ready.
    template <asio::completion_token_for<void(error_code)> Token = asio::use_awaitable_t<>>
    auto async_wait(int fd, readiness readiness, Token&& token = {}) {
        return initiate<plain_result>(wait_sqe(fd, readiness), {}, token);
    }

    // Sends `command_bytes` (struct nvme_uring_cmd, at most 80 bytes, copied) to /dev/ngXnY as
    // `command_op` (NVME_URING_CMD_IO). Completes with (error_code, command_result);
    // operation_not_supported on a ring without commands.
    template <asio::completion_token_for<void(error_code, command_result)> Token =
                  asio::use_awaitable_t<>>
    auto async_command(int fd, std::uint32_t command_op, bytes_view command_bytes,
                       Token&& token = {}) {
        return initiate<command_result_of>(command_sqe(fd, command_op), command_bytes, token);
    }

    // Asks the kernel to give up every operation, ends those that wait here, and refuses new ones
    // with operation_aborted.
    void close();
    // Waits until nothing is in flight and nothing waits.
    awaitable<> drained();

    std::uint32_t in_flight() const;  // given to the kernel, or about to be
    std::uint32_t waiting() const;    // beyond queue_depth
    uring_counters counters() const;
    const uring_options& options() const { return options_; }

private:
    // What the kernel returned, as handlers take it.
    struct transfer_result {
        using signature = void(error_code, std::size_t);
        template <class Handler>
        static void give(Handler&& handler, int result, std::uint64_t) {
            std::forward<Handler>(handler)(error_of(result),
                                           static_cast<std::size_t>(count_of(result)));
        }
    };
    struct plain_result {
        using signature = void(error_code);
        template <class Handler>
        static void give(Handler&& handler, int result, std::uint64_t) {
            std::forward<Handler>(handler)(error_of(result));
        }
    };
    struct command_result_of {
        using signature = void(error_code, command_result);
        template <class Handler>
        static void give(Handler&& handler, int result, std::uint64_t value) {
            std::forward<Handler>(handler)(error_of(result),
                                           command_result{count_of(result), value});
        }
    };
    static error_code error_of(int result) {
        // ECANCELED is operation_aborted on Linux.
        return result < 0 ? error_code{-result, boost::system::system_category()} : error_code{};
    }
    static std::uint32_t count_of(int result) {
        return result < 0 ? 0 : static_cast<std::uint32_t>(result);
    }

    template <class Handler, class Result>
    struct operation_of final : uring_operation {
        template <class Given>
        operation_of(const io_uring_sqe& sqe, bytes_view command_bytes, Given&& given)
            : uring_operation(sqe, command_bytes, &finish), handler(std::forward<Given>(given)) {
            // Of the handler as it is kept.
            cancellation = asio::get_associated_cancellation_slot(handler);
        }

        // Freed before the handler runs, so that it can start the next operation in the same
        // memory.
        static void finish(uring_operation* base, uring_queue& in, bool call) {
            auto* const self = static_cast<operation_of*>(base);
            Handler handler(std::move(self->handler));
            const int result = self->result;
            const std::uint64_t value = self->value;
            self->~operation_of();
            free(in, self, sizeof(operation_of));
            if (call) deliver(executor_of(in), std::move(handler), result, value);
        }

        static void deliver(const asio::any_io_executor& here, Handler handler, int result,
                            std::uint64_t value) {
            const auto wanted = asio::get_associated_executor(handler, here);
            if constexpr (std::is_same_v<decltype(wanted), const asio::any_io_executor>)
                if (wanted == here) return Result::give(std::move(handler), result, value);
            asio::dispatch(wanted, [handler = std::move(handler), result, value]() mutable {
                Result::give(std::move(handler), result, value);
            });
        }

        Handler handler;
    };

    template <class Result>
    struct initiation {
        template <class Handler>
        void operator()(Handler&& handler, const io_uring_sqe& sqe,
                        bytes_view command_bytes) const {
            using made = operation_of<std::decay_t<Handler>, Result>;
            void* const memory = allocate(*queue, sizeof(made));
            start(*queue, *new (memory) made(sqe, command_bytes, std::forward<Handler>(handler)),
                  command_bytes.size());
        }
        uring_queue* queue;
    };

    template <class Result, class Token>
    auto initiate(const io_uring_sqe& sqe, bytes_view command_bytes, Token& token) {
        return asio::async_initiate<Token, typename Result::signature>(
            initiation<Result>{queue_.get()}, token, sqe, command_bytes);
    }

    static io_uring_sqe read_sqe(int fd, bytes_span into, std::uint64_t offset_bytes);
    static io_uring_sqe write_sqe(int fd, bytes_view from, std::uint64_t offset_bytes);
    static io_uring_sqe fsync_sqe(int fd, bool data_only);
    static io_uring_sqe allocate_sqe(int fd, std::uint64_t offset_bytes,
                                     std::uint64_t length_bytes);
    static io_uring_sqe wait_sqe(int fd, readiness readiness);
    static io_uring_sqe command_sqe(int fd, std::uint32_t command_op);

    static void* allocate(uring_queue& in, std::size_t bytes);
    static void free(uring_queue& in, void* memory, std::size_t bytes);
    static void start(uring_queue& in, uring_operation& operation, std::size_t command_bytes);
    static const asio::any_io_executor& executor_of(const uring_queue& queue);

    uring_options options_;
    std::shared_ptr<uring_queue> queue_;  // shared with what it has posted, or its context
};

}  // namespace peerpress::io
