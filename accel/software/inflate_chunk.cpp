#include "accel/software/inflate_chunk.hpp"

#include "accel/software/checksum.hpp"

namespace peerpress::accel::software {
namespace {

struct extent {
    std::size_t input_bytes = 0;
    std::size_t output_bytes = 0;
};

result<extent> inflate_by_reference(workbench& bench, const inflate_request& request) {
    zlib_inflater& zlib = bench.reference_inflater();
    zlib.reset();
    const zlib_inflater::step step = zlib.inflate(request.input, request.output);
    switch (step.status) {
        case zlib_inflater::status::ended:
            return extent{step.input_bytes, step.output_bytes};
        case zlib_inflater::status::more:
            // It stopped for want of room, or of input: then the stream is cut short.
            return step.output_bytes == request.output.size() ? codec_errc::output_too_small
                                                              : codec_errc::bad_data;
        case zlib_inflater::status::bad_data:
            break;
    }
    return codec_errc::bad_data;
}

result<extent> inflate_whole(workbench& bench, const inflate_request& request) {
    const deflate_decoder::step fast = bench.inflater().decode_whole(request.input, request.output);
    if (fast.status == deflate_decoder::status::ended)
        return extent{fast.input_bytes, fast.output_bytes};
    return inflate_by_reference(bench, request);
}

}  // namespace

result<inflated> inflate_chunk(workbench& bench, const inflate_request& request) {
    const result<extent> decoded = inflate_whole(bench, request);
    if (decoded.has_error()) return decoded.error();
    return inflated{
        .input_bytes = decoded->input_bytes,
        .bytes = decoded->output_bytes,
        .checksum = checksum_of(request.checksum, request.output.first(decoded->output_bytes))};
}

}  // namespace peerpress::accel::software
