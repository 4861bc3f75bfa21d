// The device's command set, bit by bit: docs/command-set.md in C++. Engine and device model share
// this header, and nothing else; a vendor's own could take its place.
//
// Constants and pure functions over values. encode() and decode() are each other's inverse.
#pragma once

#include "io/bytes.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace peerpress::accel::noload {

// --- I/O commands

// Vendor specific, low bits 10b. Linux takes the direction from the lowest bit alone; 0 has the
// span mapped so that the device may write to it, which COMPRESS and DECOMPRESS do.
enum class opcode : std::uint8_t { compress = 0x82, decompress = 0x86, checksum = 0x8a };

enum class stream_format : std::uint8_t { raw_deflate = 0, gzip_member = 1 };

inline constexpr std::uint8_t level_default = 0;  // the core's own choice
inline constexpr std::uint8_t level_hint_max = 12;

// A command's data pointer covers one span: the input is at its front, behind the bytes skipped,
// and the output somewhere after it, to the span's end.
struct operation {
    noload::opcode opcode = opcode::compress;
    std::uint32_t span_bytes = 0;  // a multiple of 4
    std::uint32_t skip_bytes = 0;  // before the input
    std::uint32_t input_bytes = 0;
    std::uint32_t output_offset_bytes = 0;  // a multiple of 4; 0 where nothing is written
    stream_format format = stream_format::gzip_member;
    std::uint8_t level = level_default;      // COMPRESS
    std::uint8_t output_alignment_log2 = 0;  // COMPRESS; 0: the output ends anywhere
    bool check_only = false;                 // DECOMPRESS

    bool operator==(const operation&) const = default;
};

// CDW10 to CDW15. All other dwords of the command that are the submitter's (CDW2, CDW3) are zero.
struct command_words {
    std::uint8_t opcode = 0;
    std::array<std::uint32_t, 6> cdw10{};  // cdw10[2] is CDW12

    bool operator==(const command_words&) const = default;
};

namespace cdw14 {
inline constexpr unsigned format_shift = 0;     // 3:0
inline constexpr unsigned level_shift = 4;      // 7:4
inline constexpr unsigned alignment_shift = 8;  // 12:8
inline constexpr unsigned check_only_shift = 13;
inline constexpr std::uint32_t defined_bits = (1u << 14) - 1;
}  // namespace cdw14

constexpr command_words encode(const operation& wanted) {
    const std::uint32_t options =
        wanted.opcode == opcode::checksum
            ? 0
            : std::uint32_t{static_cast<std::uint8_t>(wanted.format)} << cdw14::format_shift |
                  std::uint32_t{wanted.level} << cdw14::level_shift |
                  std::uint32_t{wanted.output_alignment_log2} << cdw14::alignment_shift |
                  std::uint32_t{wanted.check_only} << cdw14::check_only_shift;
    return {.opcode = static_cast<std::uint8_t>(wanted.opcode),
            .cdw10 = {wanted.span_bytes / 4, 0, wanted.input_bytes, wanted.output_offset_bytes,
                      options, wanted.skip_bytes}};
}

constexpr bool is_operation(std::uint8_t code) {
    return code == static_cast<std::uint8_t>(opcode::compress) ||
           code == static_cast<std::uint8_t>(opcode::decompress) ||
           code == static_cast<std::uint8_t>(opcode::checksum);
}

// None where the words cannot be a command of this set: another opcode, a reserved bit or value.
// Whether input and output lie within the span is for fits_span() to say.
constexpr std::optional<operation> decode(const command_words& words) {
    const auto [span_dwords, metadata_dwords, input, output, options, skip] = words.cdw10;
    if (!is_operation(words.opcode) || metadata_dwords != 0 || span_dwords >= 1u << 30) return {};
    operation wanted{.opcode = static_cast<opcode>(words.opcode),
                     .span_bytes = span_dwords * 4,
                     .skip_bytes = skip,
                     .input_bytes = input,
                     .output_offset_bytes = output};
    if (wanted.opcode == opcode::checksum) {
        if (options != 0 || output != 0) return {};
        return wanted;
    }
    const std::uint32_t format = options >> cdw14::format_shift & 0xf;
    wanted.level = options >> cdw14::level_shift & 0xf;
    wanted.output_alignment_log2 = options >> cdw14::alignment_shift & 0x1f;
    wanted.check_only = options >> cdw14::check_only_shift & 1;
    if ((options & ~cdw14::defined_bits) != 0 || format > 1) return {};
    wanted.format = static_cast<stream_format>(format);
    if (wanted.opcode == opcode::compress) {
        if (wanted.level > level_hint_max || wanted.check_only) return {};
    } else if (wanted.level != 0 || wanted.output_alignment_log2 != 0) {
        return {};
    }
    return wanted;
}

// Nothing is written: the span is input only.
constexpr bool writes(const operation& wanted) {
    return wanted.opcode != opcode::checksum && !wanted.check_only;
}

