#include "client/units.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace peerpress::client {
namespace {

constexpr std::uint64_t all = std::numeric_limits<std::uint64_t>::max();

TEST(ParseSize, TakesBinarySuffixes) {
    EXPECT_EQ(parse_size("0"), 0u);
    EXPECT_EQ(parse_size("65536"), 65536u);
    EXPECT_EQ(parse_size("12B"), 12u);
    EXPECT_EQ(parse_size("4k"), 4096u);
    EXPECT_EQ(parse_size("64K"), 65536u);
    EXPECT_EQ(parse_size("1M"), 1048576u);
    EXPECT_EQ(parse_size("1MiB"), 1048576u);
    EXPECT_EQ(parse_size("2GB"), std::uint64_t{2} << 30);
    EXPECT_EQ(parse_size("3T"), std::uint64_t{3} << 40);
}

TEST(ParseSize, RefusesWhatIsNoSizeOrDoesNotFit) {
    for (const char* text : {"", "K", "-1", "1.5M", "1 M", "1Mi", "1KK", "0x10", "16777216T",
                             "18446744073709551616"}) {
        EXPECT_EQ(parse_size(text), std::nullopt) << text;
    }
}

TEST(ParseRange, TakesOffsetAndLength) {
    const auto both = parse_range("1M:64K");
    const auto open = parse_range("100:");
    const auto front = parse_range(":7");

    ASSERT_TRUE(both && open && front);
    EXPECT_EQ(both->offset_bytes, 1048576u);
    EXPECT_EQ(both->length_bytes, 65536u);
    EXPECT_EQ(open->offset_bytes, 100u);
    EXPECT_EQ(open->length_bytes, all);
    EXPECT_EQ(front->offset_bytes, 0u);
    EXPECT_EQ(front->length_bytes, 7u);
}

TEST(ParseRange, RefusesWhatIsNoRange) {
    for (const char* text : {"", ":", "5", "a:b", "1:2:3", "-1:5", "1:-5"}) {
        EXPECT_FALSE(parse_range(text)) << text;
    }
}

TEST(BytesText, KeepsThreeDigitsInDecimalUnits) {
    EXPECT_EQ(bytes_text(0), "0 B");
    EXPECT_EQ(bytes_text(999), "999 B");
    EXPECT_EQ(bytes_text(1000), "1.00 kB");
    EXPECT_EQ(bytes_text(9999), "10.0 kB");
    EXPECT_EQ(bytes_text(99960), "100 kB");
    EXPECT_EQ(bytes_text(999499), "999 kB");
    EXPECT_EQ(bytes_text(999500), "1.00 MB");
    EXPECT_EQ(bytes_text(1500000000), "1.50 GB");
    EXPECT_EQ(bytes_text(all), "18.4 EB");
    EXPECT_EQ(rate_text(812.4e6), "812 MB/s");
}

TEST(RatioText, ComparesPlainWithCompressed) {
    EXPECT_EQ(ratio_text(342, 100), "3.42:1");
    EXPECT_EQ(ratio_text(100, 128), "0.78:1");
    EXPECT_EQ(ratio_text(0, 20), "-");
    EXPECT_EQ(ratio_text(20, 0), "-");
}

TEST(ClockText, RoundsUpAndShowsHoursWhenThereAreAny) {
    EXPECT_EQ(clock_text(0), "0:00");
    EXPECT_EQ(clock_text(0.2), "0:01");
    EXPECT_EQ(clock_text(67), "1:07");
    EXPECT_EQ(clock_text(3723), "1:02:03");
    EXPECT_EQ(elapsed_text(0.424), "0.42 s");
    EXPECT_EQ(elapsed_text(12.34), "12.3 s");
    EXPECT_EQ(elapsed_text(187), "3:07");
}

}  // namespace
}  // namespace peerpress::client
