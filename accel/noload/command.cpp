#include "accel/noload/command.hpp"

#include "accel/noload/wire.hpp"
#include "io/nvme_error.hpp"

#include <algorithm>
#include <bit>

namespace peerpress::accel::noload {
namespace {

io::nvme_command to_nvme(const operation& wanted, bytes_span span) {
    const command_words words = encode(wanted);
    return {.opcode = words.opcode,
            .cdw10 = words.cdw10[0],
            .cdw11 = words.cdw10[1],
            .cdw12 = words.cdw10[2],
            .cdw13 = words.cdw10[3],
            .cdw14 = words.cdw10[4],
            .cdw15 = words.cdw10[5],
            .data = span};
}

}  // namespace

io::nvme_command compress_command(const member_request& request) {
    return to_nvme({.opcode = opcode::compress,
                    .span_bytes = static_cast<std::uint32_t>(request.span.size()),
                    .input_bytes = request.input_bytes,
                    .output_offset_bytes = request.output_offset_bytes,
                    .level = static_cast<std::uint8_t>(
                        std::clamp(request.level, 0, static_cast<int>(level_hint_max))),
                    .output_alignment_log2 =
                        static_cast<std::uint8_t>(std::countr_zero(request.alignment_bytes))},
                   request.span);
}

io::nvme_command decompress_command(const member_data_request& request) {
    return to_nvme({.opcode = opcode::decompress,
                    .span_bytes = static_cast<std::uint32_t>(request.span.size()),
                    .skip_bytes = request.skip_bytes,
                    .input_bytes = request.member_bytes,
                    .output_offset_bytes = request.output_offset_bytes},
                   request.span);
}

io::nvme_command check_command(const member_request& request, const member_made& made) {
    const bytes_span member = request.span.subspan(request.output_offset_bytes, made.bytes);
    return to_nvme({.opcode = opcode::decompress,
                    .span_bytes = made.bytes,
                    .input_bytes = made.bytes,
                    .check_only = true},
                   member);
}

io::nvme_command checksum_command(bytes_span span) {
    const auto bytes = static_cast<std::uint32_t>(span.size());
    return to_nvme({.opcode = opcode::checksum, .span_bytes = bytes, .input_bytes = bytes}, span);
}

answer parse_answer(std::uint64_t value) {
    const completion done = decode_completion(value);
    return {.bytes = done.bytes, .crc32 = done.crc32};
}

error_code meaning_of(std::uint32_t nvme_status) {
    switch (nvme_status & io::nvme_status_code_mask) {
        case status::output_too_small:
            return codec_errc::output_too_small;
        case status::bad_format:
        case status::data_check_error:
            return codec_errc::bad_data;
        default:
            return io::nvme_error(nvme_status);
    }
}

}  // namespace peerpress::accel::noload
