#include "accel/software/exact_inflater.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace peerpress::accel::software {
namespace {

// RFC 1951
constexpr std::uint32_t literal_codes_max = 286;
constexpr std::uint32_t distance_codes_max = 30;
constexpr std::size_t end_of_block_symbol = 256;
constexpr std::ptrdiff_t match_bytes_max = 258;
constexpr std::array<std::uint8_t, 19> code_length_order{16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                                         11, 4,  12, 3, 13, 2, 14, 1, 15};

// A round of decode_rounds() refills twice and writes at most three literals or two and a match,
// whose copy may overshoot by less than a 16-byte step. Beyond these margins decode_careful() takes
// over.
constexpr std::ptrdiff_t input_margin_bytes = 2 * bit_reader::fast_bytes;
constexpr std::ptrdiff_t output_margin_bytes = 3 + match_bytes_max + 16;

// The base of a length or distance with the extra bits that follow its code.
std::uint32_t with_extra_bits(decode_entry e, std::uint64_t bits) {
    const std::uint64_t code_and_extra = bits & ((std::uint64_t{1} << entry::drop_bits(e)) - 1);
    return entry::value(e) + static_cast<std::uint32_t>(code_and_extra >> entry::code_bits(e));
}

template <std::size_t StepBytes>
void copy_in_steps(std::byte* to, const std::byte* from, const std::byte* to_end) {
    do {
        std::memcpy(to, from, StepBytes);
        to += StepBytes;
        from += StepBytes;
    } while (to < to_end);
}

// Copies a match within the output and may write up to 15 bytes more. Where source and target
// overlap, what was just written is read again, so that no step may be longer than the distance.
void copy_match(std::byte* to, std::uint32_t length, std::uint32_t distance) {
    const std::byte* from = to - distance;
    std::byte* const to_end = to + length;
    if (distance >= 16) {
        copy_in_steps<16>(to, from, to_end);
    } else if (distance >= 8) {
        copy_in_steps<8>(to, from, to_end);
    } else if (distance == 1) {
        std::memset(to, std::to_integer<int>(*from), length);
    } else {
        // Each step writes 8 bytes, of which the next `distance` are right; the next step starts
        // behind these.
        for (; to < to_end; to += distance, from += distance) {
            std::uint64_t word;
            std::memcpy(&word, from, sizeof word);
            std::memcpy(to, &word, sizeof word);
        }
    }
}

template <class Table>
bool decode_symbol(const Table& table, bit_reader& in, decode_entry& symbol, std::uint64_t& bits) {
    in.refill();
    std::uint32_t root_bits = 0;
    symbol = table.root(in.bits);
    if (symbol & entry::subtable) {
        root_bits = Table::root_bits;
        symbol = table.sub(symbol, in.bits >> root_bits);
    }
    bits = in.bits >> root_bits;
    const std::uint32_t used = root_bits + entry::drop_bits(symbol);
    if (used > in.count) return false;
    in.drop(used);
    return true;
}

}  // namespace

exact_inflater::outcome exact_inflater::inflate(bytes_view input, bytes_span output) {
    bit_reader in{.next = input.data(), .end = input.data() + input.size()};
    writer out{output.data(), output.data(), output.data() + output.size()};
    outcome outcome;
    std::uint32_t final = 0;
    while (!final) {
        outcome.final_block_bit = in.bits_from(input.data());
        std::uint32_t type;
        if (!in.take(1, final) || !in.take(2, type)) return {};
        bool decoded = false;
        switch (type) {
            case 0:
                decoded = copy_stored(in, out);
                break;
            case 1:
                decoded = read_fixed_codes() && decode_block(in, out);
                break;
            case 2:
                decoded = read_dynamic_codes(in) && decode_block(in, out);
                break;
            default:
                break;
        }
        if (!decoded) return {};
    }
    outcome.end_bit = in.bits_from(input.data());
    in.align();
    outcome.ok = true;
    outcome.input_bytes = static_cast<std::size_t>(in.next - input.data());
    outcome.output_bytes = static_cast<std::size_t>(out.next - out.begin);
    return outcome;
}

