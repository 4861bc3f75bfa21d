// Cuts a compressed source into pieces that fit a slot: whole members where their headers tell how
// long they are, else bytes of a stream.
//
// What headers tell are claims. They decide how the source is cut, never what it means: whoever
// decodes a piece checks that its members end where they claim, and takes it for bytes of a stream
// where they do not.
#pragma once

#include "pipeline/gzip/member.hpp"
#include "pipeline/read_ahead.hpp"

#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

namespace peerpress::pipeline {

struct member_claim {
    std::uint32_t header_bytes = 0;
    std::uint32_t member_bytes = 0;
    gzip::trailer trailer;
};

struct source_piece {
    std::size_t bytes = 0;
    std::vector<member_claim>
        members;                 // side by side, covering the piece; empty: bytes of a stream
    std::size_t data_bytes = 0;  // of the members, as they claim
    bool last = false;           // the source ends here
};

class cutter {
public:
    // `members`: the source may consist of gzip members.
    cutter(read_ahead& source, bool members)
        : source_(source), stream_until_(members ? 0 : forever) {}

    // Fills `into` with the next piece, whose members' data fit data_bytes_max. Empty at the end of
    // the source.
    awaitable<source_piece> next(bytes_span into, std::size_t data_bytes_max);

    // The next piece will be bytes of a stream, as far as is known.
    bool streaming() const { return source_.position() < stream_until_; }
    bool at_end() const { return source_.at_end(); }

    // Of the first member, where its header was found.
    gzip::convention convention() const { return convention_.value_or(gzip::convention::none); }

private:
    static constexpr std::uint64_t forever = std::numeric_limits<std::uint64_t>::max();

    awaitable<bool> take_member(source_piece& piece, bytes_span into, std::size_t data_bytes_max);
    awaitable<gzip::header_result> peek_header(bytes_span into);
    bool stream(std::uint64_t until);

    read_ahead& source_;
    std::uint64_t stream_until_;         // members, if any, are looked for from there on
    std::size_t member_data_bytes_ = 0;  // of the member before
    std::optional<gzip::convention> convention_;
};

}  // namespace peerpress::pipeline
