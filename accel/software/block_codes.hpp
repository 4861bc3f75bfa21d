// The Huffman codes of a deflate block, read from its header, of which any part may not have come
// yet.
//
// use_fixed() or expect_dynamic() begins a block; after the latter read() is called until it says
// `ready`. A header is refused exactly where zlib refuses it, and as soon. One thread at a time.
#pragma once

#include "accel/software/bit_reader.hpp"
#include "accel/software/decode_table.hpp"

#include <array>
#include <cstdint>

namespace peerpress::accel::software {

class block_codes {
public:
    void use_fixed();
    void expect_dynamic() { part_ = part::counts; }

    enum class progress { ready, need_input, bad_data };
    progress read(bit_reader& in);

    const literal_table& literals() const { return literals_; }
    const distance_table& distances() const { return distances_; }

private:
    // RFC 1951
    static constexpr std::uint32_t literal_codes_max = 286;
    static constexpr std::uint32_t distance_codes_max = 30;

    enum class part { counts, code_length_lengths, lengths };

    progress read_counts(bit_reader& in);
    progress read_code_length_lengths(bit_reader& in);
    progress read_lengths(bit_reader& in);
    progress build();

    part part_ = part::counts;
    std::uint32_t literal_codes_ = 0;
    std::uint32_t distance_codes_ = 0;
    std::uint32_t length_codes_ = 0;
    std::uint32_t read_ = 0;  // of the part's lengths
    std::array<std::uint8_t, 19> code_length_lengths_;
    // The lengths of both codes are one list, through which repetitions may run.
    std::array<std::uint8_t, literal_codes_max + distance_codes_max> lengths_;

    literal_table literals_;
    distance_table distances_;
    code_length_table code_lengths_;
};

}  // namespace peerpress::accel::software
