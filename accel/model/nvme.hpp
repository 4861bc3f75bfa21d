// What NVMe lays down (Base Specification 1.4) and the model uses of it: queue entries, opcodes,
// statuses, registers.
#pragma once

#include "accel/noload/wire.hpp"

#include <cstddef>
#include <cstdint>

namespace peerpress::accel::model::nvme {

struct submission_entry {
    std::uint8_t opcode = 0;
    std::uint8_t flags = 0;
    std::uint16_t command_id = 0;
    std::uint32_t namespace_id = 0;
    std::uint32_t cdw2 = 0;
    std::uint32_t cdw3 = 0;
    std::uint64_t metadata = 0;
    std::uint64_t prp1 = 0;  // with prp2 the data pointer, 16 bytes: PRPs, or one SGL descriptor
    std::uint64_t prp2 = 0;
    std::uint32_t cdw10 = 0;
    std::uint32_t cdw11 = 0;
    std::uint32_t cdw12 = 0;
    std::uint32_t cdw13 = 0;
    std::uint32_t cdw14 = 0;
    std::uint32_t cdw15 = 0;
};
static_assert(sizeof(submission_entry) == 64);

// flags
inline constexpr unsigned psdt_shift = 6;  // 0: PRPs; 1 and 2: SGL
inline constexpr std::uint8_t fuse_mask = 0x3;

struct completion_entry {
    std::uint32_t dw0 = 0;
    std::uint32_t dw1 = 0;
    std::uint16_t queue_head = 0;
    std::uint16_t queue_id = 0;
    std::uint16_t command_id = 0;
    std::uint16_t status = 0;  // bit 0: phase; 11:1: code; 15: do not retry
};
static_assert(sizeof(completion_entry) == 16);

inline constexpr std::uint64_t page_bytes = 4096;

namespace admin {
inline constexpr std::uint8_t delete_submission_queue = 0x00;
inline constexpr std::uint8_t create_submission_queue = 0x01;
inline constexpr std::uint8_t get_log_page = 0x02;
inline constexpr std::uint8_t delete_completion_queue = 0x04;
inline constexpr std::uint8_t create_completion_queue = 0x05;
inline constexpr std::uint8_t identify = 0x06;
inline constexpr std::uint8_t abort = 0x08;
inline constexpr std::uint8_t set_features = 0x09;
inline constexpr std::uint8_t get_features = 0x0a;
inline constexpr std::uint8_t async_event_request = 0x0c;
}  // namespace admin

namespace io_opcode {
inline constexpr std::uint8_t flush = 0x00;
inline constexpr std::uint8_t write = 0x01;
inline constexpr std::uint8_t read = 0x02;
}  // namespace io_opcode

// SCT << 8 | SC, beyond those of the command set (noload::status).
namespace status {
using namespace noload::status;
inline constexpr std::uint16_t aborted_queue_deleted = 0x008;
inline constexpr std::uint16_t invalid_sgl_segment = 0x00d;
inline constexpr std::uint16_t invalid_sgl_count = 0x00e;
inline constexpr std::uint16_t sgl_length_invalid = 0x00f;
inline constexpr std::uint16_t sgl_type_invalid = 0x011;
inline constexpr std::uint16_t invalid_prp_offset = 0x013;
inline constexpr std::uint16_t lba_out_of_range = 0x080;
inline constexpr std::uint16_t completion_queue_invalid = 0x100;
inline constexpr std::uint16_t invalid_queue_id = 0x101;
inline constexpr std::uint16_t invalid_queue_size = 0x102;
inline constexpr std::uint16_t event_limit_exceeded = 0x105;
inline constexpr std::uint16_t invalid_vector = 0x108;
inline constexpr std::uint16_t invalid_log_page = 0x109;
inline constexpr std::uint16_t invalid_queue_deletion = 0x10c;
inline constexpr std::uint16_t write_to_read_only = 0x182;
}  // namespace status

// Whether the same command would fail again. What the device does of itself passes.
constexpr bool is_final(std::uint16_t code) {
    return code != status::success && code != status::internal_error &&
           code != status::namespace_not_ready && code != status::aborted_queue_deleted;
}
constexpr std::uint16_t status_field(std::uint16_t code, bool phase) {
    return static_cast<std::uint16_t>((code & 0x7ff) << 1 | (is_final(code) ? 1u << 15 : 0) |
                                      (phase ? 1 : 0));
}
static_assert(status_field(noload::status::output_too_small, true) == (0x8000 | 0x0e02 | 1));

// Offsets of registers.
namespace reg {
inline constexpr std::uint32_t cap = 0x00;
inline constexpr std::uint32_t vs = 0x08;
inline constexpr std::uint32_t intms = 0x0c;
inline constexpr std::uint32_t intmc = 0x10;
inline constexpr std::uint32_t cc = 0x14;
inline constexpr std::uint32_t csts = 0x1c;
inline constexpr std::uint32_t aqa = 0x24;
inline constexpr std::uint32_t asq = 0x28;
inline constexpr std::uint32_t acq = 0x30;
inline constexpr std::uint32_t cmbloc = 0x38;
inline constexpr std::uint32_t cmbsz = 0x3c;
inline constexpr std::uint32_t cmbmsc = 0x50;
inline constexpr std::uint32_t cmbsts = 0x58;
}  // namespace reg

namespace cc {
inline constexpr std::uint32_t enable = 1u << 0;
inline constexpr unsigned shutdown_shift = 14;
}  // namespace cc
namespace csts {
inline constexpr std::uint32_t ready = 1u << 0;
inline constexpr std::uint32_t fatal = 1u << 1;
inline constexpr std::uint32_t shutdown_mask = 3u << 2;
inline constexpr std::uint32_t shutdown_complete = 2u << 2;
}  // namespace csts
namespace cmbmsc {
inline constexpr std::uint64_t capabilities_enabled = 1u << 0;
inline constexpr std::uint64_t memory_space_enabled = 1u << 1;
inline constexpr std::uint64_t base_mask = ~std::uint64_t{0xfff};
}  // namespace cmbmsc

}  // namespace peerpress::accel::model::nvme
