#include "accel/software/level_table.hpp"

#include "accel/software/software_engine.hpp"

#include <algorithm>
#include <array>
#include <cassert>

namespace peerpress::accel::software {
namespace {

// Each step costs speed and gains ratio, none by more than a factor of 2.6 in speed, and no step is
// beaten by another codec in both: ISA-L is 3 to 6 times as fast as anything else up to its level
// 3; beyond, libdeflate is denser than zlib at twice the speed. libdeflate 2, 3 and 5 are left out:
// they lie within 10-20 % of a neighbour. MB/s of one core and ratio, 64 MiB sampled from a tar of
// /usr/lib and /usr/share in 1 MiB chunks with CRC-32, ISA-L 2.30, libdeflate 1.14, Xeon with
// AVX-512; zlib 1.2.13 beside it.
constexpr std::array<codec_choice, level_max> table{{
    {library::isal, 1},         // 535  2.652   zlib 1   90  2.657
    {library::isal, 2},         // 510  2.674   zlib 2   86  2.709
    {library::isal, 3},         // 334  2.723   zlib 3   71  2.749
    {library::libdeflate, 1},   // 183  2.764   zlib 4   66  2.831
    {library::libdeflate, 4},   // 119  2.874   zlib 5   54  2.876
    {library::libdeflate, 6},   //  83  2.922   zlib 6   38  2.898
    {library::libdeflate, 7},   //  61  2.931   zlib 7   32  2.905
    {library::libdeflate, 8},   //  33  2.940   zlib 8   19  2.912
    {library::libdeflate, 9},   //  25  2.942   zlib 9   13  2.914
    {library::libdeflate, 10},  //   9.8  3.006
    {library::libdeflate, 11},  //   6.5  3.015
    {library::libdeflate, 12},  //   4.5  3.021
}};

constexpr int zlib_level_max = 9;

// Level 6 is to be as dense as pigz -6. libdeflate 6 lacks 0.13 % of that on the kernel's source;
// libdeflate 7 is 1.2 % denser and takes 1.4 times as long, so that a chunk in six makes up for it.
constexpr int level_between = 6;
constexpr std::uint32_t denser_chunks = 6;

const char* library_name(library library) {
    switch (library) {
        case library::isal:
            return "ISA-L";
        case library::libdeflate:
            return "libdeflate";
        case library::zlib:
            return "zlib";
    }
    return "";
}

}  // namespace

codec_choice choose_codec(int level, codec codec) {
    assert(level >= level_min && level <= level_max);
    if (codec == codec::zlib) return {library::zlib, std::min(level, zlib_level_max)};
    return table[static_cast<std::size_t>(level - level_min)];
}

codec_choice choose_codec(int level, codec codec, std::uint32_t chunk_checksum) {
    const bool denser =
        codec == codec::automatic && level == level_between && chunk_checksum % denser_chunks == 0;
    return choose_codec(denser ? level + 1 : level, codec);
}

std::string codec_name(int level, codec codec) {
    const codec_choice choice = choose_codec(level, codec);
    return std::string(library_name(choice.library)) + " " + std::to_string(choice.native_level);
}

}  // namespace peerpress::accel::software
