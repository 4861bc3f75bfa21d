// What a compressed file means: strict zlib, member by member, and GNU gzip's rules for what
// follows the last. Written for plainness, on the whole file in memory; the pipeline has to agree
// with it.
#pragma once

#include "pipeline/format.hpp"
#include "tests/support/reference_zlib.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace peerpress::test {

struct reference_file {
    bytes data;  // up to the end, the fault or the limit
    std::uint64_t members = 0;
    std::uint64_t good_data_bytes = 0;  // of complete members
    std::uint64_t trailing_garbage_bytes = 0;
    std::optional<pipeline::format_errc> error;
    std::uint64_t member_offset_bytes = 0;  // of the member with the error
};

namespace detail {

inline pipeline::format_errc errc_of(int code, const char* message) {
    using pipeline::format_errc;
    if (code == Z_NEED_DICT) return format_errc::unsupported_method;
    if (code != Z_DATA_ERROR) return format_errc::truncated;
    const std::string_view text = message ? message : "";
    if (text == "incorrect header check") return format_errc::not_compressed;
    if (text == "unknown compression method") return format_errc::unsupported_method;
    if (text == "unknown header flags set") return format_errc::unsupported_method;
    if (text == "invalid window size") return format_errc::bad_header;
    if (text == "header crc mismatch") return format_errc::bad_header;
    if (text == "incorrect data check") return format_errc::wrong_checksum;
    if (text == "incorrect length check") return format_errc::wrong_size;
    return format_errc::bad_data;
}

// Appends one member's data to the file's; returns the bytes consumed.
inline std::size_t decode_member(std::span<const std::byte> input, int window_bits,
                                 std::uint64_t data_bytes_max, reference_file& file) {
    z_stream stream{};
    if (inflateInit2(&stream, window_bits) != Z_OK) throw std::runtime_error("inflateInit2");
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(input.data()));
    stream.avail_in = static_cast<uInt>(input.size());
    int code = Z_OK;
    while (code == Z_OK) {
        bytes room(64 << 10);
        stream.next_out = reinterpret_cast<Bytef*>(room.data());
        stream.avail_out = static_cast<uInt>(room.size());
        code = inflate(&stream, Z_NO_FLUSH);
        file.data.insert(file.data.end(), room.begin(), room.end() - stream.avail_out);
        if (file.data.size() > data_bytes_max) break;
    }
    const std::size_t consumed = input.size() - stream.avail_in;
    if (file.data.size() > data_bytes_max) {
        file.data.erase(file.data.begin() + static_cast<std::ptrdiff_t>(data_bytes_max),
                        file.data.end());
        file.error = pipeline::format_errc::output_limit;
    } else if (code != Z_STREAM_END) {
        file.error = errc_of(code, stream.msg);
    }
    inflateEnd(&stream);
    return consumed;
}

inline int window_bits_of(std::span<const std::byte> input, std::optional<pipeline::container> c) {
    if (c == pipeline::container::zlib) return zlib_window;
    if (c == pipeline::container::deflate) return raw_window;
    if (c || input.size() < 2) return gzip_window;
    const unsigned first = std::to_integer<unsigned>(input[0]);
    const bool zlib =
        (first & 0x8f) == 8 && (first << 8 | std::to_integer<unsigned>(input[1])) % 31 == 0;
    return zlib ? zlib_window : gzip_window;
}

inline void judge_rest(std::span<const std::byte> rest, reference_file& file) {
    const bool zero =
        std::all_of(rest.begin(), rest.end(), [](std::byte b) { return b == std::byte{0}; });
    file.trailing_garbage_bytes = zero ? 0 : rest.size();
}

}  // namespace detail

inline reference_file reference_decode(std::span<const std::byte> input,
                                       std::optional<pipeline::container> container = {},
                                       std::uint64_t data_bytes_max = 256u << 20) {
    reference_file file;
    const int window_bits = detail::window_bits_of(input, container);
    std::size_t offset = 0;
    do {
        file.member_offset_bytes = offset;
        offset += detail::decode_member(input.subspan(offset), window_bits, data_bytes_max, file);
        if (file.error) return file;
        file.members += 1;
        file.good_data_bytes = file.data.size();
        if (window_bits != gzip_window) {
            detail::judge_rest(input.subspan(offset), file);
            return file;
        }
        const std::span<const std::byte> rest = input.subspan(offset);
        const bool magic =
            rest.size() > 1 && rest[0] == std::byte{0x1f} && rest[1] == std::byte{0x8b};
        const bool may_be_member = rest.size() == 1 && rest[0] != std::byte{0};
        if (!rest.empty() && !magic && !may_be_member) {
            detail::judge_rest(rest, file);
            return file;
        }
    } while (offset < input.size());
    return file;
}

}  // namespace peerpress::test
