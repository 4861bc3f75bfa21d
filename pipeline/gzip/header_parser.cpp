#include "pipeline/gzip/header_parser.hpp"

#include "pipeline/gzip/little_endian.hpp"
#include "pipeline/gzip/member.hpp"

#include <zlib.h>

#include <cstring>
#include <utility>

namespace peerpress::pipeline::gzip {
namespace {

constexpr std::byte magic_1{0x1f};
constexpr std::byte magic_2{0x8b};
constexpr std::byte method_deflate{8};

// FLG, the fixed part's fourth byte.
constexpr std::size_t flags_index = 3;
constexpr std::byte flag_header_crc{0x02};
constexpr std::byte flag_extra{0x04};
constexpr std::byte flag_name{0x08};
constexpr std::byte flag_comment{0x10};
constexpr std::byte flags_reserved{0xe0};

constexpr std::uint64_t deflate_bytes_min = 2;  // one empty fixed block

bool any(std::byte flags) {
    return flags != std::byte{0};
}

struct known_subfield {
    gzip::convention convention;
    char id[2];
    std::uint16_t length_bytes;
};
constexpr known_subfield known_subfields[] = {
    {convention::migz, {'M', 'Z'}, 4},
    {convention::bgzf, {'B', 'C'}, 2},
    {convention::qatzip, {'Q', 'Z'}, 8},
    {convention::pgzip, {'I', 'G'}, 4},
};

}  // namespace

std::size_t header_parser::feed(bytes_view bytes) {
    std::size_t taken = 0;
    while (state_ == header_state::need_more && taken < bytes.size()) {
        if (field_ == field::name || field_ == field::comment) {
            taken += take_text(bytes.subspan(taken));
        } else {
            take(bytes[taken]);
            ++taken;
        }
    }
    header_.header_bytes += taken;
    if (state_ == header_state::complete) complete();
    return taken;
}

// Texts have no length and end at a zero byte. They alone can be long, so they are not taken byte
// by byte.
std::size_t header_parser::take_text(bytes_view bytes) {
    const void* zero = std::memchr(bytes.data(), 0, bytes.size());
    const std::size_t taken =
        zero ? static_cast<std::size_t>(static_cast<const std::byte*>(zero) - bytes.data()) + 1
             : bytes.size();
    cover(bytes.first(taken));
    if (zero) enter_next_field();
    return taken;
}

void header_parser::take(std::byte byte) {
    switch (field_) {
        case field::fixed:
            take_fixed(byte);
            return;
        case field::extra_length:
            cover({&byte, 1});
            number_[field_bytes_++] = byte;
            if (field_bytes_ < number_.size()) return;
            extra_bytes_ = load_le<std::uint16_t>(number_);
            enter_next_field();
            return;
        case field::extra:
            cover({&byte, 1});
            take_extra(byte);
            if (++field_bytes_ == extra_bytes_) enter_next_field();
            return;
        case field::header_crc:
            number_[field_bytes_++] = byte;
            if (field_bytes_ < number_.size()) return;
            if (load_le<std::uint16_t>(number_) != (crc_ & 0xffff)) {
                fail(format_errc::bad_header);
                return;
            }
            enter_next_field();
            return;
        case field::name:
        case field::comment:
        case field::end:
            return;
    }
}

void header_parser::take_fixed(std::byte byte) {
    const std::uint32_t index = field_bytes_++;
    fixed_[index] = byte;
    if (index == 0 && byte != magic_1) return fail(format_errc::not_compressed);
    if (index == 1 && byte != magic_2) return fail(format_errc::not_compressed);
    if (index == 2 && byte != method_deflate) return fail(format_errc::unsupported_method);
    if (index == flags_index && any(byte & flags_reserved))
        return fail(format_errc::unsupported_method);
    if (field_bytes_ < fixed_.size()) return;  // MTIME, XFL and OS mean nothing to decoding
    cover(fixed_);
    enter_next_field();
}

void header_parser::take_extra(std::byte byte) {
    const std::uint32_t index = subfield_.bytes++;
    if (index < subfield::prefix_bytes) {
        subfield_.prefix[index] = byte;
    } else if (index - subfield::prefix_bytes < subfield_.data.size()) {
        subfield_.data[index - subfield::prefix_bytes] = byte;
    }
    if (subfield_.bytes < subfield::prefix_bytes) return;
    const std::uint16_t length_bytes =
        load_le<std::uint16_t>(bytes_view(subfield_.prefix).subspan(2));
    if (subfield_.bytes == subfield::prefix_bytes + length_bytes) end_subfield();
}

// The first subfield that some convention knows is believed; later ones are not looked at.
void header_parser::end_subfield() {
    const subfield read = std::exchange(subfield_, {});
    if (header_.convention != convention::none) return;
    for (const known_subfield& known : known_subfields) {
        const bytes_view prefix(read.prefix);
        if (std::memcmp(prefix.data(), known.id, sizeof known.id) != 0) continue;
        if (load_le<std::uint16_t>(prefix.subspan(2)) != known.length_bytes) continue;
        header_.convention = known.convention;
        const bytes_view data(read.data);
        switch (known.convention) {
            case convention::bgzf:
                claim_bytes_ = load_le<std::uint16_t>(data);
                break;
            case convention::qatzip:  // the plain size comes first
                claim_bytes_ = load_le<std::uint32_t>(data.subspan(4));
                break;
            default:
                claim_bytes_ = load_le<std::uint32_t>(data);
        }
    }
}

void header_parser::enter_next_field() {
    do {
        field_ = static_cast<field>(static_cast<int>(field_) + 1);
    } while (!has(field_));
    field_bytes_ = 0;
    if (field_ == field::end) state_ = header_state::complete;
}

bool header_parser::has(field f) const {
    const std::byte flags = fixed_[flags_index];
    switch (f) {
        case field::extra_length:
            return any(flags & flag_extra);
        case field::extra:
            return extra_bytes_ > 0;
        case field::name:
            return any(flags & flag_name);
        case field::comment:
            return any(flags & flag_comment);
        case field::header_crc:
            return any(flags & flag_header_crc);
        case field::fixed:
        case field::end:
            return true;
    }
    return false;
}

void header_parser::cover(bytes_view bytes) {
    if (!any(fixed_[flags_index] & flag_header_crc)) return;
    crc_ = static_cast<std::uint32_t>(
        crc32_z(crc_, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

void header_parser::complete() {
    std::uint64_t member_bytes = 0;
    switch (header_.convention) {
        case convention::none:
            return;
        case convention::migz:
        case convention::qatzip:
            member_bytes = header_.header_bytes + claim_bytes_ + trailer_bytes;
            break;
        case convention::bgzf:
            member_bytes = claim_bytes_ + 1;
            break;
        case convention::pgzip:
            member_bytes = claim_bytes_;
            break;
    }
    const std::uint64_t member_bytes_min = header_.header_bytes + deflate_bytes_min + trailer_bytes;
    if (member_bytes >= member_bytes_min) header_.member_bytes = member_bytes;
}

void header_parser::fail(format_errc error) {
    state_ = header_state::invalid;
    error_ = error;
}

}  // namespace peerpress::pipeline::gzip
