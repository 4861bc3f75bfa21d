#include "pipeline/cutter.hpp"

#include <algorithm>

namespace peerpress::pipeline {
namespace {

// A header that carries its length is short; what does not show it in so many bytes is not worth a
// longer look.
constexpr std::size_t header_bytes_max = 4096;
constexpr std::size_t header_bytes_typical = 64;

}  // namespace

awaitable<source_piece> cutter::next(bytes_span into, std::size_t data_bytes_max) {
    source_piece piece;
    bool more = !streaming();
    while (more) more = co_await take_member(piece, into, data_bytes_max);
    if (piece.members.empty()) {
        const std::uint64_t stream_bytes = stream_until_ - source_.position();
        piece.bytes =
            co_await source_.peek(into.first(std::min<std::uint64_t>(into.size(), stream_bytes)));
        source_.skip(piece.bytes);
    }
    piece.last = source_.at_end();
    co_return piece;
}

// Adds the next member to the piece. False: the piece is complete as it is, or the source goes on
// as a stream.
awaitable<bool> cutter::take_member(source_piece& piece, bytes_span into,
                                    std::size_t data_bytes_max) {
    const bytes_span at = into.subspan(piece.bytes);
    const bool alone = piece.members.empty();
    // Members are mostly alike: do not fetch one that will not fit.
    if (!alone && piece.data_bytes + member_data_bytes_ > data_bytes_max) co_return false;

    const gzip::header_result result = co_await peek_header(at);
    if (result.state == gzip::header_state::need_more && !alone) co_return false;
    if (result.state == gzip::header_state::complete && !convention_)
        convention_ = result.header.convention;
    if (result.state != gzip::header_state::complete || !result.header.member_bytes)
        co_return stream(forever);
    const std::uint64_t member_bytes = *result.header.member_bytes;
    const std::uint64_t member_end = source_.position() + member_bytes;
    if (member_bytes > at.size()) co_return alone ? stream(member_end) : false;

    const std::size_t peeked_bytes = co_await source_.peek(at.first(member_bytes));
    if (peeked_bytes < member_bytes) co_return stream(forever);
    const gzip::trailer trailer =
        gzip::parse_trailer(at.first(member_bytes).last(gzip::trailer_bytes));
    if (trailer.isize > data_bytes_max) co_return stream(member_end);
    if (piece.data_bytes + trailer.isize > data_bytes_max) co_return false;

    piece.members.push_back({.header_bytes = static_cast<std::uint32_t>(result.header.header_bytes),
                             .member_bytes = static_cast<std::uint32_t>(member_bytes),
                             .trailer = trailer});
    piece.bytes += member_bytes;
    piece.data_bytes += trailer.isize;
    member_data_bytes_ = trailer.isize;
    source_.skip(member_bytes);
    co_return true;
}

awaitable<gzip::header_result> cutter::peek_header(bytes_span into) {
    gzip::header_result result;
    for (std::size_t wanted_bytes : {header_bytes_typical, header_bytes_max}) {
        const bytes_span at = into.first(std::min(wanted_bytes, into.size()));
        const std::size_t peeked_bytes = co_await source_.peek(at);
        result = gzip::parse_header(at.first(peeked_bytes), false);
        if (result.state != gzip::header_state::need_more || peeked_bytes < at.size()) break;
    }
    co_return result;
}

bool cutter::stream(std::uint64_t until) {
    stream_until_ = until;
    return false;
}

}  // namespace peerpress::pipeline