bool exact_inflater::copy_stored(bit_reader& in, writer& out) {
    in.align();
    std::uint32_t length;
    std::uint32_t complement;
    if (!in.take(16, length) || !in.take(16, complement)) return false;
    if (length != (complement ^ 0xffff)) return false;
    in.align();
    if (length > in.end - in.next || length > out.end - out.next) return false;
    out.next = std::copy_n(in.next, length, out.next);
    in.next += length;
    return true;
}

bool exact_inflater::read_fixed_codes() {
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
    return literals_.build(literal_lengths, literal_symbols(), incomplete_code::refused) &&
           distances_.build(distance_lengths, distance_symbols(), incomplete_code::refused);
}

bool exact_inflater::read_dynamic_codes(bit_reader& in) {
    std::uint32_t literal_codes;
    std::uint32_t distance_codes;
    std::uint32_t length_codes;
    if (!in.take(5, literal_codes) || !in.take(5, distance_codes) || !in.take(4, length_codes)) {
        return false;
    }
    literal_codes += 257;
    distance_codes += 1;
    length_codes += 4;
    if (literal_codes > literal_codes_max || distance_codes > distance_codes_max) return false;

    std::array<std::uint8_t, 19> code_length_lengths{};
    for (std::uint32_t index = 0; index < length_codes; ++index) {
        std::uint32_t length;
        if (!in.take(3, length)) return false;
        code_length_lengths[code_length_order[index]] = static_cast<std::uint8_t>(length);
    }
    if (!code_lengths_.build(code_length_lengths, code_length_symbols(),
                             incomplete_code::refused)) {
        return false;
    }

    // The lengths of both codes are one list, through which repetitions may run.
    std::array<std::uint8_t, literal_codes_max + distance_codes_max> lengths;
    const std::uint32_t codes = literal_codes + distance_codes;
    for (std::uint32_t index = 0; index < codes;) {
        decode_entry symbol;
        std::uint64_t bits;
        if (!decode_symbol(code_lengths_, in, symbol, bits)) return false;
        const std::uint32_t value = entry::value(symbol);
        if (value < 16) {
            lengths[index++] = static_cast<std::uint8_t>(value);
            continue;
        }
        std::uint32_t repeats;
        if (!in.take(value == 16 ? 2 : value == 17 ? 3 : 7, repeats)) return false;
        repeats += value == 18 ? 11 : 3;
        if (value == 16 && index == 0) return false;  // nothing to repeat
        if (repeats > codes - index) return false;
        const std::uint8_t repeated = value == 16 ? lengths[index - 1] : std::uint8_t{0};
        std::fill_n(lengths.begin() + index, repeats, repeated);
        index += repeats;
    }
    if (lengths[end_of_block_symbol] == 0) return false;  // the block could not end

    const std::span<const std::uint8_t> both(lengths);
    return literals_.build(both.first(literal_codes), literal_symbols(),
                           incomplete_code::one_symbol_allowed) &&
           distances_.build(both.subspan(literal_codes, distance_codes), distance_symbols(),
                            incomplete_code::one_symbol_allowed);
}

bool exact_inflater::decode_block(bit_reader& in, writer& out) const {
    const progress progress = decode_fast(in, out);
    return progress == progress::block_ended ||
           (progress == progress::near_the_end && decode_careful(in, out));
}

