#include "accel/software/block_codes.hpp"

#include <algorithm>
#include <cassert>

namespace peerpress::accel::software {
namespace {

// RFC 1951
constexpr std::size_t end_of_block_symbol = 256;
constexpr std::array<std::uint8_t, 19> code_length_order{16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                                         11, 4,  12, 3, 13, 2, 14, 1, 15};

// Code length symbols that repeat a length, and how often.
constexpr std::uint32_t repeat_previous = 16;
constexpr std::uint32_t repeat_zero_long = 18;

struct repetition {
    std::uint32_t extra_bits;
    std::uint32_t times_min;
};

repetition repetition_of(std::uint32_t symbol) {
    if (symbol == repeat_previous) return {2, 3};
    return symbol == repeat_zero_long ? repetition{7, 11} : repetition{3, 3};
}

}  // namespace

void block_codes::use_fixed() {
    static constexpr auto literal_lengths = [] {
        std::array<std::uint8_t, 288> lengths{};
        std::fill(lengths.begin(), lengths.begin() + 144, 8);
        std::fill(lengths.begin() + 144, lengths.begin() + 256, 9);
        std::fill(lengths.begin() + 256, lengths.begin() + 280, 7);
        std::fill(lengths.begin() + 280, lengths.end(), 8);
        return lengths;
    }();
    static constexpr auto distance_lengths = [] {
        std::array<std::uint8_t, 32> lengths{};
        lengths.fill(5);
        return lengths;
    }();
    [[maybe_unused]] const bool built =
        literals_.build(literal_lengths, literal_symbols(), incomplete_code::refused) &&
        distances_.build(distance_lengths, distance_symbols(), incomplete_code::refused);
    assert(built);
}

block_codes::progress block_codes::read(bit_reader& in) {
    progress progress = progress::ready;
    if (part_ == part::counts) progress = read_counts(in);
    if (progress == progress::ready && part_ == part::code_length_lengths)
        progress = read_code_length_lengths(in);
    if (progress == progress::ready) progress = read_lengths(in);
    return progress == progress::ready ? build() : progress;
}

block_codes::progress block_codes::read_counts(bit_reader& in) {
    std::uint32_t counts;
    if (!in.take(5 + 5 + 4, counts)) return progress::need_input;
    literal_codes_ = (counts & 31) + 257;
    distance_codes_ = (counts >> 5 & 31) + 1;
    length_codes_ = (counts >> 10) + 4;
    if (literal_codes_ > literal_codes_max || distance_codes_ > distance_codes_max)
        return progress::bad_data;
    code_length_lengths_.fill(0);
    read_ = 0;
    part_ = part::code_length_lengths;
    return progress::ready;
}

block_codes::progress block_codes::read_code_length_lengths(bit_reader& in) {
    for (; read_ < length_codes_; ++read_) {
        std::uint32_t length;
        if (!in.take(3, length)) return progress::need_input;
        code_length_lengths_[code_length_order[read_]] = static_cast<std::uint8_t>(length);
    }
    // Without any symbol zlib takes each bit for a length of 0, and finds fault with the lengths
    // when it has them all.
    const bool none = std::ranges::count(code_length_lengths_, 0) ==
                      static_cast<std::ptrdiff_t>(code_length_lengths_.size());
    if (!code_lengths_.build(code_length_lengths_, code_length_symbols(),
                             none ? incomplete_code::one_symbol_allowed : incomplete_code::refused))
        return progress::bad_data;
    read_ = 0;
    part_ = part::lengths;
    return progress::ready;
}

block_codes::progress block_codes::read_lengths(bit_reader& in) {
    const std::uint32_t codes = literal_codes_ + distance_codes_;
    while (read_ < codes) {
        in.refill();
        const decode_entry symbol = code_lengths_.root(in.bits);
        const std::uint32_t symbol_bits = entry::drop_bits(symbol);
        const std::uint32_t value = entry::value(symbol);
        if (symbol_bits > in.count) return progress::need_input;
        if (value < repeat_previous) {
            in.drop(symbol_bits);
            lengths_[read_++] = static_cast<std::uint8_t>(value);
            continue;
        }
        const repetition repeated = repetition_of(value);
        if (symbol_bits + repeated.extra_bits > in.count) return progress::need_input;
        in.drop(symbol_bits);
        const std::uint32_t times = repeated.times_min + in.peek(repeated.extra_bits);
        in.drop(repeated.extra_bits);
        if (value == repeat_previous && read_ == 0) return progress::bad_data;
        if (times > codes - read_) return progress::bad_data;
        const std::uint8_t length =
            value == repeat_previous ? lengths_[read_ - 1] : std::uint8_t{0};
        std::fill_n(lengths_.begin() + read_, times, length);
        read_ += times;
    }
    return progress::ready;
}

block_codes::progress block_codes::build() {
    if (lengths_[end_of_block_symbol] == 0) return progress::bad_data;  // the block could not end
    const std::span<const std::uint8_t> both(lengths_);
    const bool built = literals_.build(both.first(literal_codes_), literal_symbols(),
                                       incomplete_code::one_symbol_allowed) &&
                       distances_.build(both.subspan(literal_codes_, distance_codes_),
                                        distance_symbols(), incomplete_code::one_symbol_allowed);
    return built ? progress::ready : progress::bad_data;
}

}  // namespace peerpress::accel::software
