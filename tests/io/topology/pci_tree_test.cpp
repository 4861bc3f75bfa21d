#include "io/topology/pci_tree.hpp"

#include "tests/support/fake_machines.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace peerpress::io::topology {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

pci_address at(const char* text) {
    return parse_pci_address(text).value();
}

class PciTree : public testing::Test {
protected:
    pci_tree read() { return read_pci_tree(machine.files()); }

    test::fake_machine machine;
};

TEST_F(PciTree, KnowsTheBridgesAboveADevice) {
    test::build_switch(machine);

    const pci_tree tree = read();
    const pci_device* device = tree.find(at("0000:04:00.0"));

    ASSERT_NE(device, nullptr);
    EXPECT_THAT(device->bridges,
                ElementsAre(at("0000:02:01.0"), at("0000:01:00.0"), at("0000:00:01.0")));
    EXPECT_EQ(device->host_bridge, "pci0000:00");
    EXPECT_EQ(device->class_code, 0x010802u);
    EXPECT_EQ(device->driver, "nvme");
    EXPECT_EQ(device->numa_node, 0);
    EXPECT_EQ(tree.find(at("0000:01:00.0"))->capabilities.port, port_kind::upstream_port);
    EXPECT_EQ(tree.find(at("0000:ff:00.0")), nullptr);
}

// Intel VMD makes a host bridge of its own below one PCI function; the way up ends there.
TEST_F(PciTree, EndsAtTheNearestHostBridge) {
    machine.add_nvme("pci0000:00/0000:00:0e.0/pci10000:e0/10000:e0:06.0/10000:e1:00.0", "nvme0",
                     "S", 0);

    const pci_tree tree = read();
    const pci_device* device = tree.find(at("10000:e1:00.0"));

    ASSERT_NE(device, nullptr);
    EXPECT_EQ(device->host_bridge, "pci10000:e0");
    EXPECT_THAT(device->bridges, ElementsAre(at("10000:e0:06.0")));
}

TEST_F(PciTree, FindsTheHostBridgeBelowAPlatformDevice) {
    machine.add_port("platform/40000000.pcie/pci0001:00/0001:00:00.0", 4);

    const pci_tree tree = read();

    EXPECT_EQ(tree.find(at("0001:00:00.0"))->host_bridge, "pci0001:00");
    EXPECT_EQ(tree.first_on_root_bus("pci0001:00"), tree.find(at("0001:00:00.0")));
}

TEST_F(PciTree, InfersRootPortsForAnOrdinaryUser) {
    machine.add_port("pci0000:00/0000:00:01.0", 4);
    machine.hide_config("pci0000:00/0000:00:01.0");

    const pci_capabilities found = read().find(at("0000:00:01.0"))->capabilities;

    EXPECT_EQ(found.port, port_kind::root_port);
    EXPECT_EQ(found.redirect, acs_redirect::unreadable);
}

TEST_F(PciTree, LeavesOutWhatSysfsDoesNotTell) {
    machine.make("sys/bus/pci/devices/0000:00:05.0");
    machine.make("sys/bus/pci/devices/nonsense");

    const pci_tree tree = read();

    ASSERT_EQ(tree.devices().size(), 1u);
    const pci_device& bare = tree.devices().front();
    EXPECT_EQ(bare.vendor, std::nullopt);
    EXPECT_EQ(bare.class_code, std::nullopt);
    EXPECT_EQ(bare.host_bridge, "");
    EXPECT_THAT(bare.bridges, IsEmpty());
    EXPECT_FALSE(bare.on_root_bus());
}

}  // namespace
}  // namespace peerpress::io::topology
