// Gzip headers made to order, damaged ones, and zlib's opinion of them.
#pragma once

#include "tests/support/reference_zlib.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <random>
#include <string>
#include <string_view>

namespace peerpress::test {

inline bytes subfield(std::string_view id, std::initializer_list<int> data) {
    bytes field{static_cast<std::byte>(id[0]), static_cast<std::byte>(id[1]),
                static_cast<std::byte>(data.size() & 0xff),
                static_cast<std::byte>(data.size() >> 8)};
    for (const int value : data) field.push_back(static_cast<std::byte>(value));
    return field;
}

struct header_options {
    std::optional<bytes> extra{};
    std::optional<std::string> name{};
    std::optional<std::string> comment{};
    bool crc = false;
    std::uint8_t flags = 0;  // others, of no meaning to decoding
};

inline bytes make_header(const header_options& options) {
    const int flags = options.flags | (options.crc ? 2 : 0) | (options.extra ? 4 : 0) |
                      (options.name ? 8 : 0) | (options.comment ? 16 : 0);
    bytes header;
    const auto put = [&header](int value) { header.push_back(static_cast<std::byte>(value)); };
    for (const int value : {0x1f, 0x8b, 8, flags, 1, 2, 3, 4, 0, 3}) put(value);
    if (options.extra) {
        put(static_cast<int>(options.extra->size() & 0xff));
        put(static_cast<int>(options.extra->size() >> 8));
        header.insert(header.end(), options.extra->begin(), options.extra->end());
    }
    for (const auto& text : {options.name, options.comment}) {
        if (!text) continue;
        for (const char c : *text) put(c);
        put(0);
    }
    if (options.crc) {
        const std::uint32_t crc = reference_crc32(header);
        put(static_cast<int>(crc & 0xff));
        put(static_cast<int>(crc >> 8 & 0xff));
    }
    return header;
}

inline bytes random_header(std::mt19937& random) {
    const auto one_in = [&random](unsigned n) { return random() % n == 0; };
    const auto text = [&random] { return std::string(random() % 20, 'x'); };
    header_options options;
    if (one_in(2)) {
        static constexpr std::array ids{"MZ", "BC", "QZ", "IG", "XY"};
        bytes extra;
        for (unsigned count = random() % 3; count > 0; --count) {
            const int a = static_cast<int>(random() % 256);
            const char* id = ids[random() % ids.size()];
            const bytes field = one_in(2)   ? subfield(id, {a, 0, 1, 0})
                                : one_in(2) ? subfield(id, {a, 1})
                                            : subfield(id, {1, 2, 3, 4, a, 0, 0, 0});
            extra.insert(extra.end(), field.begin(), field.end());
        }
        options.extra = extra;
    }
    if (one_in(2)) options.name = text();
    if (one_in(3)) options.comment = text();
    options.crc = one_in(2);
    options.flags = one_in(4) ? 1 : 0;
    return make_header(options);
}

// Up to three bytes changed, or its end cut off, or nothing.
inline void damage(bytes& header, std::mt19937& random) {
    for (unsigned count = random() % 4; count > 0; --count) {
        header[random() % header.size()] = static_cast<std::byte>(random());
    }
    if (random() % 4 == 0) header.resize(1 + random() % header.size());
}

struct reference_header {
    reference_verdict verdict = reference_verdict::incomplete;
    std::size_t header_bytes = 0;
};

inline reference_header reference_parse_header(std::span<const std::byte> input) {
    z_stream stream{};
    gz_header head{};
    if (inflateInit2(&stream, gzip_window) != Z_OK) throw std::runtime_error("inflateInit2");
    inflateGetHeader(&stream, &head);
    reference_header result;
    std::byte nowhere{};
    // Byte by byte, for zlib does not say where in its input the header ended.
    for (std::size_t at = 0; at < input.size(); ++at) {
        stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(&input[at]));
        stream.avail_in = 1;
        stream.next_out = reinterpret_cast<Bytef*>(&nowhere);
        stream.avail_out = 0;
        const int code = inflate(&stream, Z_BLOCK);
        if (code == Z_DATA_ERROR) result.verdict = reference_verdict::invalid;
        if (head.done == 1) result = {reference_verdict::complete, at + 1};
        if (result.verdict != reference_verdict::incomplete) break;
    }
    inflateEnd(&stream);
    return result;
}

}  // namespace peerpress::test
