// zlib: the reference. It serves those who insist on it and whatever the faster codecs cannot, and
// its verdict on bad data is ours. State is reused from one stream to the next. One thread at a
// time.
#pragma once

#include "io/bytes.hpp"

#include <cstddef>
#include <memory>

struct z_stream_s;

namespace peerpress::accel::software {

class zlib_deflater {
public:
    zlib_deflater();  // throws bad_alloc
    ~zlib_deflater();

    // Bytes written, or 0 where the result does not fit. Levels 1 to 9; `last` as in
    // deflate_request.
    std::size_t deflate(int level, bytes_view input, bytes_span output, bool last);

private:
    std::unique_ptr<z_stream_s> stream_;
};

class zlib_inflater {
public:
    zlib_inflater();  // throws bad_alloc
    ~zlib_inflater();

    void reset();  // the next stream

    enum class status { more, ended, bad_data };
    struct step {
        zlib_inflater::status status = zlib_inflater::status::more;
        std::size_t input_bytes = 0;
        std::size_t output_bytes = 0;
    };
    // Continues the stream until the input is used up, the output is full, or it ends.
    step inflate(bytes_view input, bytes_span output);

private:
    std::unique_ptr<z_stream_s> stream_;
};

}  // namespace peerpress::accel::software
