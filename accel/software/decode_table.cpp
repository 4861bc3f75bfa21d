#include "accel/software/decode_table.hpp"

#include <algorithm>
#include <cassert>

namespace peerpress::accel::software {
namespace {

constexpr decode_entry with_value(std::uint32_t value) {
    return value << 16;
}

constexpr std::uint32_t end_of_block_symbol = 256;
constexpr std::uint32_t first_length_symbol = 257;

constexpr std::array<decode_entry, 288> make_literal_symbols() {
    std::array<decode_entry, 288> symbols{};
    for (std::uint32_t symbol = 0; symbol < 256; ++symbol) {
        symbols[symbol] = entry::literal | with_value(symbol);
    }
    symbols[end_of_block_symbol] = entry::special | entry::end_of_block;
    // Lengths 3 to 10 have a symbol each; then groups of four symbols share one more extra bit
    // each.
    std::uint32_t base = 3;
    for (std::uint32_t index = 0; index < 28; ++index) {
        const std::uint32_t extra_bits = index < 8 ? 0 : index / 4 - 1;
        symbols[first_length_symbol + index] = with_value(base) | extra_bits;
        base += 1u << extra_bits;
    }
    symbols[285] = with_value(258);
    symbols[286] = symbols[287] = entry::invalid;
    return symbols;
}

constexpr std::array<decode_entry, 32> make_distance_symbols() {
    std::array<decode_entry, 32> symbols{};
    // Distances 1 to 4 have a symbol each; then pairs of symbols share one more extra bit each.
    std::uint32_t base = 1;
    for (std::uint32_t symbol = 0; symbol < 30; ++symbol) {
        const std::uint32_t extra_bits = symbol < 4 ? 0 : symbol / 2 - 1;
        symbols[symbol] = with_value(base) | extra_bits;
        base += 1u << extra_bits;
    }
    symbols[30] = symbols[31] = entry::invalid;
    return symbols;
}

constexpr std::array<decode_entry, 19> make_code_length_symbols() {
    std::array<decode_entry, 19> symbols{};
    for (std::uint32_t symbol = 0; symbol < 19; ++symbol) symbols[symbol] = with_value(symbol);
    return symbols;
}

constexpr auto literal_entries = make_literal_symbols();
constexpr auto distance_entries = make_distance_symbols();
constexpr auto code_length_entries = make_code_length_symbols();
static_assert(entry::value(literal_entries[284]) == 227 &&
              entry::drop_bits(literal_entries[284]) == 5);
static_assert(entry::value(distance_entries[29]) == 24577 &&
              entry::drop_bits(distance_entries[29]) == 13);

using length_counts = std::array<std::uint16_t, code_bits_max + 1>;

// The next code of `bits` bits, as the stream has it: highest bit first, so that the carry runs
// downwards.
std::uint32_t next_code(std::uint32_t code, std::uint32_t bits) {
    std::uint32_t bit = 1u << (bits - 1);
    for (; code & bit; bit >>= 1) code ^= bit;
    return code | bit;
}

// A symbol's entry with its code's bits, both to drop and to tell the extra bits from.
decode_entry with_code(decode_entry symbol, std::uint32_t bits) {
    return symbol + bits + (bits << 8);
}

// Bits of the subtable that starts with a code of `bits` bits: enough for the codes that share its
// root. `counts` are of the codes not yet entered.
std::uint32_t subtable_bits(const length_counts& counts, std::uint32_t bits,
                            std::uint32_t root_bits) {
    std::uint32_t index_bits = bits - root_bits;
    for (int left = 1 << index_bits; bits < code_bits_max; ++bits, ++index_bits, left <<= 1) {
        left -= counts[bits];
        if (left <= 0) break;
    }
    return index_bits;
}

// Unused codes, as a share of the code space of 2^15; negative where there are too many codes.
int unused_codes(const length_counts& counts) {
    int left = 1 << code_bits_max;
    for (std::uint32_t bits = 1; bits <= code_bits_max; ++bits) {
        left -= counts[bits] << (code_bits_max - bits);
    }
    return left;
}

class table_builder {
public:
    table_builder(std::span<decode_entry> table, std::uint32_t root_bits, length_counts counts)
        : table_(table),
          root_bits_(root_bits),
          counts_(counts),
          used_(std::size_t{1} << root_bits) {}