// Input and output lie within the span, and do not overlap.
constexpr bool fits_span(const operation& wanted) {
    const std::uint64_t input_end = std::uint64_t{wanted.skip_bytes} + wanted.input_bytes;
    if (wanted.input_bytes == 0 || input_end > wanted.span_bytes) return false;
    if (!writes(wanted)) return wanted.output_offset_bytes == 0;
    return wanted.output_offset_bytes % 4 == 0 && wanted.output_offset_bytes >= input_end &&
           wanted.output_offset_bytes < wanted.span_bytes;
}

// Room for the output.
constexpr std::uint32_t output_bytes_max(const operation& wanted) {
    return writes(wanted) ? wanted.span_bytes - wanted.output_offset_bytes : 0;
}

// --- Completions

// DW0 and DW1 of a completion with status 0; Linux hands them up as one 64-bit result. Both are
// zero with any other status.
struct completion {
    std::uint32_t bytes = 0;  // COMPRESS: written; DECOMPRESS: of plain data; CHECKSUM: of input
    std::uint32_t crc32 = 0;  // of the plain data

    bool operator==(const completion&) const = default;
};
constexpr completion decode_completion(std::uint64_t result) {
    return {.bytes = static_cast<std::uint32_t>(result),
            .crc32 = static_cast<std::uint32_t>(result >> 32)};
}
constexpr std::uint64_t encode_completion(completion done) {
    return std::uint64_t{done.crc32} << 32 | done.bytes;
}

// Status code type 7 is the vendor's. Numbers as in io/nvme_error.hpp: SCT << 8 | SC.
namespace status {
inline constexpr std::uint16_t success = 0x000;
inline constexpr std::uint16_t invalid_opcode = 0x001;
inline constexpr std::uint16_t invalid_field = 0x002;
inline constexpr std::uint16_t data_transfer_error = 0x004;
inline constexpr std::uint16_t internal_error = 0x006;
inline constexpr std::uint16_t invalid_namespace = 0x00b;
inline constexpr std::uint16_t namespace_not_ready = 0x082;
inline constexpr std::uint16_t output_too_small = 0x701;
inline constexpr std::uint16_t bad_format = 0x702;        // not one deflate stream or gzip member
inline constexpr std::uint16_t data_check_error = 0x703;  // the member's trailer says otherwise
}  // namespace status

// --- Identify: little-endian fields at these offsets of the 4096 bytes

template <class Unsigned>
constexpr Unsigned load_field(bytes_view page, std::size_t offset) {
    Unsigned value = 0;
    for (std::size_t index = 0; index < sizeof(Unsigned); ++index) {
        value |=
            static_cast<Unsigned>(std::to_integer<Unsigned>(page[offset + index]) << 8 * index);
    }
    return value;
}
template <class Unsigned>
constexpr void store_field(bytes_span page, std::size_t offset, Unsigned value) {
    for (std::size_t index = 0; index < sizeof(Unsigned); ++index) {
        page[offset + index] = static_cast<std::byte>(value >> 8 * index);
    }
}

inline constexpr std::size_t identify_bytes = 4096;
inline constexpr std::size_t controller_area_offset = 3072;
inline constexpr std::size_t core_area_offset = 384;

// Identify Controller. Dates are written to be read as hexadecimal: 0x20261122.
struct controller_area {
    std::uint32_t hardware_build_date = 0;
    std::uint32_t firmware_build_date = 0;
    std::uint32_t hardware_version = 0;

    bool operator==(const controller_area&) const = default;
};
constexpr void encode(const controller_area& area, bytes_span identify) {
    store_field(identify, controller_area_offset, area.hardware_build_date);
    store_field(identify, controller_area_offset + 4, area.firmware_build_date);
    store_field(identify, controller_area_offset + 8, area.hardware_version);
}
constexpr controller_area decode_controller_area(bytes_view identify) {
    return {.hardware_build_date = load_field<std::uint32_t>(identify, controller_area_offset),
            .firmware_build_date = load_field<std::uint32_t>(identify, controller_area_offset + 4),
            .hardware_version = load_field<std::uint32_t>(identify, controller_area_offset + 8)};
}

// Identify Namespace: offsets from core_area_offset.
namespace core_field {
inline constexpr std::size_t acc_status = 0;
inline constexpr std::size_t hls = 4;        // 12 characters
inline constexpr std::size_t acc_name = 16;  // 48 characters
inline constexpr std::size_t acc_lock = 64;
inline constexpr std::size_t acc_ver = 80;
inline constexpr std::size_t acc_cfg = 84;  // 6 dwords
inline constexpr std::size_t acc_priv_len = 108;
inline constexpr std::size_t acc_priv = 112;
inline constexpr std::size_t hls_bytes = 12;
inline constexpr std::size_t acc_name_bytes = 48;
inline constexpr std::size_t acc_priv_bytes_max = 3600;
}  // namespace core_field
static_assert(core_area_offset + core_field::acc_priv + core_field::acc_priv_bytes_max ==
              identify_bytes);

