// Compression and decompression by devices: source -> device's memory -> target, peer to peer. No
// processor loads from a slot on a device or stores into one.
//
//     acquire a slot in a device's memory   the device that will be done first
//     read the source into it               by the source's own DMA
//     compress                              the device writes a whole member behind its input,
//                                           padded to the target's block; another core may check it
//     take its place in the output          in chunk order
//     write it                              by the target's own DMA
//
// A chunk that one device does not do is done by another, and one that none does by the lane's
// software engine, unless that is forbidden. It waits for its turn first and works in memory that
// is set aside for it: then no chunk that waits behind it can hold what it needs.
#pragma once

#include "accel/device_engine.hpp"
#include "pipeline/transfer.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace peerpress::pipeline {

// A device that takes part in a transfer. All of it outlives the transfer.
struct device_site {
    accel::device_engine& engine;
    io::staging_pool& staging;  // slots in the engine's own memory, each at least a span long
    io::flow_id flow;           // opened by the caller on `staging`
};

struct device_route {
    pipeline::route host;  // the ends of the transfer, and what software does the rest with
    std::vector<device_site> sites;
    bool software = true;  // chunks that no device takes are done by the processor
    // Told of the source's bytes as they are done: by which site; by none: in software.
    std::function<void(std::optional<std::size_t> site, std::uint64_t bytes)> on_bytes =
        [](std::optional<std::size_t>, std::uint64_t) {};
};

struct device_compress_options {
    int level = 1;
    std::uint32_t member_bytes = 1 << 20;  // of data, at most; a device's span allows 480 KiB
    bool checked = false;  // each member is decoded again, by another core, before it is written
    // One chunk in so many is read again from source and target and compared by the processor, and
    // so are the first and the last; 0: none.
    std::uint32_t sample_every = 0;
};

struct device_decompress_options {
    std::uint64_t output_bytes_max = ~std::uint64_t{0};
};

struct device_report {
    transfer_report transfer;
    // Of the source, by who compressed or decoded them.
    std::vector<std::uint64_t> site_bytes{};  // one for each site
    std::uint64_t software_bytes = 0;
    std::string software_reason{};    // of the first that software did
    std::uint64_t sampled_bytes = 0;  // compared by the processor
};

// The source has a known size of at least a byte, and both ends are direct. The target is left with
// its exact size, not synced. On any exception everything submitted has completed and every slot is
// back; what the target holds then is worthless. Throws, beside what a transfer throws:
//   device_errc::redo_elsewhere  no device does it, and software must not
//   operation_not_supported      an end is not direct (any more)
//   format_errc::mismatch        a sample differs (format_error): the device is not to be trusted
awaitable<device_report> compress_on_devices(device_route route, device_compress_options options);

// Whether devices with such a span can decode all of a source's members, and why not. Reads the
// members' headers and trailers only, by way of host memory.
struct device_fit {
    std::string obstacle{};  // empty: they can
    std::uint64_t members = 0;
    std::uint64_t data_bytes = 0;
};
awaitable<device_fit> fit_devices(const device_route& route, device_decompress_options options);

// Of a source that fits. Throws, beside the above, format_error where a member is not what it says;
// an ordinary decompression of the same source has the last word then.
awaitable<device_report> decompress_on_devices(device_route route,
                                               device_decompress_options options);

}  // namespace peerpress::pipeline
