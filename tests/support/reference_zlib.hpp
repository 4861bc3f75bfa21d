// zlib, called directly: what the tests hold our codecs and parsers against.
#pragma once

#include <zlib.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <stdexcept>
#include <vector>

namespace peerpress::test {

using bytes = std::vector<std::byte>;

// Windowbits as zlib takes them.
inline constexpr int raw_window = -15;
inline constexpr int zlib_window = 15;
inline constexpr int gzip_window = 15 + 16;

enum class reference_verdict { complete, incomplete, invalid };

struct reference_stream {
    reference_verdict verdict = reference_verdict::incomplete;
    bytes data;                   // decoded up to the end, the fault or the limit
    std::size_t input_bytes = 0;  // consumed
};

// Decodes one stream (one gzip member). Incomplete: it is cut short, or has more data than the
// limit.
inline reference_stream reference_inflate(std::span<const std::byte> input, int window_bits,
                                          std::size_t data_bytes_max = std::size_t{64} << 20) {
    z_stream stream{};
    if (inflateInit2(&stream, window_bits) != Z_OK) throw std::runtime_error("inflateInit2");
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(input.data()));
    stream.avail_in = static_cast<uInt>(input.size());
    reference_stream result;
    int code = Z_OK;
    while (code == Z_OK && result.data.size() <= data_bytes_max) {
        const std::size_t before = result.data.size();
        // One byte past the limit tells a stream that ends there from one that goes on.
        const std::size_t room = std::min<std::size_t>(data_bytes_max + 1 - before, 256 << 10);
        result.data.resize(before + room);
        stream.next_out = reinterpret_cast<Bytef*>(result.data.data() + before);
        stream.avail_out = static_cast<uInt>(room);
        code = inflate(&stream, Z_NO_FLUSH);
        result.data.erase(result.data.end() - stream.avail_out, result.data.end());
    }
    result.input_bytes = input.size() - stream.avail_in;
    inflateEnd(&stream);
    if (code == Z_STREAM_END && result.data.size() <= data_bytes_max) {
        result.verdict = reference_verdict::complete;
    } else if (code == Z_DATA_ERROR || code == Z_NEED_DICT || code == Z_STREAM_ERROR) {
        result.verdict = reference_verdict::invalid;
    }
    return result;
}

inline bytes reference_deflate(std::span<const std::byte> input, int level, int window_bits,
                               int strategy = Z_DEFAULT_STRATEGY) {
    z_stream stream{};
    if (deflateInit2(&stream, level, Z_DEFLATED, window_bits, 8, strategy) != Z_OK) {
        throw std::runtime_error("deflateInit2");
    }
    bytes output(deflateBound(&stream, input.size()) + 64);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(input.data()));
    stream.avail_in = static_cast<uInt>(input.size());
    stream.next_out = reinterpret_cast<Bytef*>(output.data());
    stream.avail_out = static_cast<uInt>(output.size());
    const int code = deflate(&stream, Z_FINISH);
    output.erase(output.end() - stream.avail_out, output.end());
    deflateEnd(&stream);
    if (code != Z_STREAM_END) throw std::runtime_error("deflate");
    return output;
}

inline std::uint32_t reference_crc32(std::span<const std::byte> data, std::uint32_t seed = 0) {
    if (data.empty()) return seed;  // zlib takes a null pointer for the wish of an initial value
    return static_cast<std::uint32_t>(
        crc32_z(seed, reinterpret_cast<const Bytef*>(data.data()), data.size()));
}

inline std::uint32_t reference_adler32(std::span<const std::byte> data, std::uint32_t seed = 1) {
    if (data.empty()) return seed;  // zlib takes a null pointer for the wish of an initial value
    return static_cast<std::uint32_t>(
        adler32_z(seed, reinterpret_cast<const Bytef*>(data.data()), data.size()));
}

}  // namespace peerpress::test
