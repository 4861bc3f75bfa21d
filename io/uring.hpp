// One io_uring as a Boost.Asio I/O object: operations take completion tokens, completions arrive on
// the handler's executor.
//
// Lifecycle: construct, use, close(), wait until in_flight() is zero, destroy. A submitted buffer
// belongs to the kernel until its completion, also after a cancellation: cancelling is a request,
// and the operation still completes (with operation_aborted, or with what it had done). Single
// executor: no member is thread-safe.
#pragma once

#include "io/asio.hpp"
#include "io/bytes.hpp"

#include <liburing.h>

#include <cstdint>
#include <deque>
#include <memory>

namespace peerpress::io {

struct uring_options {
    std::uint32_t queue_depth =
        128;  // operations the kernel holds at once; more of them wait here, in order
    bool commands =
        false;  // SQE128 and CQE32, which NVMe passthrough needs; doubles the rings' memory
};

// What an NVMe passthrough command returns: `status` is the (positive) NVMe status, `value` CQE
// dwords 0 and 1.
struct command_result {
    std::uint32_t status = 0;
    std::uint64_t value = 0;
};

// Offset of a file that has none: a pipe, a socket, a terminal.
inline constexpr std::uint64_t no_offset = ~std::uint64_t{0};

class uring {
public:
    // Throws system_error where the kernel refuses a ring (io_uring_disabled, RLIMIT_NOFILE, ...).
    explicit uring(asio::any_io_executor executor, uring_options options = {});
    uring(const uring&) = delete;
    uring& operator=(const uring&) = delete;
    ~uring();

    using executor_type = asio::any_io_executor;
    executor_type get_executor() { return event_.get_executor(); }

    // Each completes with (error_code, bytes) after ONE transfer, which may be short. io/file
    // resumes them.
    template <
        asio::completion_token_for<void(error_code, std::size_t)> Token = asio::use_awaitable_t<>>
    auto async_read(int fd, bytes_span into, std::uint64_t offset_bytes, Token&& token = {});

    template <
        asio::completion_token_for<void(error_code, std::size_t)> Token = asio::use_awaitable_t<>>
    auto async_write(int fd, bytes_view from, std::uint64_t offset_bytes, Token&& token = {});

    // Completes with (error_code). `data_only` is fdatasync.
    template <asio::completion_token_for<void(error_code)> Token = asio::use_awaitable_t<>>
    auto async_fsync(int fd, bool data_only, Token&& token = {});

    // Sends `command_bytes` (struct nvme_uring_cmd) to /dev/ngXnY as `command_op`
    // (NVME_URING_CMD_IO). Completes with (error_code, command_result); operation_not_supported on
    // a ring without commands.
    template <asio::completion_token_for<void(error_code, command_result)> Token =
                  asio::use_awaitable_t<>>
    auto async_command(int fd, std::uint32_t command_op, bytes_view command_bytes,
                       Token&& token = {});

    // Asks the kernel to give up every operation, and refuses new ones with operation_aborted.
    void close();

    std::uint32_t in_flight() const { return in_flight_; }
    const uring_options& options() const { return options_; }
    // (The private part is the implementer's.)
private:
    asio::posix::stream_descriptor event_;
    uring_options options_;
    std::uint32_t in_flight_ = 0;
};

}  // namespace peerpress::io
