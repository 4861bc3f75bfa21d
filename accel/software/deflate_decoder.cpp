#include "accel/software/deflate_decoder.hpp"

#include <algorithm>
#include <cstring>

namespace peerpress::accel::software {
namespace {

constexpr std::ptrdiff_t match_bytes_max = 258;

// A round of decode_rounds() refills twice and writes at most three literals or two and a match,
// whose copy may overshoot by less than 32 bytes. Beyond these margins decode_item() takes over.
constexpr std::ptrdiff_t input_margin_bytes = 2 * bit_reader::fast_bytes;
constexpr std::ptrdiff_t output_margin_bytes = 3 + match_bytes_max + 32;

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

// Copies a match within the output and may write up to 31 bytes more. Where source and target
// overlap, what was just written is read again, so that no step may be longer than the distance.
// Few matches are longer than 32 bytes: to copy so many always saves a branch that is hard to
// predict.
[[gnu::always_inline]] inline void copy_match(std::byte* to, std::uint32_t length,
                                              std::uint32_t distance) {
    const std::byte* from = to - distance;
    std::byte* const to_end = to + length;
    if (distance >= 16) [[likely]] {
        std::memcpy(to, from, 16);
        std::memcpy(to + 16, from + 16, 16);
        if (length > 32) copy_in_steps<16>(to + 32, from + 32, to_end);
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

// The part of a match that lies in the history, of which it begins `reach` bytes before the end.
std::uint32_t copy_from_history(std::byte* to, std::uint32_t length, bytes_view history,
                                std::size_t reach) {
    const auto count = static_cast<std::uint32_t>(std::min<std::size_t>(length, reach));
    std::memcpy(to, history.data() + (history.size() - reach), count);
    return count;
}

struct symbol {
    decode_entry entry;
    std::uint32_t root_bits;  // taken to find a subtable
    std::uint32_t used_bits() const { return root_bits + entry::drop_bits(entry); }
};

template <class Table>
symbol look_up(const Table& table, std::uint64_t bits) {
    const decode_entry e = table.root(bits);
    if (!(e & entry::subtable)) return {e, 0};
    return {table.sub(e, bits >> Table::root_bits), Table::root_bits};
}

}  // namespace

void deflate_decoder::reset() {
    state_ = state::block_header;
    held_bits_ = 0;
    held_count_ = 0;
    match_bytes_ = 0;
}

deflate_decoder::step deflate_decoder::decode(bytes_view input, bytes_span output,
                                              bytes_view history) {
    bit_reader in{.next = input.data(),
                  .end = input.data() + input.size(),
                  .bits = held_bits_,
                  .count = held_count_};
    writer out{output.data(), output.data(), output.data() + output.size(), history};
    progress progress = progress::next;
    step step;
    while (progress == progress::next && !over()) {
        if (state_ == state::block_header) step.final_block_bit = in.bits_from(input.data());
        progress = advance(in, out);
    }

    // What comes after the item at hand is not kept. What had come of that before cannot be given
    // back, nor need it be: the item takes all of it.
    if (progress != progress::need_input) {
        const auto spare_bytes = std::min<std::ptrdiff_t>(in.count / 8, in.next - input.data());
        in.next -= spare_bytes;
        in.count -= static_cast<std::uint32_t>(8 * spare_bytes);
    }
    held_count_ = in.count;
    held_bits_ = in.bits & ((std::uint64_t{1} << in.count) - 1);

    if (state_ == state::ended) step.status = status::ended;
    if (state_ == state::bad_data) step.status = status::bad_data;
    step.input_bytes = static_cast<std::size_t>(in.next - input.data());
    step.output_bytes = static_cast<std::size_t>(out.next - out.begin);
    step.end_bit = in.bits_from(input.data());
    return step;
}

deflate_decoder::progress deflate_decoder::advance(bit_reader& in, writer& out) {
    switch (state_) {
        case state::block_header:
            return read_block_header(in);
        case state::stored_header:
            return read_stored_header(in);
        case state::stored:
            return copy_stored(in, out);
        case state::codes:
            return read_codes(in);
        case state::symbols:
            return decode_symbols(in, out);
        case state::ended:
        case state::bad_data:
            break;
    }
    return progress::next;
}

deflate_decoder::progress deflate_decoder::fail() {
    state_ = state::bad_data;
    return progress::next;
}

deflate_decoder::progress deflate_decoder::end_block() {
    state_ = final_ ? state::ended : state::block_header;
    return progress::next;
}

deflate_decoder::progress deflate_decoder::read_block_header(bit_reader& in) {
    std::uint32_t header;
    if (!in.take(3, header)) return progress::need_input;
    final_ = (header & 1) != 0;
    switch (header >> 1) {
        case 0:
            in.drop(in.count % 8);
            state_ = state::stored_header;
            return progress::next;
        case 1:
            codes_.use_fixed();
            state_ = state::symbols;
            return progress::next;
        case 2:
            codes_.expect_dynamic();
            state_ = state::codes;
            return progress::next;
        default:
            return fail();
    }
}

deflate_decoder::progress deflate_decoder::read_stored_header(bit_reader& in) {
    std::uint32_t length_and_complement;
    if (!in.take(32, length_and_complement)) return progress::need_input;
    stored_bytes_ = length_and_complement & 0xffff;
    if (stored_bytes_ != (length_and_complement >> 16 ^ 0xffff)) return fail();
    in.align();
    state_ = state::stored;
    return progress::next;
}

deflate_decoder::progress deflate_decoder::copy_stored(bit_reader& in, writer& out) {
    const auto count =
        std::min<std::ptrdiff_t>({stored_bytes_, in.end - in.next, out.end - out.next});
    out.next = std::copy_n(in.next, count, out.next);
    in.next += count;
    stored_bytes_ -= static_cast<std::uint32_t>(count);
    if (stored_bytes_ == 0) return end_block();
    return in.next == in.end ? progress::need_input : progress::output_full;
}

deflate_decoder::progress deflate_decoder::read_codes(bit_reader& in) {
    switch (codes_.read(in)) {
        case block_codes::progress::ready:
            state_ = state::symbols;
            return progress::next;
        case block_codes::progress::need_input:
            return progress::need_input;
        case block_codes::progress::bad_data:
            break;
    }
    return fail();
}

deflate_decoder::progress deflate_decoder::decode_symbols(bit_reader& in, writer& out) {
    progress progress = finish_match(out);
    if (progress != progress::next) return progress;
    switch (decode_fast(in, out)) {
        case round_end::block_ended:
            return end_block();
        case round_end::bad_data:
            return fail();
        case round_end::near_the_end:
            break;
    }
    while (progress == progress::next && state_ == state::symbols) progress = decode_item(in, out);
    return progress;
}

// A literal, a match or the block's end, each against the ends of input and output.
deflate_decoder::progress deflate_decoder::decode_item(bit_reader& in, writer& out) {
    in.refill();
    const symbol first = look_up(codes_.literals(), in.bits);
    const std::uint32_t first_bits = first.used_bits();
    if (first_bits > in.count) return progress::need_input;
    if (first.entry & entry::literal) {
        if (out.next == out.end) return progress::output_full;
        *out.next++ = static_cast<std::byte>(first.entry >> 16);
        in.drop(first_bits);
        return progress::next;
    }
    if (first.entry & entry::special) {
        if (!(first.entry & entry::end_of_block)) return fail();
        in.drop(first_bits);
        return end_block();
    }

    const std::uint64_t rest = in.bits >> first_bits;
    const symbol second = look_up(codes_.distances(), rest);
    if (first_bits + second.used_bits() > in.count) return progress::need_input;
    if (second.entry & entry::special) return fail();
    const std::uint32_t distance = with_extra_bits(second.entry, rest >> second.root_bits);
    const auto written = static_cast<std::size_t>(out.next - out.begin);
    if (distance > written + out.history.size()) return fail();
    match_bytes_ = with_extra_bits(first.entry, in.bits >> first.root_bits);
    match_distance_ = distance;
    in.drop(first_bits + second.used_bits());
    return finish_match(out);
}

// As far as there is room. Byte by byte behind the history's part, for a match may overlap itself
// and nothing may be written beyond it.
deflate_decoder::progress deflate_decoder::finish_match(writer& out) {
    const auto room = static_cast<std::size_t>(out.end - out.next);
    auto left = static_cast<std::uint32_t>(std::min<std::size_t>(match_bytes_, room));
    match_bytes_ -= left;
    const auto written = static_cast<std::size_t>(out.next - out.begin);
    if (match_distance_ > written && left > 0) {
        const std::uint32_t copied =
            copy_from_history(out.next, left, out.history, match_distance_ - written);
        out.next += copied;
        left -= copied;
    }
    for (std::byte* const end = out.next + left; out.next < end; ++out.next)
        *out.next = *(out.next - match_distance_);
    return match_bytes_ == 0 ? progress::next : progress::output_full;
}

// Works on copies of the reader and the output's position, so that they stay in registers. What is
// looked up next is looked up as early as its bits are there: before the refill, and before the
// match is copied.
[[gnu::always_inline]] inline deflate_decoder::round_end deflate_decoder::decode_rounds(
    bit_reader& in_place, writer& out) const {
    const literal_table& literals = codes_.literals();
    const distance_table& distances = codes_.distances();
    bit_reader in = in_place;
    std::byte* to = out.next;
    if (in.end - in.next < input_margin_bytes || out.end - to < output_margin_bytes)
        return round_end::near_the_end;
    const std::byte* const input_fast_end = in.end - input_margin_bytes;
    const std::byte* const output_fast_end = out.end - output_margin_bytes;
    const auto leave = [&](round_end end) {
        in_place = in;
        out.next = to;
        return end;
    };
    in.refill_fast();
    decode_entry e = literals.root(in.bits);
    while (in.next <= input_fast_end && to <= output_fast_end) {
        // Literals come in runs. Two of 11 bits each leave the 20 of a length, and 8 to look up its
        // distance.
        if (e & entry::literal) {
            *to++ = static_cast<std::byte>(e >> 16);
            in.drop(entry::drop_bits(e));
            e = literals.root(in.bits);
            if (e & entry::literal) {
                *to++ = static_cast<std::byte>(e >> 16);
                in.drop(entry::drop_bits(e));
                e = literals.root(in.bits);
                if (e & entry::literal) {
                    *to++ = static_cast<std::byte>(e >> 16);
                    in.drop(entry::drop_bits(e));
                    e = literals.root(in.bits);
                    in.refill_fast();
                    continue;
                }
            }
        }
        if (e & entry::special) {
            if (e & entry::subtable) {
                in.drop(literal_table::root_bits);
                e = literals.sub(e, in.bits);
                if (e & entry::literal) {
                    *to++ = static_cast<std::byte>(e >> 16);
                    in.drop(entry::drop_bits(e));
                    e = literals.root(in.bits);
                    in.refill_fast();
                    continue;
                }
            }
            if (e & entry::special) {
                if (!(e & entry::end_of_block)) return leave(round_end::bad_data);
                in.drop(entry::drop_bits(e));
                return leave(round_end::block_ended);
            }
        }
        std::uint32_t length = with_extra_bits(e, in.bits);
        in.drop(entry::drop_bits(e));

        e = distances.root(in.bits);
        in.refill_fast();
        if (e & entry::special) {
            if (!(e & entry::subtable)) return leave(round_end::bad_data);
            in.drop(distance_table::root_bits);
            e = distances.sub(e, in.bits);
            if (e & entry::special) return leave(round_end::bad_data);
        }
        const std::uint32_t distance = with_extra_bits(e, in.bits);
        in.drop(entry::drop_bits(e));
        if (distance > to - out.begin) [[unlikely]] {
            const auto reach = static_cast<std::size_t>(distance - (to - out.begin));
            if (reach > out.history.size()) return leave(round_end::bad_data);
            const std::uint32_t copied = copy_from_history(to, length, out.history, reach);
            to += copied;
            length -= copied;
        }
        e = literals.root(in.bits);
        in.refill_fast();
        if (length > 0) {
            copy_match(to, length, distance);
            to += length;
        }
    }
    return leave(round_end::near_the_end);
}

// Shifts and masks by a variable take an instruction each with BMI2, else two or three: worth 8 %.
#if defined(__x86_64__)
[[gnu::target("bmi2")]] deflate_decoder::round_end deflate_decoder::decode_fast_bmi2(
    bit_reader& in, writer& out) const {
    return decode_rounds(in, out);
}

deflate_decoder::round_end deflate_decoder::decode_fast(bit_reader& in, writer& out) const {
    static const bool has_bmi2 = __builtin_cpu_supports("bmi2");
    return has_bmi2 ? decode_fast_bmi2(in, out) : decode_rounds(in, out);
}
#else
deflate_decoder::round_end deflate_decoder::decode_fast(bit_reader& in, writer& out) const {
    return decode_rounds(in, out);
}
#endif

}  // namespace peerpress::accel::software
