#include "accel/software/deflate_chunk.hpp"

#include "accel/software/level_table.hpp"
#include "accel/software/stored.hpp"
#include "tests/support/random_bytes.hpp"
#include "tests/support/reference_zlib.hpp"

#include <gtest/gtest.h>
#include <malloc.h>

#include <algorithm>
#include <random>

namespace peerpress::accel::software {
namespace {

using test::bytes;
using test::reference_inflate;
using test::reference_verdict;

// Where blocks, windows and members end, and a byte to either side of them.
constexpr std::size_t border_sizes[] = {0,     1,     2,     3,     10,     100,    4095,
                                        4096,  4097,  32767, 32768, 32769,  65279,  65280,
                                        65281, 65534, 65535, 65536, 131070, 131071, 200'000};

constexpr std::byte untouched{0xa5};
constexpr std::size_t guard_bytes = 64;

struct deflated_chunk {
    deflate_outcome outcome;
    bytes stream;
};

class DeflateChunk : public testing::Test {
protected:
    // With exactly the room that the bound promises to be enough.
    deflated_chunk deflate(const bytes& input, int level, codec codec = codec::automatic,
                           bool last = true, checksum_kind checksum = checksum_kind::crc32) {
        bytes output(stored_bytes(input.size()) + guard_bytes, untouched);
        const deflate_outcome outcome =
            deflate_chunk(bench, {.input = input,
                                  .output = bytes_span(output).first(output.size() - guard_bytes),
                                  .level = level,
                                  .codec = codec,
                                  .checksum = checksum,
                                  .last = last});
        EXPECT_TRUE(std::all_of(output.end() - guard_bytes, output.end(), [](std::byte b) {
            return b == untouched;
        })) << "written beyond the output";
        EXPECT_GT(outcome.deflated.bytes, 0u);
        EXPECT_LE(outcome.deflated.bytes, stored_bytes(input.size()));
        output.resize(outcome.deflated.bytes);
        return {outcome, std::move(output)};
    }

    workbench bench;
};

void expect_decodes_to(const bytes& stream, const bytes& data) {
    const auto decoded = reference_inflate(stream, test::raw_window);
    ASSERT_EQ(decoded.verdict, reference_verdict::complete);
    EXPECT_EQ(decoded.input_bytes, stream.size());
    ASSERT_TRUE(decoded.data == data);
}

struct level_and_codec {
    int level;
    accel::codec codec;
};

class EveryLevel : public DeflateChunk, public testing::WithParamInterface<level_and_codec> {};

INSTANTIATE_TEST_SUITE_P(Automatic, EveryLevel, testing::ValuesIn([] {
                             std::vector<level_and_codec> levels;
                             for (int level = 1; level <= 12; ++level)
                                 levels.push_back({level, codec::automatic});
                             return levels;
                         }()),
                         [](const auto& info) {
                             return "Level" + std::to_string(info.param.level);
                         });
INSTANTIATE_TEST_SUITE_P(Zlib, EveryLevel, testing::ValuesIn([] {
                             std::vector<level_and_codec> levels;
                             for (int level : {1, 6, 9, 12}) levels.push_back({level, codec::zlib});
                             return levels;
                         }()),
                         [](const auto& info) {
                             return "Level" + std::to_string(info.param.level);
                         });

TEST_P(EveryLevel, GivesAStreamThatZlibDecodesToTheInputAtEverySize) {
    for (const std::size_t size : border_sizes) {
        SCOPED_TRACE(size);
        const bytes input = test::compressible_bytes(size, size);

        const deflated_chunk chunk = deflate(input, GetParam().level, GetParam().codec);

        expect_decodes_to(chunk.stream, input);
        EXPECT_EQ(chunk.outcome.deflated.checksum, test::reference_crc32(input));
    }
}

TEST_P(EveryLevel, KeepsToTheBoundWhereNothingCompresses) {
    for (const std::size_t size : border_sizes) {
        SCOPED_TRACE(size);
        const bytes input = test::incompressible_bytes(size, size);

        const deflated_chunk chunk = deflate(input, GetParam().level, GetParam().codec);

        expect_decodes_to(chunk.stream, input);
    }
}

TEST_P(EveryLevel, KeepsToTheBoundOnAWholeMiBOfNoise) {
    const bytes input = test::incompressible_bytes(1 << 20, 7);

    const deflated_chunk chunk = deflate(input, GetParam().level, GetParam().codec);

    expect_decodes_to(chunk.stream, input);
}

TEST_P(EveryLevel, GivesPiecesThatConcatenateToOneStreamWhereMoreFollows) {
    bytes data;
    bytes stream;

    for (const std::size_t size : {70'000, 0, 1, 65'535, 100, 40'000}) {
        const bytes piece = size % 2 == 0 ? test::compressible_bytes(size, size)
                                          : test::incompressible_bytes(size, size);
        const deflated_chunk chunk = deflate(piece, GetParam().level, GetParam().codec, false);
        data.insert(data.end(), piece.begin(), piece.end());
        stream.insert(stream.end(), chunk.stream.begin(), chunk.stream.end());
    }
    const deflated_chunk end = deflate({}, GetParam().level, GetParam().codec, true);
    stream.insert(stream.end(), end.stream.begin(), end.stream.end());

    expect_decodes_to(stream, data);
}

TEST_P(EveryLevel, MakesPiecesThatLookBackNowhere) {
    const bytes data = test::compressible_bytes(50'000, 1);

    const deflated_chunk first = deflate(data, GetParam().level, GetParam().codec, false);
    const deflated_chunk second = deflate(data, GetParam().level, GetParam().codec, true);

    // The second decodes without the first, though it repeats it.
    expect_decodes_to(second.stream, data);
    EXPECT_GT(first.stream.size(), data.size() / 20);
}

TEST_F(DeflateChunk, StoresNothingAsOneEmptyBlock) {
    EXPECT_EQ(deflate({}, 1).stream.size(), 5u);
    EXPECT_EQ(deflate({}, 6, codec::automatic, false).stream.size(), 5u);
}

TEST_F(DeflateChunk, TakesTheAdler32WhereAsked) {
    const bytes input = test::compressible_bytes(100'000, 3);

    const deflated_chunk chunk = deflate(input, 1, codec::automatic, true, checksum_kind::adler32);

    EXPECT_EQ(chunk.outcome.deflated.checksum, test::reference_adler32(input));
}

TEST_F(DeflateChunk, LeavesNoiseToTheQuickCodecAtEveryLevel) {
    const bytes noise = test::incompressible_bytes(1 << 20, 1);

    for (int level = 4; level <= 12; ++level) {
        const method method = deflate(noise, level).outcome.method;
        EXPECT_TRUE(method == method::isal || method == method::stored) << level;
    }
}

TEST_F(DeflateChunk, IsNotFooledByNoiseThatRepeats) {
    const bytes noise = test::incompressible_bytes(16 << 10, 1);
    bytes input;
    for (int copy = 0; copy < 32; ++copy) input.insert(input.end(), noise.begin(), noise.end());

    const deflated_chunk chunk = deflate(input, 6);

    EXPECT_EQ(chunk.outcome.method, method::libdeflate);
    EXPECT_LT(chunk.stream.size(), input.size() / 10);
}

TEST_F(DeflateChunk, UsesTheCodecOfItsLevelOnOrdinaryData) {
    const bytes input = test::compressible_bytes(200'000, 1);

    EXPECT_EQ(deflate(input, 1).outcome.method, method::isal);
    EXPECT_EQ(deflate(input, 3).outcome.method, method::isal);
    EXPECT_EQ(deflate(input, 4).outcome.method, method::libdeflate);
    EXPECT_EQ(deflate(input, 12).outcome.method, method::libdeflate);
    EXPECT_EQ(deflate(input, 1, codec::zlib).outcome.method, method::zlib);
    EXPECT_EQ(deflate(input, 12, codec::zlib).outcome.method, method::zlib);
}

// Between libdeflate 6, which is not as dense as pigz -6, and 7, which is not fast enough.
TEST_F(DeflateChunk, GivesSomeChunksOfLevel6ToTheNextLevelAndAlwaysTheSameOnes) {
    int denser = 0;
    for (std::uint64_t seed = 0; seed < 64; ++seed) {
        const bytes chunk = test::compressible_bytes(50'000, seed);

        const deflated_chunk once = deflate(chunk, 6);

        EXPECT_EQ(once.stream, deflate(chunk, 6).stream);
        bytes plain(stored_bytes(chunk.size()));
        plain.resize(bench.libdeflate().deflate(6, chunk, plain));
        if (once.stream == plain) continue;
        EXPECT_EQ(once.stream, deflate(chunk, 7).stream);
        ++denser;
    }
    EXPECT_GE(denser, 2);
    EXPECT_LE(denser, 20);
}

TEST_F(DeflateChunk, GetsNoLargerFromLevelToLevel) {
    const bytes input = test::compressible_bytes(1 << 20, 1);

    std::size_t previous = deflate(input, 1).stream.size();
    for (int level = 2; level <= 12; ++level) {
        const std::size_t size = deflate(input, level).stream.size();
        EXPECT_LE(size, previous + previous / 100) << level;
        previous = std::min(previous, size);
    }
}

TEST_F(DeflateChunk, ReusesItsStateWithoutATraceOfTheChunkBefore) {
    const bytes input = test::compressible_bytes(80'000, 1);
    for (int level = 1; level <= 12; ++level) {
        const bytes fresh = deflate(input, level).stream;
        deflate(test::incompressible_bytes(90'000, 2), level);
        deflate(test::compressible_bytes(70'000, 3), level, codec::zlib, false);

        EXPECT_EQ(deflate(input, level).stream, fresh) << level;
    }
}

// The memory that is taken next holds this, over and over.
void soil_memory(std::uint16_t value) {
    // Not given back to the kernel, which would hand out clean pages.
    ::mallopt(M_MMAP_THRESHOLD, 64 << 20);
    ::mallopt(M_TRIM_THRESHOLD, 256 << 20);
    std::vector<std::uint16_t> soiled(8 << 20, value);
}

// ISA-L keeps a flag there that says whether it has set up its tables, and does not clear it: with
// a 1 in its place it works on what the memory held.
TEST_F(DeflateChunk, GivesTheSameBytesWhateverItsMemoryHeldBefore) {
    const bytes data = test::compressible_bytes(20480, 3);
    for (const int level : {1, 2, 3, 4, 6, 12}) {
        std::vector<bytes> streams;
        for (const std::uint16_t value : {0, 1, 0xffff}) {
            soil_memory(value);
            workbench fresh;
            bytes output(stored_bytes(data.size()));
            const deflate_outcome made =
                deflate_chunk(fresh, {.input = data, .output = output, .level = level});
            output.resize(made.deflated.bytes);
            streams.push_back(std::move(output));
        }
        EXPECT_TRUE(streams[0] == streams[1]) << level;
        EXPECT_TRUE(streams[0] == streams[2]) << level;
    }
}

}  // namespace
}  // namespace peerpress::accel::software
