#include "io/nvme_passthrough.hpp"

#include "io/nvme_error.hpp"

#include <sys/ioctl.h>

#include <cerrno>
#include <cstdint>

namespace peerpress::io {
namespace {

constexpr std::uint8_t identify_opcode = 0x06;
constexpr std::uint32_t identify_timeout_ms = 5000;

error_code last_error() {
    return {errno, boost::system::system_category()};
}

}  // namespace

nvme_uring_cmd to_uring_command(const nvme_command& command, std::uint32_t namespace_id) {
    nvme_uring_cmd made{};
    made.opcode = command.opcode;
    made.nsid = namespace_id;
    made.cdw2 = command.cdw2;
    made.cdw3 = command.cdw3;
    made.addr = reinterpret_cast<std::uintptr_t>(command.data.data());
    made.data_len = static_cast<std::uint32_t>(command.data.size());
    made.cdw10 = command.cdw10;
    made.cdw11 = command.cdw11;
    made.cdw12 = command.cdw12;
    made.cdw13 = command.cdw13;
    made.cdw14 = command.cdw14;
    made.cdw15 = command.cdw15;
    made.timeout_ms = command.timeout_ms;
    return made;
}

nvme_passthrough::nvme_passthrough(uring& ring, unique_fd device, std::uint32_t namespace_id)
    : ring_(ring), device_(std::move(device)), namespace_id_(namespace_id) {}

awaitable<command_result> nvme_passthrough::send(nvme_command command) {
    const nvme_uring_cmd made = to_uring_command(command, namespace_id_);
    const bytes_view entry{reinterpret_cast<const std::byte*>(&made), sizeof made};
    co_return co_await ring_.async_command(device_.get(), NVME_URING_CMD_IO, entry, asio::deferred);
}

result<nvme_identify_data> identify(int device, nvme_identify_kind kind,
                                    std::uint32_t namespace_id) {
    nvme_identify_data data{};
    nvme_passthru_cmd command{};
    command.opcode = identify_opcode;
    command.nsid = kind == nvme_identify_kind::of_namespace ? namespace_id : 0;
    command.addr = reinterpret_cast<std::uintptr_t>(data.data());
    command.data_len = static_cast<std::uint32_t>(data.size());
    command.cdw10 = static_cast<std::uint32_t>(kind);
    command.timeout_ms = identify_timeout_ms;
    const int status = ::ioctl(device, NVME_IOCTL_ADMIN_CMD, &command);
    if (status < 0) return last_error();
    if (status > 0) return nvme_error(static_cast<std::uint32_t>(status));
    return data;
}

result<std::uint32_t> nvme_namespace_id(int device) {
    const int id = ::ioctl(device, NVME_IOCTL_ID);
    if (id < 0) return last_error();
    return static_cast<std::uint32_t>(id);
}

}  // namespace peerpress::io
