// The seam of engines that are devices: they compress where the data lie, in the device's own
// memory, and no processor sees a byte. An NVMe accelerator stands behind it; the pipeline sees
// this header, never a backend.
//
// A request names a span of the device's memory (a staging slot, io/staging.hpp) with input and
// room for output side by side. Whoever asks neither loads from it nor stores into it. Requests are
// started and completed on the lane's executor, spread over the device's cores and repeated inside
// where that may help; what comes out has been found plausible, and decoded again by another core
// where `checked` was asked for.
//
// A device serves, or is drained (an administrator's wish), or quarantined (it erred, and tests
// itself until it is well).
#pragma once

#include "accel/accelerator.hpp"
#include "io/asio.hpp"
#include "io/bytes.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace peerpress::accel {

enum class device_errc {
    // The device does not serve, or could not do this; another device, or a processor, can.
    redo_elsewhere = 1,
    implausible_answer,  // of a device, which cannot be true; ends in redo_elsewhere
};
const boost::system::error_category& device_category();
error_code make_error_code(device_errc errc);

// A device_errc with the whole story, for people.
class device_error : public system_error {
public:
    device_error(device_errc errc, std::string text)
        : system_error(make_error_code(errc)), text_(std::move(text)) {}
    const char* what() const noexcept override { return text_.c_str(); }

private:
    std::string text_;
};

struct device_identity {
    std::string address;  // on the PCI bus: "0000:03:00.0"
    std::string serial;
    std::string label;           // for people: "nvme2 (0000:03:00.0)"
    std::string model;           // "Peerpress model"
    std::size_t span_bytes = 0;  // largest span of one request
};

enum class device_health { serving, drained, quarantined };
std::string_view health_name(device_health health);  // "serving"

// How busy and how fast a device is, all its compressing cores together.
struct device_load {
    std::uint64_t outstanding_bytes = 0;  // of input, requested and not done
    double bytes_per_second = 0;          // as measured of late; 0: not yet
};

enum class core_kind { compress, decompress };
std::string_view core_kind_name(core_kind kind);  // "compress"

// Since the device was found.
struct core_state {
    core_kind kind = core_kind::compress;
    std::uint32_t namespace_id = 0;
    std::uint64_t commands = 0;
    std::uint64_t failures = 0;
    std::uint64_t bytes = 0;  // of input
    double bytes_per_second = 0;
};

struct device_state {
    device_health health = device_health::serving;
    std::string reason{};  // why it does not serve
    std::uint64_t quarantines = 0;
    std::vector<core_state> cores{};
};

// Makes a whole gzip member of the span's first bytes.
struct member_request {
    bytes_span span{};
    std::uint32_t input_bytes = 0;
    std::uint32_t output_offset_bytes = 0;  // behind the input; a multiple of 4096
    std::uint32_t alignment_bytes = 4096;   // the member's length is a multiple of it
    int level = 1;                          // a hint
    bool checked = false;
};
struct member_made {
    std::uint32_t bytes = 0;  // from output_offset_bytes on
    std::uint32_t crc32 = 0;  // of the input
};

// Decodes a whole gzip member.
struct member_data_request {
    bytes_span span{};
    std::uint32_t skip_bytes = 0;    // the member starts there
    std::uint32_t member_bytes = 0;  // and is so long
    std::uint32_t output_offset_bytes = 0;
};
struct member_data {
    std::uint32_t bytes = 0;
    std::uint32_t crc32 = 0;  // of the data, which is the one in the member's trailer
};

// How much of a span is input: the rest holds it stored, framed and padded, should it not compress.
// 480 KiB of 1 MiB, 60 KiB of 128 KiB.
constexpr std::uint32_t member_input_bytes(std::size_t span_bytes) {
    return static_cast<std::uint32_t>(span_bytes / 32 * 15 / 4096 * 4096);
}
static_assert(member_input_bytes(1 << 20) == 480 << 10 &&
              member_input_bytes(128 << 10) == 60 << 10);

class device_engine {
public:
    virtual ~device_engine() = default;

    virtual const device_identity& identity() const = 0;
    virtual device_load load() const = 0;
    virtual device_state state() const = 0;
    virtual bool serving() const = 0;
    virtual bool decompresses() const = 0;  // there is a core for it

    // Both throw device_error (redo_elsewhere) and system_error: codec_errc for what the data are
    // to blame for (output_too_small, bad_data); whatever the kernel says of a request that cannot
    // be right.
    virtual awaitable<member_made> compress(member_request request) = 0;
    virtual awaitable<member_data> decompress(member_data_request request) = 0;

    // What it made has been found to be wrong by somebody else: it is quarantined.
    virtual void distrust(const std::string& reason) = 0;

    // No new requests, or again; those under way end as they would.
    virtual void drain() = 0;
    virtual void resume() = 0;
};

// The devices that a lane has. They belong to its executor.
using device_engines = std::vector<std::shared_ptr<device_engine>>;

}  // namespace peerpress::accel

template <>
struct boost::system::is_error_code_enum<peerpress::accel::device_errc> : std::true_type {};
