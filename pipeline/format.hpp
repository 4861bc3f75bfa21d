// The containers we write and read, and what can be wrong with one.
#pragma once

#include "io/asio.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace peerpress::pipeline {

enum class container {
    gzip,   // members of about 1 MiB whose headers carry their length: parallel, random access (the
            // default)
    bgzf,   // members of at most 64 KiB, for htslib's tools
    plain,  // one gzip member
    zlib,   // RFC 1950
    deflate,  // RFC 1951, no check value
};

// "gzip", "bgzf", "plain", "zlib", "deflate".
std::string_view container_name(container c);
std::optional<container> container_from_name(std::string_view name);
std::string_view container_suffix(container c);  // ".gz", ".gz", ".gz", ".zz", ".deflate"

enum class format_errc {
    not_compressed = 1,  // neither gzip nor zlib
    bad_header,          // a header field is invalid or its FHCRC is wrong
    unsupported_method,  // CM is not 8, reserved flags are set, or zlib asks for a preset
                         // dictionary
    bad_data,            // the deflate stream is invalid
    wrong_checksum,
    wrong_size,         // ISIZE
    truncated,          // the file ends inside a member
    output_limit,       // more data than the caller allows
    range_unsupported,  // random access on a file without member sizes
    mismatch,           // verification: the data differ
    source_changed,     // the source's size is no longer what it was
};
const boost::system::error_category& format_category();
error_code make_error_code(format_errc errc);

// A format_errc with the place: which member (0-based), where it starts in the compressed file.
class format_error : public system_error {
public:
    format_error(format_errc errc, std::uint64_t member_index, std::uint64_t offset_bytes);
    // "member 3 at offset 917504: wrong checksum"
    const char* what() const noexcept override { return text_.c_str(); }
    std::uint64_t member_index() const { return member_index_; }
    std::uint64_t offset_bytes() const { return offset_bytes_; }

private:
    std::uint64_t member_index_;
    std::uint64_t offset_bytes_;
    std::string text_;
};

}  // namespace peerpress::pipeline

template <>
struct boost::system::is_error_code_enum<peerpress::pipeline::format_errc> : std::true_type {};
