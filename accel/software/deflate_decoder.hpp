// A deflate stream decoded from memory to memory, in pieces: fast, and accepting exactly the
// streams that zlib accepts.
//
// Why our own: the fast decoders are more lenient than zlib in what surrounds the data
// (libdeflate 1.14 takes code lengths that run past their list, codes of more symbols than the
// format has, codes that leave bit patterns unused, and the use of these), so that a damaged stream
// may yield its data, and the right checksum, from them alone. Here result and verdict are zlib's,
// however the stream is cut, and fuzzing holds them to it.
//
// Between two pieces it keeps what has come of an item (a symbol, a length with its distance, a
// number of a header) and what is left of a match: items are decoded whole or not at all. State is
// reused. One thread at a time.
#pragma once

#include "accel/software/bit_reader.hpp"
#include "accel/software/block_codes.hpp"
#include "io/bytes.hpp"

#include <cstddef>
#include <cstdint>

namespace peerpress::accel::software {

class deflate_decoder {
public:
    // How far back a match may reach.
    static constexpr std::size_t window_bytes = 32 << 10;

    void reset();  // the next stream

    enum class status { more, ended, bad_data };
    struct step {
        deflate_decoder::status status = deflate_decoder::status::more;
        std::size_t input_bytes = 0;
        std::size_t output_bytes = 0;  // also of bad data: all before the fault
        // In bits of the input, of a stream that ended in the step in which it began: where its
        // final block begins, and where it ends.
        std::uint64_t final_block_bit = 0;
        std::uint64_t end_bit = 0;
    };
    // Continues the stream until the input is used up, the output is full, or it ends. `history` is
    // the data before the output: all of it or at least window_bytes. Bad data stay bad.
    step decode(bytes_view input, bytes_span output, bytes_view history);
    // A stream that is all there, into room for all of its data.
    step decode_whole(bytes_view input, bytes_span output) {
        reset();
        return decode(input, output, {});
    }

private:
    // What has been written, the room that is left, and what was written elsewhere before.
    struct writer {
        std::byte* begin;
        std::byte* next;
        std::byte* end;
        bytes_view history;
    };
    enum class state { block_header, stored_header, stored, codes, symbols, ended, bad_data };
    enum class progress { next, need_input, output_full };
    enum class round_end { block_ended, near_the_end, bad_data };

    bool over() const { return state_ == state::ended || state_ == state::bad_data; }
    progress advance(bit_reader& in, writer& out);
    progress read_block_header(bit_reader& in);
    progress read_stored_header(bit_reader& in);
    progress copy_stored(bit_reader& in, writer& out);
    progress read_codes(bit_reader& in);
    progress decode_symbols(bit_reader& in, writer& out);
    progress decode_item(bit_reader& in, writer& out);
    progress finish_match(writer& out);
    progress end_block();
    progress fail();

    round_end decode_fast(bit_reader& in, writer& out) const;
    round_end decode_fast_bmi2(bit_reader& in, writer& out) const;
    round_end decode_rounds(bit_reader& in, writer& out) const;

    state state_ = state::block_header;
    bool final_ = false;
    std::uint64_t held_bits_ = 0;  // of the next item, taken from the pieces before
    std::uint32_t held_count_ = 0;
    std::uint32_t stored_bytes_ = 0;    // left of a stored block
    std::uint32_t match_bytes_ = 0;     // left of a match
    std::uint32_t match_distance_ = 0;  // of that
    block_codes codes_;
};

}  // namespace peerpress::accel::software
