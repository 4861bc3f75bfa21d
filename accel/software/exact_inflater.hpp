// A whole deflate stream in memory decoded into memory: fast, and accepting exactly the streams
// that zlib accepts.
//
// Why our own: the fast decoders are more lenient than zlib in what surrounds the data
// (libdeflate 1.14 takes code lengths that run past their list, codes of more symbols than the
// format has, codes that leave bit patterns unused, and the use of these), so that a damaged stream
// may yield its data, and the right checksum, from them alone. Here result and verdict are zlib's,
// and fuzzing holds them to it. State is reused. One thread at a time.
#pragma once

#include "accel/software/bit_reader.hpp"
#include "accel/software/decode_table.hpp"
#include "io/bytes.hpp"

namespace peerpress::accel::software {

class exact_inflater {
public:
    struct outcome {
        bool ok = false;  // false: not for this decoder to say why; see zlib_inflater
        std::size_t input_bytes = 0;
        std::size_t output_bytes = 0;
        // Where the final block begins, and where the stream ends, in bits of the input.
        std::uint64_t final_block_bit = 0;
        std::uint64_t end_bit = 0;
    };
    outcome inflate(bytes_view input, bytes_span output);

private:
    // What has been written, and the room that is left.
    struct writer {
        std::byte* begin;
        std::byte* next;
        std::byte* end;
    };
    enum class progress { block_ended, near_the_end, failed };

    static bool copy_stored(bit_reader& in, writer& out);
    bool read_fixed_codes();
    bool read_dynamic_codes(bit_reader& in);
    bool decode_block(bit_reader& in, writer& out) const;
    progress decode_fast(bit_reader& in, writer& out) const;
    progress decode_fast_bmi2(bit_reader& in, writer& out) const;
    progress decode_rounds(bit_reader& in, writer& out) const;
    bool decode_careful(bit_reader& in, writer& out) const;

    literal_table literals_;
    distance_table distances_;
    code_length_table code_lengths_;
};

}  // namespace peerpress::accel::software
