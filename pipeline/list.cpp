#include "pipeline/member_hops.hpp"
#include "pipeline/transfer.hpp"

namespace peerpress::pipeline {
namespace {

awaitable<listing> list_by_claims(io::storage& source) {
    member_hops hops(source);
    listing all;
    all.from_index = true;
    for (;;) {
        const std::optional<member_entry> member = co_await hops.next();
        if (!member) break;
        all.data_bytes += member->data_bytes;
    }
    all.convention = gzip::convention_name(hops.convention());
    all.members = hops.members();
    all.compressed_bytes = hops.offset_bytes();
    co_return all;
}

awaitable<listing> list_by_decoding(route route) {
    route.target = nullptr;
    const transfer_report report = co_await decompress(route, {});
    co_return listing{.convention = report.convention,
                      .members = report.members,
                      .compressed_bytes = report.bytes_in,
                      .data_bytes = report.bytes_out};
}

}  // namespace

awaitable<listing> list(route route) {
    if (route.source.traits().seekable) {
        try {
            co_return co_await list_by_claims(route.source);
        } catch (const system_error& error) {
            if (error.code() != format_errc::range_unsupported) throw;
        }
    }
    co_return co_await list_by_decoding(route);
}

}  // namespace peerpress::pipeline
