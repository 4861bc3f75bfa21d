#include "io/topology/doctor.hpp"

#include "tests/support/fake_machines.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace peerpress::io::topology {
namespace {

using testing::HasSubstr;

class Doctor : public testing::Test {
protected:
    diagnosis run() { return examine(machine.files(), machine.read(), process); }

    check find(const std::string& name) {
        for (const check& each : run().checks)
            if (each.name == name) return each;
        ADD_FAILURE() << "no check named " << name;
        return {};
    }
    bool has(const std::string& name) {
        for (const check& each : run().checks)
            if (each.name == name) return true;
        return false;
    }

    test::fake_machine machine;
    process_facts process;
};

TEST_F(Doctor, FindsAPlainMachineHealthyForSoftware) {
    machine.write("boot/config-7.3.4-amd64", "# CONFIG_PCI_P2PDMA is not set\n");

    const diagnosis made = run();

    EXPECT_TRUE(made.healthy());
    EXPECT_TRUE(made.software_works);
    EXPECT_THAT(made.summary, HasSubstr("Compression in software works"));
    EXPECT_THAT(made.summary, HasSubstr("this machine has none"));
    EXPECT_EQ(find("nvme").status, health::warning);
    EXPECT_EQ(find("p2p-kernel").status, health::warning);
    for (const char* name : {"p2pmem", "permission", "routes", "iommu"}) EXPECT_FALSE(has(name));
}

TEST_F(Doctor, FindsAGoodMachineHealthy) {
    test::build_epyc(machine);

    const diagnosis made = run();

    EXPECT_TRUE(made.healthy());
    EXPECT_THAT(made.summary, HasSubstr("Peer to peer is possible"));
    for (const char* name :
         {"p2p-kernel", "nvme", "p2pmem", "permission", "routes", "acs", "iommu", "multipath"})
        EXPECT_EQ(find(name).status, health::ok) << name << ": " << find(name).detail;
}

TEST_F(Doctor, SaysThatTheKernelRefusesARing) {
    process.ring = make_error_code(boost::system::errc::operation_not_permitted);
    EXPECT_EQ(find("io-uring").status, health::failed);
    EXPECT_THAT(find("io-uring").fix, HasSubstr("seccomp"));
    EXPECT_FALSE(run().software_works);
    EXPECT_THAT(run().summary, HasSubstr("does not work"));

    machine.write("proc/sys/kernel/io_uring_disabled", "2\n");
    EXPECT_EQ(find("io-uring").fix, "sysctl kernel.io_uring_disabled=0");
    machine.write("proc/sys/kernel/io_uring_disabled", "1\n");
    EXPECT_THAT(find("io-uring").fix, HasSubstr("io_uring_group"));
}

TEST_F(Doctor, WarnsOfLockedMemoryWhereRingsCountAgainstIt) {
    process.locked_bytes_max = 64 << 10;
    EXPECT_EQ(find("locked-memory").status, health::ok);

    machine.write("proc/sys/kernel/osrelease", "5.10.0-28-amd64\n");
    EXPECT_EQ(find("locked-memory").status, health::warning);
}

TEST_F(Doctor, LooksForHugePages) {
    EXPECT_EQ(find("huge-pages").status, health::warning);
    machine.write("sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n");
    EXPECT_EQ(find("huge-pages").status, health::ok);
    machine.write("sys/kernel/mm/transparent_hugepage/enabled", "always madvise [never]\n");
    EXPECT_EQ(find("huge-pages").status, health::warning);
    machine.write("proc/meminfo", "HugePages_Total:      64\nHugePages_Free:       60\n");
    EXPECT_EQ(find("huge-pages").detail, "60 huge pages are free");
}

TEST_F(Doctor, FailsTheKernelOnlyWhereADeviceHasMemoryToOffer) {
    test::build_epyc(machine);
    machine.remove("sys/devices/pci0000:00/0000:00:03.0/0000:03:00.0/p2pmem");
    machine.write("boot/config-7.3.4-amd64", "# CONFIG_PCI_P2PDMA is not set\n");
    EXPECT_EQ(find("p2p-kernel").status, health::warning);
    EXPECT_EQ(find("p2pmem").status, health::warning);

    machine.write("sys/class/nvme/nvme2/cmbsz", std::to_string(64u << 12 | 2u << 8 | 0x18) + "\n");
    EXPECT_EQ(find("p2p-kernel").status, health::failed);
    EXPECT_THAT(find("p2p-kernel").fix, HasSubstr("CONFIG_PCI_P2PDMA=y"));
    EXPECT_THAT(find("p2pmem").detail, HasSubstr("nvme2 has a CMB of 64 MiB"));
}

TEST_F(Doctor, WarnsOfAMemoryBufferThatIsNotUsed) {
    test::build_epyc(machine);
    machine.write("sys/class/nvme/nvme0/cmbsz", std::to_string(1u << 12 | 2u << 8 | 0x18) + "\n");

    EXPECT_EQ(find("p2pmem").status, health::warning);
    EXPECT_THAT(find("p2pmem").detail,
                HasSubstr("nvme0 has a CMB of 1 MiB, which Linux passes over"));
}

TEST_F(Doctor, FindsNvmeDevicesWithoutTheKernelsDriver) {
    test::build_epyc(machine);
    const std::string driver = "sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0/driver";
    machine.link(driver, "../../../../bus/pci/drivers/vfio-pci");
    EXPECT_EQ(find("nvme").status, health::warning);
    EXPECT_THAT(find("nvme").detail, HasSubstr("vfio-pci"));

    machine.remove(driver);
    EXPECT_EQ(find("nvme").fix, "echo 0000:01:00.0 > /sys/bus/pci/drivers/nvme/bind");
    machine.remove("sys/bus/pci/drivers/nvme");
    EXPECT_EQ(find("nvme").fix, "modprobe nvme");
}

TEST_F(Doctor, WarnsOfATranslatingIommu) {
    test::build_epyc(machine);
    machine.link("sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0/iommu_group",
                 "../../../../kernel/iommu_groups/14");
    machine.write("sys/kernel/iommu_groups/14/type", "identity\n");
    EXPECT_EQ(find("iommu").status, health::ok);

    machine.write("sys/kernel/iommu_groups/14/type", "DMA-FQ\n");
    EXPECT_EQ(find("iommu").status, health::warning);
    EXPECT_THAT(find("iommu").fix, HasSubstr("iommu=pt"));
}

TEST_F(Doctor, FailsRoutesWhereNoneWorksButTheDevicesOwn) {
    test::build_unlisted_intel(machine);
    EXPECT_EQ(find("routes").status, health::failed);
    EXPECT_THAT(find("routes").detail,
                HasSubstr("of 2 pairs of p2pmem and a device 0 work, 2 do not"));
    EXPECT_THAT(run().summary, HasSubstr("not possible here, although there is memory for it"));
}

TEST_F(Doctor, NamesBridgesThatRedirect) {
    test::build_switch(machine, test::acs_redirecting);

    EXPECT_EQ(find("acs").status, health::warning);
    EXPECT_EQ(find("acs").fix,
              "boot with pci=disable_acs_redir=0000:02:00.0;0000:02:01.0;0000:02:02.0");
    EXPECT_EQ(find("routes").status, health::failed);
}

TEST_F(Doctor, LeavesTheRedirectionOfRootPortsAlone) {
    test::build_epyc(machine);
    machine.add_port("pci0000:00/0000:00:01.0", 4, test::acs_redirecting);

    EXPECT_EQ(find("acs").status, health::ok);
}

TEST_F(Doctor, SaysThatAcsIsUnreadable) {
    test::build_switch(machine);
    machine.hide_config("pci0000:00/0000:00:01.0/0000:01:00.0/0000:02:00.0");

    EXPECT_EQ(find("acs").fix, "run as root");
    EXPECT_EQ(find("routes").status, health::warning);
}

TEST_F(Doctor, FailsMultipathOnOlderKernels) {
    test::build_epyc(machine);
    machine.make("sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0/nvme/nvme0/nvme0c0n2");
    EXPECT_EQ(find("multipath").status, health::ok);

    machine.write("proc/sys/kernel/osrelease", "6.12.9-amd64\n");
    EXPECT_EQ(find("multipath").status, health::failed);
    EXPECT_EQ(find("multipath").fix, "boot with nvme_core.multipath=N");
}

// On the machine that the tests run on, whatever it is.
TEST(DoctorHere, SaysSomethingOfEveryCheck) {
    const host_files files;
    const diagnosis made = examine(files, read_machine(files), read_process());

    EXPECT_GE(made.checks.size(), 5u);
    for (const check& each : made.checks) {
        EXPECT_NE(each.detail, "") << each.name;
        EXPECT_TRUE(each.status != health::failed || each.fix != "") << each.name;
    }
}

}  // namespace
}  // namespace peerpress::io::topology