// acc_status. A core that can work has all three of the low bits.
inline constexpr std::uint32_t core_enabled = 1u << 0;
inline constexpr std::uint32_t core_ready_to_read = 1u << 1;
inline constexpr std::uint32_t core_ready_to_write = 1u << 2;
inline constexpr std::uint32_t core_ready = core_enabled | core_ready_to_read | core_ready_to_write;
inline constexpr unsigned core_error_shift = 8;  // 15:8, 0 where there is none

// acc_priv begins with these, and with the command set's version: how a host knows that a namespace
// is a core which takes these commands.
inline constexpr std::string_view command_set_signature = "PPCMDSET";
inline constexpr std::uint32_t command_set_version = 1u << 16 | 0;  // major << 16 | minor
inline constexpr std::size_t command_set_bytes = 8 /*signature*/ + 4 /*version*/;
static_assert(command_set_signature.size() == 8);

// Sets of operations and of formats, as acc_cfg[0] and acc_cfg[1] tell them.
inline constexpr std::uint32_t can_compress = 1u << 0;
inline constexpr std::uint32_t can_decompress = 1u << 1;
inline constexpr std::uint32_t can_checksum = 1u << 2;
inline constexpr std::uint32_t takes_raw_deflate = 1u << 0;
inline constexpr std::uint32_t takes_gzip_member = 1u << 1;

struct core_area {
    std::uint32_t status = core_ready;
    std::string name;           // "compress", "decompress": for people
    std::uint32_t version = 0;  // of the core
    std::uint32_t operations = 0;
    std::uint32_t formats = takes_raw_deflate | takes_gzip_member;
    std::uint32_t span_bytes_max = 0;  // of one command
    std::uint8_t level_max = 0;        // hints beyond it are taken for it
    std::uint8_t output_alignment_log2_max = 0;
    std::uint16_t queue_depth = 0;  // commands that keep the core busy
    std::uint32_t command_set = command_set_version;

    bool ready() const { return (status & core_ready) == core_ready; }
    bool operator==(const core_area&) const = default;
};

inline void encode(const core_area& area, bytes_span identify) {
    const bytes_span at = identify.subspan(core_area_offset);
    const auto put_text = [at](std::size_t offset, std::string_view text, std::size_t bytes_max) {
        const std::size_t bytes = std::min(text.size(), bytes_max);
        for (std::size_t i = 0; i < bytes; ++i) at[offset + i] = static_cast<std::byte>(text[i]);
    };
    store_field(at, core_field::acc_status, area.status);
    put_text(core_field::acc_name, area.name, core_field::acc_name_bytes);
    store_field(at, core_field::acc_ver, area.version);
    store_field(at, core_field::acc_cfg, area.operations);
    store_field(at, core_field::acc_cfg + 4, area.formats);
    store_field(at, core_field::acc_cfg + 8, area.span_bytes_max);
    store_field(at, core_field::acc_cfg + 12, area.level_max);
    store_field(at, core_field::acc_cfg + 13, area.output_alignment_log2_max);
    store_field(at, core_field::acc_cfg + 16, area.queue_depth);
    store_field(at, core_field::acc_priv_len, static_cast<std::uint32_t>(command_set_bytes));
    put_text(core_field::acc_priv, command_set_signature, command_set_signature.size());
    store_field(at, core_field::acc_priv + 8, area.command_set);
}

// None where the namespace is no core of this command set, or of a version to come that is not
// compatible. `identify` holds identify_bytes.
inline std::optional<core_area> decode_core_area(bytes_view identify) {
    const bytes_view at = identify.subspan(core_area_offset);
    const auto text = [at](std::size_t offset, std::size_t bytes_max) {
        std::string value;
        for (std::size_t i = 0; i < bytes_max && at[offset + i] != std::byte{0}; ++i) {
            value += static_cast<char>(at[offset + i]);
        }
        return value;
    };
    const auto command_set = load_field<std::uint32_t>(at, core_field::acc_priv + 8);
    if (load_field<std::uint32_t>(at, core_field::acc_priv_len) < command_set_bytes ||
        text(core_field::acc_priv, command_set_signature.size()) != command_set_signature ||
        command_set >> 16 != command_set_version >> 16) {
        return std::nullopt;
    }
    return core_area{
        .status = load_field<std::uint32_t>(at, core_field::acc_status),
        .name = text(core_field::acc_name, core_field::acc_name_bytes),
        .version = load_field<std::uint32_t>(at, core_field::acc_ver),
        .operations = load_field<std::uint32_t>(at, core_field::acc_cfg),
        .formats = load_field<std::uint32_t>(at, core_field::acc_cfg + 4),
        .span_bytes_max = load_field<std::uint32_t>(at, core_field::acc_cfg + 8),
        .level_max = load_field<std::uint8_t>(at, core_field::acc_cfg + 12),
        .output_alignment_log2_max = load_field<std::uint8_t>(at, core_field::acc_cfg + 13),
        .queue_depth = load_field<std::uint16_t>(at, core_field::acc_cfg + 16),
        .command_set = command_set};
}

}  // namespace peerpress::accel::noload
