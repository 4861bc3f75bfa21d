// One io_uring as a Boost.Asio I/O object: operations take completion tokens, completions arrive on
// the handler's executor.
//
// Lifecycle: construct, use, close(), wait until in_flight() is zero (drained()), destroy, all
// before the execution context goes. A submitted buffer belongs to the kernel until its completion,
// also after a cancellation: cancelling is a request, and the operation still completes (with
// operation_aborted, or with what it had done). Per-operation cancellation follows the handler's
// cancellation slot. Operations started during one turn of the executor are submitted together, by
// one system call. Single executor: no member is thread-safe.
#pragma once

#include "io/asio.hpp"
#include "io/bytes.hpp"

#include <boost/asio/any_completion_handler.hpp>
#include <liburing.h>

#include <cstdint>
#include <memory>
#include <variant>

namespace peerpress::io {

struct uring_options {
    // Operations the kernel holds at once; more of them wait here, in order.
    std::uint32_t queue_depth = 128;
    // SQE128 and CQE32, which NVMe passthrough needs; doubles the rings' memory.
    bool commands = false;
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
        return initiate<transfer_handler>(read_sqe(fd, into, offset_bytes), {}, token);
    }

    template <
        asio::completion_token_for<void(error_code, std::size_t)> Token = asio::use_awaitable_t<>>
    auto async_write(int fd, bytes_view from, std::uint64_t offset_bytes, Token&& token = {}) {
        return initiate<transfer_handler>(write_sqe(fd, from, offset_bytes), {}, token);
    }

    // Completes with (error_code). `data_only` is fdatasync.
    template <asio::completion_token_for<void(error_code)> Token = asio::use_awaitable_t<>>
    auto async_fsync(int fd, bool data_only, Token&& token = {}) {
        return initiate<plain_handler>(fsync_sqe(fd, data_only), {}, token);
    }

    // Completes with (error_code). The file has room there, and is as long.
    template <asio::completion_token_for<void(error_code)> Token = asio::use_awaitable_t<>>
    auto async_allocate(int fd, std::uint64_t offset_bytes, std::uint64_t length_bytes,
                        Token&& token = {}) {
        return initiate<plain_handler>(allocate_sqe(fd, offset_bytes, length_bytes), {}, token);
    }

    // Completes with (error_code) once a transfer would not block, or would fail. Files are always
    // ready.
    template <asio::completion_token_for<void(error_code)> Token = asio::use_awaitable_t<>>
    auto async_wait(int fd, readiness readiness, Token&& token = {}) {
        return initiate<plain_handler>(wait_sqe(fd, readiness), {}, token);
    }

    // Sends `command_bytes` (struct nvme_uring_cmd, at most 80 bytes, copied) to /dev/ngXnY as
    // `command_op` (NVME_URING_CMD_IO). Completes with (error_code, command_result);
    // operation_not_supported on a ring without commands.
    template <asio::completion_token_for<void(error_code, command_result)> Token =
                  asio::use_awaitable_t<>>
    auto async_command(int fd, std::uint32_t command_op, bytes_view command_bytes,
                       Token&& token = {}) {
        return initiate<command_handler>(command_sqe(fd, command_op), command_bytes, token);
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
    friend class uring_queue;
    using transfer_handler = asio::any_completion_handler<void(error_code, std::size_t)>;
    using plain_handler = asio::any_completion_handler<void(error_code)>;
    using command_handler = asio::any_completion_handler<void(error_code, command_result)>;
    using any_handler = std::variant<transfer_handler, plain_handler, command_handler>;

    static io_uring_sqe read_sqe(int fd, bytes_span into, std::uint64_t offset_bytes);
    static io_uring_sqe write_sqe(int fd, bytes_view from, std::uint64_t offset_bytes);
    static io_uring_sqe fsync_sqe(int fd, bool data_only);
    static io_uring_sqe allocate_sqe(int fd, std::uint64_t offset_bytes,
                                     std::uint64_t length_bytes);
    static io_uring_sqe wait_sqe(int fd, readiness readiness);
    static io_uring_sqe command_sqe(int fd, std::uint32_t command_op);

    template <class Handler>
    struct signature_of;
    template <class Signature>
    struct signature_of<asio::any_completion_handler<Signature>> {
        using type = Signature;
    };

    template <class Handler, class Token>
    auto initiate(const io_uring_sqe& sqe, bytes_view command_bytes, Token& token) {
        return asio::async_initiate<Token, typename signature_of<Handler>::type>(
            [this](auto handler, const io_uring_sqe& sqe, bytes_view command_bytes) {
                start(sqe, command_bytes, Handler(std::move(handler)));
            },
            token, sqe, command_bytes);
    }

    void start(const io_uring_sqe& sqe, bytes_view command_bytes, any_handler handler);

    uring_options options_;
    std::shared_ptr<uring_queue> queue_;  // shared with what it has posted
};

}  // namespace peerpress::io
