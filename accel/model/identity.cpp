#include "accel/model/identity.hpp"

#include "accel/model/pci_config.hpp"
#include "accel/model/queues.hpp"

#include <algorithm>
#include <cassert>
#include <string_view>

namespace peerpress::accel::model {
namespace {

constexpr std::string_view model_number = "Peerpress accelerator model";
constexpr std::string_view firmware_revision = "1.0";
constexpr std::uint32_t build_date = 0x20261122;

template <class Unsigned>
void put(identify_page& page, std::size_t offset, Unsigned value) {
    noload::store_field(bytes_span(page), offset, value);
}

// NVMe's text is filled up with blanks.
void put_text(identify_page& page, std::size_t offset, std::string_view text, std::size_t bytes) {
    for (std::size_t i = 0; i < bytes; ++i) {
        page[offset + i] = static_cast<std::byte>(i < text.size() ? text[i] : ' ');
    }
}

std::uint32_t operations_of(core_type type) {
    const std::uint32_t own =
        type == core_type::compress ? noload::can_compress : noload::can_decompress;
    return own | noload::can_checksum;
}

// 16 bytes that are the namespace's alone: two FNV-1a hashes of serial and number.
std::array<std::byte, 16> uuid_of(const identity& device, std::uint32_t id) {
    std::array<std::byte, 16> uuid{};
    for (std::uint64_t half = 0; half < 2; ++half) {
        std::uint64_t hash = 0xcbf29ce484222325 + half;
        const std::string text = device.serial + '/' + std::to_string(id);
        for (const char letter : text) {
            hash = (hash ^ static_cast<unsigned char>(letter)) * 0x100000001b3;
        }
        noload::store_field(bytes_span(uuid), half * 8, hash);
    }
    uuid[6] = (uuid[6] & std::byte{0x0f}) | std::byte{0x80};  // version 8: of one's own making
    uuid[8] = (uuid[8] & std::byte{0x3f}) | std::byte{0x80};
    return uuid;
}

}  // namespace

const char* name_of(core_type type) {
    return type == core_type::compress ? "compress" : "decompress";
}

identify_page identify_controller(const identity& device) {
    identify_page page{};
    put<std::uint16_t>(page, 0, pci_vendor_id);
    put<std::uint16_t>(page, 2, pci_vendor_id);
    put_text(page, 4, device.serial, 20);
    put_text(page, 24, model_number, 40);
    put_text(page, 64, firmware_revision, 8);
    put<std::uint8_t>(page, 77, 0);            // MDTS: the cores tell their limit
    put<std::uint32_t>(page, 80, 0x00010400);  // VER
    put<std::uint8_t>(page, 111, 1);           // CNTRLTYPE: an I/O controller
    put<std::uint8_t>(page, 258, 3);           // ACL
    put<std::uint8_t>(page, 259, 3);           // AERL
    put<std::uint8_t>(page, 260, 2);           // FRMW: one slot
    put<std::uint16_t>(page, 266, 343);        // WCTEMP, CCTEMP: kelvin
    put<std::uint16_t>(page, 268, 353);
    put<std::uint8_t>(page, 512, 0x66);  // SQES, CQES: 64 and 16 bytes
    put<std::uint8_t>(page, 513, 0x44);
    put<std::uint16_t>(page, 514, 0);  // MAXCMD: not told
    put(page, 516, static_cast<std::uint32_t>(device.cores.size()));
    put<std::uint32_t>(page, 536, 1);  // SGLS: for I/O commands, of any alignment
    const std::string name = "nqn.2026-11.example.peerpress:" + device.serial;
    for (std::size_t i = 0; i < std::min<std::size_t>(name.size(), 223); ++i) {
        page[768 + i] = static_cast<std::byte>(name[i]);
    }
    noload::encode(noload::controller_area{.hardware_build_date = build_date,
                                           .firmware_build_date = build_date,
                                           .hardware_version = 1},
                   page);
    return page;
}

identify_page identify_namespace(const identity& device, std::uint32_t id) {
    assert(id >= 1 && id <= device.cores.size());
    const core_identity& core = device.cores[id - 1];
    identify_page page{};
    put<std::uint64_t>(page, 0, namespace_blocks);  // NSZE, NCAP, NUSE
    put<std::uint64_t>(page, 8, namespace_blocks);
    put<std::uint64_t>(page, 16, namespace_blocks);
    put<std::uint8_t>(page, 99, 1);           // NSATTR: write protected
    put<std::uint32_t>(page, 128, 9u << 16);  // LBAF 0: blocks of 512 bytes
    noload::encode(
        noload::core_area{.status = core.status,
                          .name = name_of(core.type),
                          .version = 1,
                          .operations = operations_of(core.type),
                          .formats = noload::takes_raw_deflate | noload::takes_gzip_member,
                          .span_bytes_max = device.span_bytes_max,
                          .level_max = noload::level_hint_max,
                          .output_alignment_log2_max = output_alignment_log2_max,
                          .queue_depth = 2},
        page);
    return page;
}

identify_page identify_active_namespaces(const identity& device, std::uint32_t after) {
    identify_page page{};
    std::size_t offset = 0;
    for (std::uint64_t id = std::uint64_t{after} + 1; id <= device.cores.size(); ++id) {
        put(page, offset, static_cast<std::uint32_t>(id));
        offset += 4;
    }
    return page;
}

identify_page identify_descriptors(const identity& device, std::uint32_t id) {
    identify_page page{};
    put<std::uint8_t>(page, 0, 3);   // NIDT: UUID
    put<std::uint8_t>(page, 1, 16);  // NIDL
    std::ranges::copy(uuid_of(device, id), page.begin() + 4);
    return page;
}

}  // namespace peerpress::accel::model