    // Codes come in their canonical order: by length, then by symbol.
    void enter(decode_entry symbol, std::uint32_t bits) {
        if (bits <= root_bits_) {
            grow_root(bits);
            table_[code_] = with_code(symbol, bits);
        } else {
            grow_root(root_bits_);
            enter_in_subtable(symbol, bits);
        }
        --counts_[bits];
    }

    // After a symbol of `bits` bits, where another follows that has `next_bits`. The code of that
    // one is this one's successor, with zeros appended, which lie above in the stream's order and
    // so need no shift.
    void advance(std::uint32_t bits) { code_ = next_code(code_, bits); }

    void finish() { grow_root(root_bits_); }

private:
    // The root table doubles with the codes' length: every entry so far stands for both values of
    // the next bit.
    void grow_root(std::uint32_t bits) {
        for (; grown_bits_ < bits; ++grown_bits_) {
            const auto half = table_.begin() + (std::ptrdiff_t{1} << grown_bits_);
            std::copy(table_.begin(), half, half);
        }
    }

    void enter_in_subtable(decode_entry symbol, std::uint32_t bits) {
        const std::uint32_t root = code_ & ((1u << root_bits_) - 1);
        if (root != subtable_root_) {
            subtable_root_ = root;
            subtable_start_ = used_;
            subtable_bits_ = subtable_bits(counts_, bits, root_bits_);
            used_ += std::size_t{1} << subtable_bits_;
            assert(used_ <= table_.size());
            table_[root] = entry::special | entry::subtable | root_bits_ | subtable_bits_ << 8 |
                           static_cast<decode_entry>(subtable_start_) << 16;
        }
        const std::uint32_t code_bits = bits - root_bits_;
        for (std::size_t index = code_ >> root_bits_; index < std::size_t{1} << subtable_bits_;
             index += std::size_t{1} << code_bits) {
            table_[subtable_start_ + index] = with_code(symbol, code_bits);
        }
    }

    std::span<decode_entry> table_;
    std::uint32_t root_bits_;
    length_counts counts_;
    std::uint32_t code_ = 0;
    std::uint32_t grown_bits_ = 0;
    std::size_t used_;
    std::uint32_t subtable_root_ = ~0u;
    std::size_t subtable_start_ = 0;
    std::uint32_t subtable_bits_ = 0;
};

}  // namespace

bool build_decode_table(std::span<decode_entry> table, std::uint32_t root_bits,
                        std::span<const std::uint8_t> lengths,
                        std::span<const decode_entry> symbols, incomplete_code incomplete) {
    assert(lengths.size() <= symbols.size());
    length_counts counts{};
    for (const std::uint8_t bits : lengths) ++counts[bits];
    const std::size_t codes = lengths.size() - counts[0];
    counts[0] = 0;
    const int unused = unused_codes(counts);
    if (unused < 0) return false;
    if (unused > 0) {
        const bool one_symbol = codes == 0 || (codes == 1 && counts[1] == 1);
        if (incomplete == incomplete_code::refused || !one_symbol) return false;
        table.front() = with_code(entry::invalid, 1);  // spreads to wherever the one code does not
    }

    // The symbols in the order of their codes.
    std::array<std::uint16_t, code_bits_max + 2> starts{};
    for (std::uint32_t bits = 1; bits <= code_bits_max; ++bits)
        starts[bits + 1] = starts[bits] + counts[bits];
    std::array<std::uint16_t, 288> sorted;
    for (std::size_t symbol = 0; symbol < lengths.size(); ++symbol) {
        if (lengths[symbol] > 0)
            sorted[starts[lengths[symbol]]++] = static_cast<std::uint16_t>(symbol);
    }

    table_builder builder(table, root_bits, counts);
    for (std::size_t index = 0; index < codes; ++index) {
        const std::uint16_t symbol = sorted[index];
        builder.enter(symbols[symbol], lengths[symbol]);
        builder.advance(lengths[symbol]);
    }
    builder.finish();
    return true;
}

std::span<const decode_entry> literal_symbols() {
    return literal_entries;
}
std::span<const decode_entry> distance_symbols() {
    return distance_entries;
}
std::span<const decode_entry> code_length_symbols() {
    return code_length_entries;
}

}  // namespace peerpress::accel::software
