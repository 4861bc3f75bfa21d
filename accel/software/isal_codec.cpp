#include "accel/software/isal_codec.hpp"

#include <isa-l/igzip_lib.h>

#include <array>
#include <cassert>
#include <limits>

namespace peerpress::accel::software {
namespace {

// ISA-L's own sizes. Its EXTRA_LARGE buffers compress worse by 0.4 %.
constexpr std::array<std::uint32_t, 4> level_buffer_bytes{
    ISAL_DEF_LVL0_DEFAULT, ISAL_DEF_LVL1_DEFAULT, ISAL_DEF_LVL2_DEFAULT, ISAL_DEF_LVL3_DEFAULT};

}  // namespace

struct isal_deflater::state {
    isal_zstream stream;
    std::array<std::uint8_t, ISAL_DEF_LVL3_DEFAULT>
        level_buffer;  // the largest; every level uses its front
};
static_assert(ISAL_DEF_LVL1_DEFAULT <= ISAL_DEF_LVL3_DEFAULT &&
              ISAL_DEF_LVL2_DEFAULT <= ISAL_DEF_LVL3_DEFAULT);

// Value-initialised: ISA-L does not clear its flag for tables that it has set up. Where the memory
// held a 1 there, it compresses with whatever lies in them: correctly, but worse, and never the
// same way.
isal_deflater::isal_deflater() : state_(new state()) {}

isal_deflater::~isal_deflater() = default;

std::size_t isal_deflater::deflate(int level, bytes_view input, bytes_span output, bool last) {
    assert(level >= 1 && level <= 3);
    assert(!input.empty());
    assert(input.size() <= std::numeric_limits<std::uint32_t>::max());
    assert(output.size() <= std::numeric_limits<std::uint32_t>::max());
    isal_zstream& stream = state_->stream;
    isal_deflate_stateless_init(&stream);
    stream.level = static_cast<std::uint32_t>(level);
    stream.level_buf = state_->level_buffer.data();
    stream.level_buf_size = level_buffer_bytes[static_cast<std::size_t>(level)];
    // The CRC-32 ISA-L would take along (IGZIP_GZIP_NO_HDR) is no cheaper than a pass of its own
    // over a chunk that is still in the cache (514 against 512 MB/s), and its trailer would have to
    // be cut off again.
    stream.gzip_flag = IGZIP_DEFLATE;
    stream.end_of_stream = last;
    stream.flush = last ? NO_FLUSH : FULL_FLUSH;
    // ISA-L does not write to its input; its interface merely lacks the const.
    stream.next_in = reinterpret_cast<std::uint8_t*>(const_cast<std::byte*>(input.data()));
    stream.avail_in = static_cast<std::uint32_t>(input.size());
    stream.next_out = reinterpret_cast<std::uint8_t*>(output.data());
    stream.avail_out = static_cast<std::uint32_t>(output.size());

    const int status = isal_deflate_stateless(&stream);
    assert(status == COMP_OK || status == STATELESS_OVERFLOW);
    return status == COMP_OK ? stream.total_out : 0;
}

}  // namespace peerpress::accel::software
