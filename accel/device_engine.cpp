#include "accel/device_engine.hpp"

namespace peerpress::accel {
namespace {

class device_error_category final : public boost::system::error_category {
public:
    const char* name() const noexcept override { return "device"; }

    std::string message(int value) const override {
        switch (static_cast<device_errc>(value)) {
            case device_errc::redo_elsewhere:
                return "the device could not do it";
            case device_errc::implausible_answer:
                return "the device's answer cannot be true";
        }
        return "unknown device error " + std::to_string(value);
    }
};

}  // namespace

const boost::system::error_category& device_category() {
    static const device_error_category category;
    return category;
}

error_code make_error_code(device_errc errc) {
    return {static_cast<int>(errc), device_category()};
}

std::string_view health_name(device_health health) {
    switch (health) {
        case device_health::serving:
            return "serving";
        case device_health::drained:
            return "drained";
        case device_health::quarantined:
            return "quarantined";
    }
    return "?";
}

std::string_view core_kind_name(core_kind kind) {
    return kind == core_kind::compress ? "compress" : "decompress";
}

}  // namespace peerpress::accel
