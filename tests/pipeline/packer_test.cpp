#include "pipeline/packer.hpp"

#include "tests/support/random_bytes.hpp"

#include <gtest/gtest.h>

#include <random>

namespace peerpress::pipeline {
namespace {

using bytes = std::vector<std::byte>;

constexpr io::alignment blocks_of_512{.memory_bytes = 512, .offset_bytes = 512};

// A target in memory that insists on blocks.
struct aligned_target {
    void write(const extent& piece) {
        if (piece.from.empty()) return;
        ++writes;
        EXPECT_EQ(piece.offset_bytes % 512, 0u);
        EXPECT_EQ(piece.from.size() % 512, 0u);
        EXPECT_EQ(reinterpret_cast<std::uintptr_t>(piece.from.data()) % 512, 0u);
        if (content.size() < piece.offset_bytes + piece.from.size())
            content.resize(piece.offset_bytes + piece.from.size());
        std::copy(piece.from.begin(), piece.from.end(),
                  content.begin() + static_cast<std::ptrdiff_t>(piece.offset_bytes));
    }
    bytes content;
    int writes = 0;
};

TEST(Packer, WritesPiecesOfAnyLengthInWholeBlocks) {
    std::mt19937 random(1);
    const aligned_memory scratch(4096, 16384);
    const aligned_memory half(4096, 16384);
    for (int round = 0; round < 2000; ++round) {
        packer pack(blocks_of_512);
        aligned_target target;
        bytes expected;
        const int pieces = static_cast<int>(random() % 6);
        for (int piece = 0; piece < pieces; ++piece) {
            const std::size_t skip = random() % 2 == 0 ? 0 : random() % 600;
            const std::size_t length = random() % 3 == 0 ? 512 * (random() % 8) : random() % 5000;
            const bytes data = test::incompressible_bytes(length, random());
            const bytes_span at = half.span().subspan(skip, length);
            std::copy(data.begin(), data.end(), at.begin());
            const bool last = piece + 1 == pieces && random() % 2 == 0;
            target.write(pack.pack(at, scratch.span(), last));
            expected.insert(expected.end(), data.begin(), data.end());
        }
        target.write(pack.finish());

        EXPECT_EQ(pack.bytes(), expected.size());
        EXPECT_EQ(pack.padded(), expected.size() % 512 != 0);
        target.content.resize(expected.size());
        ASSERT_TRUE(target.content == expected);
    }
}

TEST(Packer, LeavesWholeBlocksWhereTheyLie) {
    packer pack(blocks_of_512);
    const aligned_memory data(512, 2048);
    const aligned_memory scratch(512, 4096);

    const extent first = pack.pack(data.span(), scratch.span());
    const extent second = pack.pack(data.span().first(700), scratch.span());

    EXPECT_EQ(first.from.data(), data.span().data());
    EXPECT_EQ(first.from.size(), 2048u);
    EXPECT_EQ(second.offset_bytes, 2048u);
    EXPECT_EQ(second.from.data(), data.span().data());
    EXPECT_EQ(second.from.size(), 512u);
}

TEST(Packer, LeavesEverythingWhereItLiesWhereThereAreNoBlocks) {
    packer pack(io::alignment{});
    const bytes data(777);

    const extent first = pack.pack(data, {});
    const extent second = pack.pack(data, {}, true);

    EXPECT_EQ(first.from.data(), data.data());
    EXPECT_EQ(second.offset_bytes, 777u);
    EXPECT_EQ(second.from.size(), 777u);
    EXPECT_TRUE(pack.finish().from.empty());
    EXPECT_FALSE(pack.padded());
}

TEST(Packer, PadsTheLastPieceInTheSameWrite) {
    packer pack(blocks_of_512);
    const aligned_memory data(512, 1024);
    const aligned_memory scratch(512, 4096);
    std::fill(scratch.span().begin(), scratch.span().end(), std::byte{0xff});

    const extent only = pack.pack(data.span().first(1000), scratch.span(), true);

    ASSERT_EQ(only.from.size(), 1024u);
    EXPECT_TRUE(std::all_of(only.from.begin() + 1000, only.from.end(),
                            [](std::byte b) { return b == std::byte{0}; }));
    EXPECT_TRUE(pack.padded());
    EXPECT_TRUE(pack.finish().from.empty());
}

TEST(Packer, NeedNotMoveWhatWasMadeInItsRoom) {
    packer pack(blocks_of_512);
    const aligned_memory first(512, 1024);
    const aligned_memory scratch(512, 4096);
    pack.pack(first.span().first(100), scratch.span());

    const bytes_span room = pack.room(scratch.span());
    std::fill_n(room.begin(), 1000, std::byte{7});
    const extent piece = pack.pack(room.first(1000), scratch.span());

    EXPECT_EQ(room.data(), scratch.span().data() + 100);
    EXPECT_EQ(piece.from.data(), scratch.span().data());
    EXPECT_EQ(piece.from.size(), 1024u);
    EXPECT_EQ(piece.from[100], std::byte{7});
}

}  // namespace
}  // namespace peerpress::pipeline
