#include "accel/software/pooled_inflater.hpp"

#include "accel/software/checksum.hpp"
#include "accel/software/pool_operation.hpp"

namespace peerpress::accel::software {
namespace {

serial_inflater::status status_of(deflate_decoder::status status) {
    switch (status) {
        case deflate_decoder::status::more:
            return serial_inflater::status::more;
        case deflate_decoder::status::ended:
            return serial_inflater::status::ended;
        case deflate_decoder::status::bad_data:
            break;
    }
    return serial_inflater::status::bad_data;
}

struct step_work {
    stream_inflater* inflater;
    serial_request request;

    result<serial_inflater::step> operator()(workbench&) const {
        const deflate_decoder::step step = inflater->inflate(request.input, request.output);
        return serial_inflater::step{
            .status = status_of(step.status),
            .input_bytes = step.input_bytes,
            .output_bytes = step.output_bytes,
            .checksum = checksum_of(request.checksum, request.checksum_before,
                                    request.output.first(step.output_bytes))};
    }
};

}  // namespace

awaitable<serial_inflater::step> pooled_inflater::inflate(serial_request request) {
    return run_on_pool<step>(pool_, flow_, executor_,
                             step_work{.inflater = &inflater_, .request = request});
}

}  // namespace peerpress::accel::software
