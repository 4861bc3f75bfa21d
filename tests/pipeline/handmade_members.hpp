// Gzip members made by hand, in every convention that tells their length.
#pragma once

#include "pipeline/gzip/member.hpp"
#include "tests/support/gzip_headers.hpp"
#include "tests/support/reference_zlib.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace peerpress::test {

inline void append(bytes& to, bytes_view what) {
    to.insert(to.end(), what.begin(), what.end());
}

inline bytes little_endian(std::uint64_t value, std::size_t length) {
    bytes out;
    for (std::size_t at = 0; at < length; ++at)
        out.push_back(static_cast<std::byte>(value >> (8 * at)));
    return out;
}

struct member_parts {
    bytes header;
    bytes deflate;
    std::uint32_t crc32 = 0;
    std::uint32_t isize = 0;

    bytes whole() const {
        bytes member = header;
        append(member, deflate);
        append(member, little_endian(crc32, 4));
        append(member, little_endian(isize, 4));
        return member;
    }
};

namespace detail {

inline bytes claim_field(std::string_view id, const bytes& data) {
    bytes field{static_cast<std::byte>(id[0]), static_cast<std::byte>(id[1])};
    append(field, little_endian(data.size(), 2));
    append(field, data);
    return field;
}

inline bytes header_of(const std::string& convention, std::size_t deflate_bytes,
                       std::size_t data_bytes) {
    header_options options;
    if (convention == "MiGz") options.extra = claim_field("MZ", little_endian(deflate_bytes, 4));
    if (convention == "BGZF")
        options.extra = claim_field("BC", little_endian(18 + deflate_bytes + 8 - 1, 2));
    if (convention == "pgzip") {
        options.name = "data.bin";
        options.extra = claim_field("IG", little_endian(20 + 9 + deflate_bytes + 8, 4));
    }
    if (convention == "QATzip") {
        bytes sizes = little_endian(data_bytes, 4);
        append(sizes, little_endian(deflate_bytes, 4));
        options.extra = claim_field("QZ", sizes);
    }
    return make_header(options);
}

}  // namespace detail

// convention: "gzip" (none), "MiGz", "BGZF", "QATzip" or "pgzip".
inline member_parts make_member(bytes_view data, const std::string& convention = "gzip",
                                int level = 6) {
    member_parts member;
    member.deflate = reference_deflate(data, level, raw_window);
    member.header = detail::header_of(convention, member.deflate.size(), data.size());
    member.crc32 = reference_crc32(data);
    member.isize = static_cast<std::uint32_t>(data.size());
    return member;
}

inline bytes make_file(bytes_view data, std::size_t member_bytes, const std::string& convention) {
    bytes file;
    for (std::size_t at = 0; at < data.size(); at += member_bytes)
        append(file,
               make_member(data.subspan(at, std::min(member_bytes, data.size() - at)), convention)
                   .whole());
    return file;
}

}  // namespace peerpress::test
