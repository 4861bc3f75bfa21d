// libdeflate: whole buffers only, so it cannot end a stream with a flush; denser than zlib at the
// same speed and the fastest to decode. State is reused from one chunk to the next. One thread at a
// time.
#pragma once

#include "io/bytes.hpp"

#include <array>
#include <cstddef>
#include <memory>

struct libdeflate_compressor;

namespace peerpress::accel::software {

class libdeflate_deflater {
public:
    // Bytes written, or 0 where the result does not fit. Levels 1 to 12; each level's state (up to
    // 9 MiB) is made when it is first asked for. Throws bad_alloc.
    std::size_t deflate(int level, bytes_view input, bytes_span output);

private:
    struct free_compressor {
        void operator()(libdeflate_compressor* compressor) const;
    };
    std::array<std::unique_ptr<libdeflate_compressor, free_compressor>, 13> compressors_;
};

}  // namespace peerpress::accel::software
