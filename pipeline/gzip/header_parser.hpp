// A gzip member's header, read in pieces: a name of any length passes through constant memory, and
// every byte is looked at once.
//
// States: need_more until the last header byte, then complete; invalid at the first byte that
// zlib's inflate (windowBits 31) would refuse. Once complete or invalid it takes no more bytes.
#pragma once

#include "io/bytes.hpp"
#include "pipeline/format.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace peerpress::pipeline::gzip {

// Who says how long a member is, by a subfield of the header's extra field.
enum class convention { none, migz, bgzf, qatzip, pgzip };

struct member_header {
    std::uint64_t header_bytes = 0;  // up to the deflate data
    gzip::convention convention = gzip::convention::none;
    // What the header claims; a hint until the member has been decoded. Zero-length and absurd
    // claims are none.
    std::optional<std::uint64_t> member_bytes;  // header, deflate data and trailer
};

enum class header_state { complete, need_more, invalid };

class header_parser {
public:
    // Takes bytes until the header is complete or invalid; returns how many.
    std::size_t feed(bytes_view bytes);

    header_state state() const { return state_; }
    const member_header& header() const { return header_; }  // where complete
    format_errc error() const { return error_; }             // where invalid

private:
    // In the order they lie in the header; the optional ones are passed over where FLG lacks their
    // bit.
    enum class field { fixed, extra_length, extra, name, comment, header_crc, end };

    // The subfield of FEXTRA that is being read: SI1 SI2 LEN, then LEN bytes of data.
    struct subfield {
        static constexpr std::uint32_t prefix_bytes = 4;
        std::array<std::byte, prefix_bytes> prefix{};
        std::array<std::byte, 8> data{};  // no convention has more
        std::uint32_t bytes = 0;          // read so far of both
    };

    std::size_t take_text(bytes_view bytes);
    void take(std::byte byte);
    void take_fixed(std::byte byte);
    void take_extra(std::byte byte);
    void end_subfield();
    void enter_next_field();
    bool has(field f) const;
    void cover(bytes_view bytes);
    void complete();
    void fail(format_errc error);

    header_state state_ = header_state::need_more;
    format_errc error_ = format_errc::not_compressed;
    member_header header_;

    field field_ = field::fixed;
    std::uint32_t field_bytes_ = 0;  // read of the current field; not counted in texts
    std::array<std::byte, 10> fixed_{};
    std::array<std::byte, 2> number_{};  // XLEN or CRC16
    std::uint32_t extra_bytes_ = 0;      // XLEN
    subfield subfield_;
    std::uint64_t claim_bytes_ = 0;  // by the convention's field, of what the convention counts
    std::uint32_t crc_ = 0;          // of the header so far, kept only where FHCRC asks for it
};

}  // namespace peerpress::pipeline::gzip