// Works on copies of the reader and the output's position, so that they stay in registers. What is
// looked up next is looked up as early as its bits are there: before the refill, and before the
// match is copied.
[[gnu::always_inline]] inline exact_inflater::progress exact_inflater::decode_rounds(
    bit_reader& in_place, writer& out) const {
    bit_reader in = in_place;
    std::byte* to = out.next;
    const auto near_the_end = [&] {
        return in.end - in.next < input_margin_bytes || out.end - to < output_margin_bytes;
    };
    const auto leave = [&](progress progress) {
        in_place = in;
        out.next = to;
        return progress;
    };
    if (near_the_end()) return progress::near_the_end;
    in.refill_fast();
    decode_entry e = literals_.root(in.bits);
    while (!near_the_end()) {
        // Literals come in runs. Two of 11 bits each leave the 20 of a length, and 8 to look up its
        // distance.
        if (e & entry::literal) {
            *to++ = static_cast<std::byte>(e >> 16);
            in.drop(entry::drop_bits(e));
            e = literals_.root(in.bits);
            if (e & entry::literal) {
                *to++ = static_cast<std::byte>(e >> 16);
                in.drop(entry::drop_bits(e));
                e = literals_.root(in.bits);
                if (e & entry::literal) {
                    *to++ = static_cast<std::byte>(e >> 16);
                    in.drop(entry::drop_bits(e));
                    e = literals_.root(in.bits);
                    in.refill_fast();
                    continue;
                }
            }
        }
        if (e & entry::special) {
            if (e & entry::subtable) {
                in.drop(literal_table::root_bits);
                e = literals_.sub(e, in.bits);
                if (e & entry::literal) {
                    *to++ = static_cast<std::byte>(e >> 16);
                    in.drop(entry::drop_bits(e));
                    e = literals_.root(in.bits);
                    in.refill_fast();
                    continue;
                }
            }
            if (e & entry::special) {
                if (!(e & entry::end_of_block)) return leave(progress::failed);
                in.drop(entry::drop_bits(e));
                return leave(progress::block_ended);
            }
        }
        const std::uint32_t length = with_extra_bits(e, in.bits);
        in.drop(entry::drop_bits(e));

        e = distances_.root(in.bits);
        in.refill_fast();
        if (e & entry::special) {
            if (!(e & entry::subtable)) return leave(progress::failed);
            in.drop(distance_table::root_bits);
            e = distances_.sub(e, in.bits);
            if (e & entry::special) return leave(progress::failed);
        }
        const std::uint32_t distance = with_extra_bits(e, in.bits);
        in.drop(entry::drop_bits(e));
        if (distance > to - out.begin) return leave(progress::failed);
        e = literals_.root(in.bits);
        in.refill_fast();
        copy_match(to, length, distance);
        to += length;
    }
    return leave(progress::near_the_end);
}

// Shifts and masks by a variable take an instruction each with BMI2, else two or three: worth 8 %.
#if defined(__x86_64__)
[[gnu::target("bmi2")]] exact_inflater::progress exact_inflater::decode_fast_bmi2(
    bit_reader& in, writer& out) const {
    return decode_rounds(in, out);
}

exact_inflater::progress exact_inflater::decode_fast(bit_reader& in, writer& out) const {
    static const bool has_bmi2 = __builtin_cpu_supports("bmi2");
    return has_bmi2 ? decode_fast_bmi2(in, out) : decode_rounds(in, out);
}
#else
exact_inflater::progress exact_inflater::decode_fast(bit_reader& in, writer& out) const {
    return decode_rounds(in, out);
}
#endif

// Symbol by symbol, each against the ends of input and output.
bool exact_inflater::decode_careful(bit_reader& in, writer& out) const {
    for (;;) {
        decode_entry e;
        std::uint64_t bits;
        if (!decode_symbol(literals_, in, e, bits)) return false;
        if (e & entry::literal) {
            if (out.next == out.end) return false;
            *out.next++ = static_cast<std::byte>(e >> 16);
            continue;
        }
        if (e & entry::special) return (e & entry::end_of_block) != 0;
        const std::uint32_t length = with_extra_bits(e, bits);

        if (!decode_symbol(distances_, in, e, bits)) return false;
        if (e & entry::special) return false;
        const std::uint32_t distance = with_extra_bits(e, bits);
        if (distance > out.next - out.begin || length > out.end - out.next) return false;
        // Byte by byte, for the match may overlap itself and nothing may be written beyond it.
        for (std::byte* const match_end = out.next + length; out.next < match_end; ++out.next) {
            *out.next = *(out.next - distance);
        }
    }
}

}  // namespace peerpress::accel::software
