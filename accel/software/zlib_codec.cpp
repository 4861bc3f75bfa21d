#include "accel/software/zlib_codec.hpp"

#include <zlib.h>

#include <cassert>
#include <limits>
#include <new>

namespace peerpress::accel::software {
namespace {

constexpr int raw_deflate_32k = -15;  // windowBits: negative for no header and trailer
constexpr int memory_level = 8;       // zlib's default; 9 changes ratio and speed by less than 1 %
constexpr int any_level = 6;          // until the first chunk sets its own

void lend(z_stream& stream, bytes_view input, bytes_span output) {
    assert(input.size() <= std::numeric_limits<uInt>::max());
    assert(output.size() <= std::numeric_limits<uInt>::max());
    // zlib does not write to its input; its interface merely lacks the const.
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(input.data()));
    stream.avail_in = static_cast<uInt>(input.size());
    stream.next_out = reinterpret_cast<Bytef*>(output.data());
    stream.avail_out = static_cast<uInt>(output.size());
}

}  // namespace

zlib_deflater::zlib_deflater() : stream_(std::make_unique<z_stream>()) {
    if (deflateInit2(stream_.get(), any_level, Z_DEFLATED, raw_deflate_32k, memory_level,
                     Z_DEFAULT_STRATEGY) != Z_OK) {
        throw std::bad_alloc();
    }
}

zlib_deflater::~zlib_deflater() {
    deflateEnd(stream_.get());
}

std::size_t zlib_deflater::deflate(int level, bytes_view input, bytes_span output, bool last) {
    assert(level >= 1 && level <= 9);
    deflateReset(stream_.get());
    deflateParams(stream_.get(), level, Z_DEFAULT_STRATEGY);
    lend(*stream_, input, output);
    const int status = ::deflate(stream_.get(), last ? Z_FINISH : Z_FULL_FLUSH);
    const bool complete = last ? status == Z_STREAM_END : status == Z_OK && stream_->avail_out > 0;
    return complete ? output.size() - stream_->avail_out : 0;
}

zlib_inflater::zlib_inflater() : stream_(std::make_unique<z_stream>()) {
    if (inflateInit2(stream_.get(), raw_deflate_32k) != Z_OK) throw std::bad_alloc();
}

zlib_inflater::~zlib_inflater() {
    inflateEnd(stream_.get());
}

void zlib_inflater::reset() {
    inflateReset(stream_.get());
}

zlib_inflater::step zlib_inflater::inflate(bytes_view input, bytes_span output) {
    // zlib refuses a null pointer even where it may write nothing.
    std::byte nowhere{};
    lend(*stream_, input, output.data() ? output : bytes_span(&nowhere, 0));
    const int code = ::inflate(stream_.get(), Z_NO_FLUSH);
    step step;
    step.input_bytes = input.size() - stream_->avail_in;
    step.output_bytes = output.size() - stream_->avail_out;
    switch (code) {
        case Z_STREAM_END:
            step.status = status::ended;
            break;
        case Z_OK:
        case Z_BUF_ERROR:  // no progress was possible: more input or more room is needed
            step.status = status::more;
            break;
        case Z_MEM_ERROR:  // the window is allocated at its first use
            throw std::bad_alloc();
        default:
            step.status = status::bad_data;
    }
    return step;
}

}  // namespace peerpress::accel::software
