// The codecs of one thread: their state is made when first needed and then reused.
#pragma once

#include "accel/software/isal_codec.hpp"
#include "accel/software/libdeflate_codec.hpp"
#include "accel/software/zlib_codec.hpp"

#include <optional>

namespace peerpress::accel::software {

class workbench {
public:
    isal_deflater& isal() { return made(isal_); }
    libdeflate_deflater& libdeflate() { return made(libdeflate_); }
    zlib_deflater& zlib() { return made(zlib_); }
    libdeflate_inflater& inflater() { return made(inflater_); }
    zlib_inflater& reference_inflater() { return made(reference_inflater_); }

private:
    template <class Codec>
    static Codec& made(std::optional<Codec>& codec) {
        return codec ? *codec : codec.emplace();
    }

    std::optional<isal_deflater> isal_;
    std::optional<libdeflate_deflater> libdeflate_;
    std::optional<zlib_deflater> zlib_;
    std::optional<libdeflate_inflater> inflater_;
    std::optional<zlib_inflater> reference_inflater_;
};

}  // namespace peerpress::accel::software
