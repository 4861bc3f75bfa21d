// The codecs of one thread: their state is made when first needed and then reused.
#pragma once

#include "accel/software/deflate_decoder.hpp"
#include "accel/software/isal_codec.hpp"
#include "accel/software/libdeflate_codec.hpp"
#include "accel/software/zlib_codec.hpp"

#include <optional>
#include <vector>

namespace peerpress::accel::software {

class workbench {
public:
    isal_deflater& isal() { return made(isal_); }
    libdeflate_deflater& libdeflate() { return made(libdeflate_); }
    zlib_deflater& zlib() { return made(zlib_); }
    deflate_decoder& inflater() { return made(inflater_); }
    zlib_inflater& reference_inflater() { return made(reference_inflater_); }

    // Memory for a step between, good until it is asked for again.
    bytes_span scratch(std::size_t bytes) {
        if (scratch_.size() < bytes) scratch_.resize(bytes);
        return bytes_span(scratch_).first(bytes);
    }

private:
    template <class Codec>
    static Codec& made(std::optional<Codec>& codec) {
        return codec ? *codec : codec.emplace();
    }

    std::optional<isal_deflater> isal_;
    std::optional<libdeflate_deflater> libdeflate_;
    std::optional<zlib_deflater> zlib_;
    std::optional<deflate_decoder> inflater_;
    std::optional<zlib_inflater> reference_inflater_;
    std::vector<std::byte> scratch_;
};

}  // namespace peerpress::accel::software
