// A deflate stream as bits, lowest first.
//
// `bits` holds the next `count` bits at its low end. Above them may lie further bits of the input,
// but never others, so that putting them in again changes nothing. Past the input's end the bits
// read as zero: whoever takes more than `count` has run out of input.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace peerpress::accel::software {

static_assert(std::endian::native == std::endian::little, "words are loaded as they lie");

struct bit_reader {
    // Bits that refill() and refill_fast() provide at the least, where the input has them.
    static constexpr std::uint32_t refilled_bits = 56;
    // Bytes that must be left for refill_fast(), which takes at most 7 of them.
    static constexpr std::ptrdiff_t fast_bytes = 8;

    const std::byte* next;
    const std::byte* end;
    std::uint64_t bits = 0;
    std::uint32_t count = 0;

    void refill_fast() {
        std::uint64_t word;
        std::memcpy(&word, next, sizeof word);
        bits |= word << count;
        next += (63 - count) / 8;
        count |= refilled_bits;
    }

    void refill() {
        if (end - next >= fast_bytes) return refill_fast();
        for (; count < refilled_bits && next < end; count += 8) {
            bits |= std::to_integer<std::uint64_t>(*next++) << count;
        }
    }

    std::uint32_t peek(std::uint32_t n) const {
        return static_cast<std::uint32_t>(bits & ((std::uint64_t{1} << n) - 1));
    }

    void drop(std::uint32_t n) {
        bits >>= n;
        count -= n;
    }

    // False where the input ends before.
    bool take(std::uint32_t n, std::uint32_t& value) {
        refill();
        if (count < n) return false;
        value = peek(n);
        drop(n);
        return true;
    }

    // Bits taken since `begin`.
    std::uint64_t bits_from(const std::byte* begin) const {
        return static_cast<std::uint64_t>(next - begin) * 8 - count;
    }

    // Gives back what was read ahead: the next byte of the input is then the first that no bit was
    // taken of.
    void align() {
        next -= count / 8;
        bits = 0;
        count = 0;
    }
};

}  // namespace peerpress::accel::software
