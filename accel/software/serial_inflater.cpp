#include "accel/software/serial_inflater.hpp"

#include "accel/software/pool_operation.hpp"

namespace peerpress::accel::software {
namespace {

struct step_work {
    zlib_inflater* zlib;
    bytes_view input;
    bytes_span output;

    result<serial_inflater::step> operator()(workbench&) const {
        const zlib_inflater::step step = zlib->inflate(input, output);
        if (step.status == zlib_inflater::status::bad_data) return codec_errc::bad_data;
        return serial_inflater::step{.input_bytes = step.input_bytes,
                                     .output_bytes = step.output_bytes,
                                     .ended = step.status == zlib_inflater::status::ended};
    }
};

}  // namespace

awaitable<serial_inflater::step> serial_zlib_inflater::inflate(bytes_view input,
                                                               bytes_span output) {
    return run_on_pool<step>(pool_, flow_, executor_,
                             step_work{.zlib = &zlib_, .input = input, .output = output});
}

}  // namespace peerpress::accel::software
