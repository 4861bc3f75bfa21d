// devices, topology and doctor as a user meets them: the program itself, on machines made of files.
#include "tests/client/command_fixture.hpp"
#include "tests/support/fake_machines.hpp"

#include <boost/json.hpp>
#include <gmock/gmock.h>

namespace peerpress::client {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class MachineCommand : public CommandFixture {
protected:
    test::process_result look(const std::string& command) {
        return peerpress({command, "--root", machine.root().string()});
    }

    test::fake_machine machine;
};

TEST_F(MachineCommand, DevicesIsATable) {
    test::build_epyc(machine);

    const auto run = look("devices");

    EXPECT_EQ(run.exit_code, 0) << run.err;
    EXPECT_EQ(
        run.out,
        "DEVICE  ADDRESS       SERIAL   MODEL     NUMA  DISKS            P2PMEM\n"
        "nvme0   0000:01:00.0  SERIAL0  Test SSD  0     nvme0n1 2.00 TB  -\n"
        "nvme1   0000:02:00.0  SERIAL1  Test SSD  0     nvme1n1 2.00 TB  -\n"
        "nvme2   0000:03:00.0  SERIAL2  Test SSD  0     nvme2n1 2.00 TB  64 MiB, 64 MiB free\n");
}

// An accelerator that is no NVMe controller offers memory as well.
TEST_F(MachineCommand, DevicesShowsProvidersOfOtherKinds) {
    machine.add_function("pci0000:00/0000:00:05.0", {.acs_control = {}}, "0x120000");
    machine.add_p2pmem("pci0000:00/0000:00:05.0", 128 << 20);

    EXPECT_THAT(look("devices").out, HasSubstr("0000:00:05.0"));
    EXPECT_THAT(look("devices").out, HasSubstr("128 MiB, 128 MiB free"));
}

TEST_F(MachineCommand, DevicesShowsDisksOverFabrics) {
    machine.write("sys/class/nvme/nvme1/transport", "tcp\n");
    machine.write("sys/class/nvme/nvme1/serial", "REMOTE\n");

    EXPECT_THAT(look("devices").out, HasSubstr("nvme1   tcp      REMOTE"));
}

TEST_F(MachineCommand, TopologyDrawsTheTreeAndThePairs) {
    test::build_switch(machine);

    const auto run = look("topology");

    EXPECT_EQ(run.exit_code, 0) << run.err;
    EXPECT_THAT(run.out, StartsWith("pci0000:00  root complex 8086:4660"));
    EXPECT_THAT(run.out,
                HasSubstr("nvme0 (0000:03:00.0)      p2p      distance 4  below one bridge"));
}

TEST_F(MachineCommand, TopologySaysWhyThereAreNoPairs) {
    test::build_epyc(machine);
    machine.remove("sys/devices/pci0000:00/0000:00:03.0/0000:03:00.0/p2pmem");

    EXPECT_THAT(look("topology").out, HasSubstr("no device offers p2pmem"));
}

TEST_F(MachineCommand, TopologyJudgesPathsOfThisMachine) {
    write_file(at("a"), "x");

    // Files of the test's own lie on no machine's SSD with certainty, but the verdict is told.
    const auto run = peerpress({"topology", "a", "not-yet"});
    EXPECT_EQ(run.exit_code, run.out.starts_with("p2p") ? 0 : 1);
    EXPECT_NE(run.out, "");
    EXPECT_EQ(run.err, "");

    const auto pseudo = peerpress({"topology", "/proc/self/status", "not-yet"});
    EXPECT_EQ(pseudo.exit_code, 1);
    EXPECT_THAT(pseudo.out, StartsWith("host"));
    EXPECT_THAT(pseudo.out, HasSubstr("way out: "));
}

TEST_F(MachineCommand, TopologyNamesAPathThatIsNotThere) {
    const auto source = peerpress({"topology", "missing", "b"});
    EXPECT_EQ(source.exit_code, 1);
    EXPECT_EQ(source.err, "peerpress topology: missing: No such file or directory\n");

    write_file(at("a"), "x");
    const auto target = peerpress({"topology", "a", "missing/b"});
    EXPECT_EQ(target.err, "peerpress topology: missing/b: No such file or directory\n");
}

TEST_F(MachineCommand, NothingToShowIsASentence) {
    for (const char* command : {"devices", "topology"}) {
        const auto run = look(command);

        EXPECT_EQ(run.exit_code, 0);
        EXPECT_EQ(run.out, "This machine has no NVMe devices and no p2pmem.\n");
    }
}

TEST_F(MachineCommand, DoctorEndsWellOnAPlainMachine) {
    machine.write("boot/config-7.3.4-amd64", "# CONFIG_PCI_P2PDMA is not set\n");

    const auto run = look("doctor");

    EXPECT_EQ(run.exit_code, 0) << run.out;
    EXPECT_THAT(run.out, HasSubstr("\nwarning  nvme           this machine has no NVMe devices\n"));
    EXPECT_THAT(run.out, HasSubstr("Compression in software works"));
    EXPECT_THAT(run.out, Not(HasSubstr("failed")));
    EXPECT_LE(lines(run.out), 24u);
}

TEST_F(MachineCommand, DoctorFailsWhereSomethingIsToBeMended) {
    test::build_unlisted_intel(machine);

    const auto run = look("doctor");

    EXPECT_EQ(run.exit_code, 1);
    EXPECT_THAT(run.out, HasSubstr("failed   routes         "));
    EXPECT_THAT(run.out, HasSubstr("mend: put the devices behind one PCIe switch"));
}

TEST_F(MachineCommand, NothingThatADeviceSaysReachesTheTerminalRaw) {
    machine.add_nvme("pci0000:00/0000:00:01.0", "nvme0", "A\x1b[2J", 0);

    for (const char* command : {"devices", "topology", "doctor"})
        EXPECT_THAT(look(command).out, Not(HasSubstr("\x1b"))) << command;
}

// Every reason that a verdict can give is explained to operators.
TEST(P2pDocument, ExplainsEachReason) {
    const std::string document = read_file(PEERPRESS_SOURCE_DIR "/docs/p2p.md");
    const int last = static_cast<int>(io::topology::obstacle::storage_unreadable);

    for (int i = 0; i <= last; ++i) {
        const auto what = static_cast<io::topology::obstacle>(i);
        EXPECT_THAT(document, HasSubstr("| `" + std::string(obstacle_name(what)) + "` |"));
    }
}

}  // namespace
}  // namespace peerpress::client
