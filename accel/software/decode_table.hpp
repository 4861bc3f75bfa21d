// A Huffman code of a deflate block as a table: indexed by the next bits of the stream, it tells
// the symbol, how many bits to drop, and for lengths and distances how many of these are extra
// bits.
//
// Codes longer than the root table's index go through a subtable. A code is refused exactly where
// zlib refuses it: oversubscribed, or incomplete, save that a code of at most one symbol, of one
// bit, may be incomplete; the codes it lacks are then `invalid` entries.
#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace peerpress::accel::software {

// Bits 0-5: bits to drop, code and extra bits. 8-12: bits of the code (in a pointer to a subtable:
// bits of its index). 13-15: special. 16-30: literal, base of a length or distance, code length, or
// index of a subtable. 31: literal.
using decode_entry = std::uint32_t;

namespace entry {
inline constexpr decode_entry literal = 1u << 31;
inline constexpr decode_entry special =
    1u << 15;  // neither a literal nor a base: see the next two, else invalid
inline constexpr decode_entry subtable = 1u << 14;
inline constexpr decode_entry end_of_block = 1u << 13;
inline constexpr decode_entry invalid = special;

constexpr std::uint32_t drop_bits(decode_entry e) {
    return e & 0x3f;
}
constexpr std::uint32_t code_bits(decode_entry e) {
    return e >> 8 & 0x1f;
}
constexpr std::uint32_t value(decode_entry e) {
    return e >> 16 & 0x7fff;
}
}  // namespace entry

inline constexpr std::uint32_t code_bits_max = 15;

// The rule for codes that leave bit patterns unused.
enum class incomplete_code { refused, one_symbol_allowed };

// Entries for `lengths` (of each symbol's code, 0 for none); `symbols` are the symbols' entries
// without their code's bits. `table` holds the root and then the subtables. False where the code is
// refused.
bool build_decode_table(std::span<decode_entry> table, std::uint32_t root_bits,
                        std::span<const std::uint8_t> lengths,
                        std::span<const decode_entry> symbols, incomplete_code incomplete);

template <std::uint32_t RootBits, std::size_t Entries>
class decode_table {
public:
    static constexpr std::uint32_t root_bits = RootBits;

    bool build(std::span<const std::uint8_t> lengths, std::span<const decode_entry> symbols,
               incomplete_code incomplete) {
        return build_decode_table(entries_, RootBits, lengths, symbols, incomplete);
    }

    decode_entry root(std::uint64_t bits) const { return entries_[bits & ((1u << RootBits) - 1)]; }
    // `bits` without the root's.
    decode_entry sub(decode_entry pointer, std::uint64_t bits) const {
        return entries_[entry::value(pointer) + (bits & ((1u << entry::code_bits(pointer)) - 1))];
    }

private:
    std::array<decode_entry, Entries> entries_{};
};

// In a complete code a subtable of 2^k entries has more than k symbols, and k is at most 15 less
// the root's bits. So s symbols need at most s / (k + 1) subtables of 2^k entries, rounded up.
using literal_table = decode_table<11, 2048 + 58 /*288 / 5*/ * 16>;
using distance_table = decode_table<8, 256 + 4 /*32 / 8*/ * 128>;
using code_length_table = decode_table<7, 128>;

// The symbols' entries, in the order of the symbols. Those that fixed codes have but no data may
// use are invalid.
std::span<const decode_entry> literal_symbols();      // 288
std::span<const decode_entry> distance_symbols();     // 32
std::span<const decode_entry> code_length_symbols();  // 19

}  // namespace peerpress::accel::software
