#include "accel/software/libdeflate_codec.hpp"

#include <libdeflate.h>

#include <cassert>
#include <new>

namespace peerpress::accel::software {

void libdeflate_deflater::free_compressor::operator()(libdeflate_compressor* compressor) const {
    libdeflate_free_compressor(compressor);
}

std::size_t libdeflate_deflater::deflate(int level, bytes_view input, bytes_span output) {
    assert(level >= 1 && level <= 12);
    auto& compressor = compressors_[static_cast<std::size_t>(level)];
    if (!compressor) compressor.reset(libdeflate_alloc_compressor(level));
    if (!compressor) throw std::bad_alloc();
    return libdeflate_deflate_compress(compressor.get(), input.data(), input.size(), output.data(),
                                       output.size());
}

void libdeflate_inflater::free_decompressor::operator()(
    libdeflate_decompressor* decompressor) const {
    libdeflate_free_decompressor(decompressor);
}

libdeflate_inflater::libdeflate_inflater() : decompressor_(libdeflate_alloc_decompressor()) {
    if (!decompressor_) throw std::bad_alloc();
}

libdeflate_inflater::outcome libdeflate_inflater::inflate(bytes_view input, bytes_span output) {
    outcome outcome;
    outcome.ok = libdeflate_deflate_decompress_ex(
                     decompressor_.get(), input.data(), input.size(), output.data(), output.size(),
                     &outcome.input_bytes, &outcome.output_bytes) == LIBDEFLATE_SUCCESS;
    return outcome;
}

}  // namespace peerpress::accel::software
