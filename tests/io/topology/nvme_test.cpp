#include "io/topology/nvme.hpp"

#include "tests/support/fake_machine.hpp"

#include <gtest/gtest.h>

namespace peerpress::io::topology {
namespace {

constexpr const char* place = "pci0000:00/0000:00:01.0/0000:01:00.0";

class Nvme : public testing::Test {
protected:
    std::vector<nvme_controller> read() { return read_nvme_controllers(machine.files()); }

    test::fake_machine machine;
};

TEST_F(Nvme, ControllersAreKnownBySerialAndAddress) {
    machine.add_nvme(place, "nvme3", "S64GNE0T", 0);

    const auto controllers = read();

    ASSERT_EQ(controllers.size(), 1u);
    EXPECT_EQ(controllers[0].name, "nvme3");
    EXPECT_EQ(controllers[0].serial, "S64GNE0T");
    EXPECT_EQ(controllers[0].model, "Test SSD");
    EXPECT_EQ(controllers[0].address, parse_pci_address("0000:01:00.0"));
    EXPECT_FALSE(controllers[0].memory);
}

TEST_F(Nvme, NamesFromADeviceAreHarmless) {
    machine.add_nvme(place, "nvme3", "A\x1b[2J\xff", 0);

    EXPECT_EQ(read().at(0).serial, "A?[2J?");
}

TEST_F(Nvme, DisksComeWithSizeAndPassthroughDevice) {
    machine.add_nvme(place, "nvme3", "S", 0);
    machine.add_partition(std::string(place) + "/nvme/nvme3", "nvme3n1", "nvme3n1p1", 1);

    const auto controllers = read();

    ASSERT_EQ(controllers.at(0).namespaces.size(), 1u);
    const nvme_namespace& disk = controllers[0].namespaces[0];
    EXPECT_EQ(disk.disk, "nvme3n1");
    EXPECT_EQ(disk.generic, "ng3n1");
    EXPECT_EQ(disk.size_bytes, std::uint64_t{3907029168} * 512);
    EXPECT_EQ(disk.block_bytes, 512u);
    EXPECT_FALSE(disk.through_head);
}

TEST_F(Nvme, PathsOfAMultipathHeadAreToldByTheHeadsName) {
    machine.add_controller(place, "nvme3", "S");
    machine.make(std::string("sys/devices/") + place + "/nvme/nvme3/nvme0c3n2");

    const auto controllers = read();

    ASSERT_EQ(controllers.at(0).namespaces.size(), 1u);
    EXPECT_EQ(controllers[0].namespaces[0].disk, "nvme0n2");
    EXPECT_TRUE(controllers[0].namespaces[0].through_head);
}

TEST_F(Nvme, OtherEntriesOfAControllerAreNoDisks) {
    machine.add_controller(place, "nvme3", "S");
    for (const char* entry :
         {"nvme3", "nvme3n", "nvme3n1p1", "nvmen1", "nvme3c1", "ng3n1", "hwmon1", "power"})
        machine.make(std::string("sys/devices/") + place + "/nvme/nvme3/" + entry);

    EXPECT_TRUE(read().at(0).namespaces.empty());
}

TEST_F(Nvme, FabricsControllersHaveNoPciAddress) {
    machine.write("sys/class/nvme/nvme1/transport", "tcp\n");
    machine.write("sys/class/nvme/nvme1/address", "traddr=10.0.0.1,trsvcid=4420\n");

    EXPECT_EQ(read().at(0).address, std::nullopt);
}

TEST_F(Nvme, MemoryBufferIsToldInBytes) {
    // 64 units of 1 MiB, read and write data support
    const controller_memory memory = parse_cmbsz(64u << 12 | 2u << 8 | 1u << 4 | 1u << 3);

    EXPECT_EQ(memory.size_bytes, 64u << 20);
    EXPECT_TRUE(memory.read_data);
    EXPECT_TRUE(memory.write_data);
    EXPECT_EQ(parse_cmbsz(0xfffff000u | 15u << 8).size_bytes, 0u);
}

}  // namespace
}  // namespace peerpress::io::topology
