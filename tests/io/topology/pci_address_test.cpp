#include "io/topology/pci_address.hpp"

#include <gtest/gtest.h>

namespace peerpress::io::topology {
namespace {

TEST(PciAddress, IsReadAsSysfsWritesIt) {
    const auto address = parse_pci_address("10000:e1:1f.7");

    ASSERT_TRUE(address);
    EXPECT_EQ(*address, (pci_address{0x10000, 0xe1, 0x1f, 7}));
    EXPECT_EQ(to_string(*address), "10000:e1:1f.7");
}

TEST(PciAddress, MayLackTheDomain) {
    const auto address = parse_pci_address("01:00.0");

    ASSERT_TRUE(address);
    EXPECT_EQ(to_string(*address), "0000:01:00.0");
}

TEST(PciAddress, IsRefusedWhereItIsNoAddress) {
    for (const char* text : {"", ".", ":.", "0000:01:00", "0000:01:20.0", "0000:01:00.8",
                             "0000:100:00.0", "pci0000:00", "0000:01:00.0x", " 0000:01:00.0",
                             "123456789:01:00.0", "-1:00.0", "01::0.0"})
        EXPECT_FALSE(parse_pci_address(text)) << text;
}

}  // namespace
}  // namespace peerpress::io::topology
