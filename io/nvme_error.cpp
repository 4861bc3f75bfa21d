#include "io/nvme_error.hpp"

#include <array>
#include <cstdio>

namespace peerpress::io {
namespace {

std::string hexadecimal(int status) {
    std::array<char, 16> text{};
    std::snprintf(text.data(), text.size(), "0x%03x", static_cast<unsigned>(status));
    return text.data();
}

const char* words_for(nvme_errc errc) {
    switch (errc) {
        case nvme_errc::invalid_opcode:
            return "the controller does not know the command";
        case nvme_errc::invalid_field:
            return "invalid field in a command";
        case nvme_errc::data_transfer_error:
            return "data transfer error";
        case nvme_errc::aborted_power_loss:
            return "aborted: the controller loses power";
        case nvme_errc::internal:
            return "internal error of the controller";
        case nvme_errc::abort_requested:
            return "aborted on request";
        case nvme_errc::aborted_queue_deleted:
            return "aborted: its queue was deleted";
        case nvme_errc::invalid_namespace:
            return "there is no such namespace";
        case nvme_errc::command_interrupted:
            return "interrupted; to be sent again";
        case nvme_errc::transient_transport_error:
            return "transient transport error";
        case nvme_errc::namespace_not_ready:
            return "the namespace is not ready";
        case nvme_errc::host_path_error:
            return "the controller cannot be reached";
        case nvme_errc::host_aborted:
            return "aborted: the controller was reset";
    }
    return nullptr;
}

class nvme_error_category final : public boost::system::error_category {
public:
    const char* name() const noexcept override { return "nvme"; }

    std::string message(int value) const override {
        if (const char* words = words_for(static_cast<nvme_errc>(value)))
            return std::string(words) + " (NVMe status " + hexadecimal(value) + ")";
        const bool vendor = (value >> 8) == 7;
        return (vendor ? "vendor-specific NVMe status " : "NVMe status ") + hexadecimal(value);
    }
};

}  // namespace

const boost::system::error_category& nvme_category() {
    static const nvme_error_category category;
    return category;
}

error_code make_error_code(nvme_errc errc) {
    return {static_cast<int>(errc), nvme_category()};
}

error_code nvme_error(std::uint32_t status) {
    const std::uint32_t code = status & nvme_status_code_mask;
    return code == 0 ? error_code{} : error_code{static_cast<int>(code), nvme_category()};
}

}  // namespace peerpress::io
