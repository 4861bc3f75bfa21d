#include "io/topology/draw.hpp"

#include "tests/support/fake_machines.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace peerpress::io::topology {
namespace {

using testing::EndsWith;
using testing::HasSubstr;

class Draw : public testing::Test {
protected:
    test::fake_machine machine;
};

TEST_F(Draw, TreeShowsBridgesAndDevices) {
    test::build_switch(machine, test::acs_redirecting);
    machine.remove("sys/bus/pci/devices/0000:03:00.0");

    EXPECT_EQ(
        draw_tree(machine.read()),
        "pci0000:00  root complex 8086:4660, Linux lets no peer traffic cross it\n"
        "`-- 0000:00:01.0  root port\n"
        "    `-- 0000:01:00.0  switch, upstream port\n"
        "        +-- 0000:02:01.0  switch, downstream port, ACS redirect\n"
        "        |   `-- 0000:04:00.0  nvme1  Test SSD  serial SERIAL1  nvme1n1 (2.00 TB)  NUMA 0\n"
        "        `-- 0000:02:02.0  switch, downstream port, ACS redirect\n"
        "            `-- 0000:05:00.0  nvme2  Test SSD  serial SERIAL2  nvme2n1 (2.00 TB)  "
        "p2pmem 64 MiB, 64 MiB free  NUMA 0\n");
}

TEST_F(Draw, PairsSayVerdictDistanceAndWay) {
    test::build_epyc(machine);

    EXPECT_EQ(draw_pairs(machine.read()),
              "through nvme2 (0000:03:00.0):\n"
              "  nvme0 (0000:01:00.0)      p2p      distance 4  through the root complex\n"
              "  nvme1 (0000:02:00.0)      p2p      distance 4  through the root complex\n"
              "  nvme2 (0000:03:00.0)      p2p      distance 0  the device itself\n");
}

TEST_F(Draw, PairsSayWhyNot) {
    test::build_unlisted_intel(machine);

    EXPECT_THAT(draw_pairs(machine.read()),
                HasSubstr("  nvme0 (0000:01:00.0)      host     distance 4  "
                          "Linux lets nothing cross this root complex\n"));
    EXPECT_THAT(
        draw_pairs(machine.read()),
        EndsWith(
            "way out where Linux lets nothing cross this root complex:\n"
            "  put the devices behind one PCIe switch, or use a machine with AMD Zen or a listed "
            "root complex\n"));
}

TEST_F(Draw, NothingOfAMachineWithoutNvme) {
    EXPECT_EQ(draw_tree(machine.read()), "");
    EXPECT_EQ(draw_pairs(machine.read()), "");
}

TEST_F(Draw, VerdictListsReasonsAndWaysOut) {
    test::build_epyc(machine);
    machine.write("sys/bus/pci/devices/0000:03:00.0/p2pmem/available", "0\n");
    const backing ssd = machine.behind(test::fake_machine::raw("/dev/nvme0n1", 0));

    const std::string text = draw_verdict(
        machine.read(), judge(machine.read(), ssd, *parse_pci_address("0000:03:00.0"), ssd, 4096));

    EXPECT_EQ(text,
              "host through nvme2 (0000:03:00.0)\n"
              "  nvme2 (0000:03:00.0) has 0 bytes of p2pmem left, and 4 KiB are needed\n"
              "    way out: end other users of it, take smaller or fewer buffers, or name another "
              "provider\n");
}

}  // namespace
}  // namespace peerpress::io::topology
