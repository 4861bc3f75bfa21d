#include "accel/accelerator.hpp"

namespace peerpress::accel {
namespace {

class codec_error_category final : public boost::system::error_category {
public:
    const char* name() const noexcept override { return "codec"; }

    std::string message(int value) const override {
        switch (static_cast<codec_errc>(value)) {
            case codec_errc::bad_data:
                return "invalid deflate data";
            case codec_errc::output_too_small:
                return "the data do not fit the output";
        }
        return "unknown codec error " + std::to_string(value);
    }
};

}  // namespace

const boost::system::error_category& codec_category() {
    static const codec_error_category category;
    return category;
}

error_code make_error_code(codec_errc errc) {
    return {static_cast<int>(errc), codec_category()};
}

}  // namespace peerpress::accel
