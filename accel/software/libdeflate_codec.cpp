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

}  // namespace peerpress::accel::software
