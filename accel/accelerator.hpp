// The engine seam: what turns bytes into fewer bytes, and back. Software codecs stand behind it,
// and devices will. The pipeline sees this header, never a backend.
//
// All operations are started and completed on the lane's executor; how an engine spends the time
// between (threads, a device) is its own matter. Input and output are borrowed until completion.
#pragma once

#include "io/asio.hpp"
#include "io/bytes.hpp"
#include "io/staging.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace peerpress::accel {

enum class checksum_kind { crc32, adler32 };

// The value of no bytes, from which a checksum starts.
constexpr std::uint32_t checksum_seed(checksum_kind kind) {
    return kind == checksum_kind::crc32 ? 0 : 1;
}

// Which codec a caller insists on. `automatic` takes the best one for the level.
enum class codec { automatic, zlib };

struct deflate_request {
    bytes_view input;
    bytes_span output;  // at least deflate_bound(input.size())
    int level = 1;      // 1 (fastest) to 12 (smallest)
    accel::codec codec = codec::automatic;
    checksum_kind checksum = checksum_kind::crc32;
    // true: the stream ends here. false: it ends byte-aligned after a stored block (a full flush),
    // and another, which looks back nowhere, may follow it.
    bool last = true;
    io::flow_id flow{};  // cores are shared fairly between flows
};

struct deflated {
    std::size_t bytes = 0;       // of raw deflate data at the front of the output
    std::uint32_t checksum = 0;  // of the input
};

struct inflate_request {
    bytes_view input;   // one whole raw deflate stream
    bytes_span output;  // must hold all of its data
    checksum_kind checksum = checksum_kind::crc32;
    io::flow_id flow{};
};

struct inflated {
    std::size_t input_bytes = 0;  // where the stream ended
    std::size_t bytes = 0;
    std::uint32_t checksum = 0;  // of the output
};

struct serial_request {
    bytes_view input;
    bytes_span output;
    checksum_kind checksum = checksum_kind::crc32;
    std::uint32_t checksum_before = 0;  // of the data so far
};

// One deflate stream decoded piece by piece, with strict zlib's data and verdict: the reference
// whenever whole members cannot be had or have to be doubted.
class serial_inflater {
public:
    virtual ~serial_inflater() = default;

    // ended: the deflate stream's last block is done. bad_data: what follows the data is no deflate
    // stream, and more steps will say the same.
    enum class status { more, ended, bad_data };
    struct step {
        serial_inflater::status status = serial_inflater::status::more;
        std::size_t input_bytes = 0;   // consumed
        std::size_t output_bytes = 0;  // produced
        std::uint32_t checksum = 0;    // of the data up to here
    };
    // Decodes until the input is used up, the output is full or the stream ends. A full output may
    // leave data behind that need no further input: ask again with room before taking the input for
    // cut short.
    virtual awaitable<step> inflate(serial_request request) = 0;
    virtual void reset() = 0;  // the next stream; not while a step is under way
};

enum class codec_errc {
    bad_data = 1,      // not a deflate stream, or cut short
    output_too_small,  // the data do not fit
};
const boost::system::error_category& codec_category();
error_code make_error_code(codec_errc errc);

class accelerator {
public:
    virtual ~accelerator() = default;

    virtual const std::string& name() const = 0;    // "software"
    virtual std::uint32_t parallelism() const = 0;  // requests that make progress at the same time
    virtual std::size_t deflate_bound(std::size_t input_bytes) const = 0;

    // Throw system_error: codec_errc for what the data are to blame for, ENOMEM.
    virtual awaitable<deflated> deflate(deflate_request request) = 0;
    virtual awaitable<inflated> inflate(inflate_request request) = 0;

    virtual std::unique_ptr<serial_inflater> serial(io::flow_id flow) = 0;
    // Checksum of a span, continued from `seed` (the kind's initial value for the first span).
    virtual awaitable<std::uint32_t> checksum(checksum_kind kind, std::uint32_t seed,
                                              bytes_view data, io::flow_id flow) = 0;
};

}  // namespace peerpress::accel

template <>
struct boost::system::is_error_code_enum<peerpress::accel::codec_errc> : std::true_type {};
