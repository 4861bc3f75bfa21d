#include "pipeline/range.hpp"

#include "pipeline/member_hops.hpp"

#include <algorithm>
#include <optional>

namespace peerpress::pipeline {

awaitable<source_part> find_range(io::storage& source, decompress_options::byte_range range) {
    if (!source.traits().seekable) throw system_error{format_errc::range_unsupported};
    const std::uint64_t range_end =
        range.offset_bytes +
        std::min(range.length_bytes, source_part::everything - range.offset_bytes);

    source_part part{.end_bytes = 0, .data_bytes = range_end - range.offset_bytes};
    member_hops hops(source);
    std::uint64_t data_offset_bytes = 0;
    // An empty file, too, has to be a compressed one; so one member is always looked at.
    while (hops.members() == 0 || data_offset_bytes < range_end) {
        const std::optional<member_entry> member = co_await hops.next();
        if (!member) break;
        const std::uint64_t data_end = data_offset_bytes + member->data_bytes;
        const bool wanted = data_end > range.offset_bytes && data_offset_bytes < range_end;
        if (wanted && part.end_bytes == 0) {
            part.start_bytes = member->offset_bytes;
            part.members_before = hops.members() - 1;
            part.data_skip_bytes = range.offset_bytes - data_offset_bytes;
        }
        if (wanted) part.end_bytes = hops.offset_bytes();
        data_offset_bytes = data_end;
    }
    co_return part;
}

}  // namespace peerpress::pipeline
