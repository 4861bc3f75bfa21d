#include "accel/software/compressibility.hpp"

#include "tests/support/random_bytes.hpp"
#include "tests/support/reference_zlib.hpp"

#include <gtest/gtest.h>

namespace peerpress::accel::software {
namespace {

using test::bytes;

TEST(Compressibility, IsDoubtedInNoiseAndCompressedData) {
    const bytes data = test::compressible_bytes(4 << 20, 1);

    EXPECT_TRUE(looks_incompressible(test::incompressible_bytes(1 << 20, 1)));
    EXPECT_TRUE(looks_incompressible(test::incompressible_bytes(4'096, 2)));
    EXPECT_TRUE(looks_incompressible(test::reference_deflate(data, 6, test::raw_window)));
}

TEST(Compressibility, IsNotDoubtedInTextZerosAndEncodedNoise) {
    bytes digits = test::incompressible_bytes(1 << 20, 1);
    for (std::byte& b : digits) b = std::byte{'0'} | (b & std::byte{0x0f});

    EXPECT_FALSE(looks_incompressible(test::compressible_bytes(1 << 20, 1)));
    EXPECT_FALSE(looks_incompressible(bytes(1 << 20)));
    EXPECT_FALSE(looks_incompressible(digits));
}

TEST(Compressibility, IsNotDoubtedOnTooLittleEvidence) {
    EXPECT_FALSE(looks_incompressible({}));
    EXPECT_FALSE(looks_incompressible(test::incompressible_bytes(100, 1)));
}

TEST(Compressibility, IsNotDoubtedWhereAQuarterOfTheDataIsText) {
    bytes data = test::incompressible_bytes(1 << 20, 1);
    const bytes text = test::compressible_bytes(data.size() / 4, 1);
    std::copy(text.begin(), text.end(), data.begin());

    EXPECT_FALSE(looks_incompressible(data));
}

}  // namespace
}  // namespace peerpress::accel::software
