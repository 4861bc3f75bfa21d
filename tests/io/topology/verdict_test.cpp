#include "io/topology/verdict.hpp"

#include "tests/support/fake_machines.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

namespace peerpress::io::topology {
namespace {

using testing::HasSubstr;

pci_address at(const char* text) {
    return parse_pci_address(text).value();
}

class Verdict : public testing::Test {
protected:
    Verdict() {
        machine.add_mount(30, "/a", "ext4");
        machine.add_mount(31, "/b", "ext4");
    }

    // From a file on nvme0 to a file on nvme1.
    verdict judge_files(const char* provider, std::uint64_t needed_bytes = 1 << 20) {
        const backing source = machine.behind(test::fake_machine::file("/a/in", 0, 30));
        const backing target = machine.behind(test::fake_machine::file("/b/out", 10, 31));
        return judge(machine.read(), source, at(provider), target, needed_bytes);
    }

    void expect_host(const verdict& judged, obstacle why) {
        EXPECT_EQ(judged.path, data_path::host);
        ASSERT_NE(judged.reason(), nullptr);
        EXPECT_EQ(obstacle_name(judged.reason()->what), obstacle_name(why))
            << judged.reason()->sentence;
        EXPECT_NE(judged.reason()->way_out, "");
    }

    test::fake_machine machine;
};

TEST_F(Verdict, IsPeerToPeerOnEpyc) {
    test::build_epyc(machine);

    const verdict judged = judge_files("0000:03:00.0");

    EXPECT_EQ(judged.path, data_path::p2p);
    EXPECT_EQ(judged.distance, 8u);  // 4 to each SSD
    EXPECT_EQ(judged.reason(), nullptr);
    ASSERT_EQ(judged.legs.size(), 2u);
    EXPECT_EQ(judged.legs[0].route.routing, routing::through_root);
}

TEST_F(Verdict, IsPeerToPeerBehindASwitchOfAnyMachine) {
    test::build_switch(machine);

    const verdict judged = judge_files("0000:05:00.0");

    EXPECT_EQ(judged.path, data_path::p2p);
    EXPECT_EQ(judged.distance, 8u);
    EXPECT_EQ(judged.legs[0].route.routing, routing::direct);
}

TEST_F(Verdict, CountsOneSsdTwiceWhereItIsSourceAndTarget) {
    test::build_epyc(machine);
    const backing both = machine.behind(test::fake_machine::file("/a/in", 0, 30));

    const verdict judged = judge(machine.read(), both, at("0000:03:00.0"), both);

    EXPECT_EQ(judged.path, data_path::p2p);
    EXPECT_EQ(judged.distance, 8u);
    EXPECT_EQ(judged.legs.size(), 1u);
}

TEST_F(Verdict, IsHostOnAnUnlistedRootComplex) {
    test::build_unlisted_intel(machine);

    const verdict judged = judge_files("0000:03:00.0");

    expect_host(judged, obstacle::root_complex_not_listed);
    EXPECT_THAT(judged.reason()->sentence, HasSubstr("8086:4660"));
    EXPECT_THAT(judged.reason()->sentence, HasSubstr("its list as of 7.3"));
}

TEST_F(Verdict, NamesTheBridgesThatRedirect) {
    test::build_switch(machine, test::acs_redirecting);

    const verdict judged = judge_files("0000:05:00.0");

    expect_host(judged, obstacle::acs_redirect);
    EXPECT_THAT(judged.reason()->way_out,
                HasSubstr("pci=disable_acs_redir=0000:02:02.0;0000:02:00.0"));
}

TEST_F(Verdict, IsUnknownForAnOrdinaryUserWhereAcsDecides) {
    test::build_switch(machine);
    const auto seen_by_root = machine.read();
    for (const auto& device : seen_by_root.pci.devices())
        std::filesystem::resize_file(
            machine / ("sys/bus/pci/devices/" + to_string(device.address) + "/config"), 64);

    const verdict judged = judge_files("0000:05:00.0");

    EXPECT_EQ(judged.path, data_path::unknown);
    ASSERT_NE(judged.reason(), nullptr);
    EXPECT_EQ(judged.reason()->what, obstacle::acs_unreadable);
    EXPECT_EQ(judged.reason()->way_out, "run as root");
}

TEST_F(Verdict, IsHostWithoutTheKernelsOption) {
    test::build_epyc(machine);
    machine.remove("sys/devices/pci0000:00/0000:00:03.0/0000:03:00.0/p2pmem");
    machine.write("boot/config-7.3.4-amd64", "# CONFIG_PCI_P2PDMA is not set\n");

    expect_host(judge_files("0000:03:00.0"), obstacle::kernel_option_off);
}

TEST_F(Verdict, IsHostOnAKernelThatIsTooOld) {
    test::build_epyc(machine);
    machine.write("proc/sys/kernel/osrelease", "6.1.0-18-amd64\n");

    expect_host(judge_files("0000:03:00.0"), obstacle::kernel_too_old);
}

TEST_F(Verdict, IsHostWhereTheDeviceOffersNoMemory) {
    test::build_epyc(machine);

    expect_host(judge_files("0000:01:00.0"), obstacle::no_provider);
}

TEST_F(Verdict, SaysWhyAMemoryBufferIsNotUsed) {
    test::build_epyc(machine);
    // One unit of 1 MiB: smaller than what Linux takes.
    machine.write("sys/class/nvme/nvme0/cmbsz", std::to_string(1u << 12 | 2u << 8 | 0x18) + "\n");

    const verdict judged = judge_files("0000:01:00.0");

    expect_host(judged, obstacle::no_provider);
    EXPECT_THAT(judged.reason()->sentence, HasSubstr("multiples of 2 MiB"));
}

TEST_F(Verdict, IsHostWhereTheMemoryIsNotForPeers) {
    test::build_epyc(machine);
    machine.write("sys/bus/pci/devices/0000:03:00.0/p2pmem/published", "0\n");

    expect_host(judge_files("0000:03:00.0"), obstacle::provider_unpublished);
}

TEST_F(Verdict, IsHostWhereTheProviderIsExhausted) {
    test::build_epyc(machine);
    machine.write("sys/bus/pci/devices/0000:03:00.0/p2pmem/available", "1048576\n");

    EXPECT_EQ(judge_files("0000:03:00.0", 1 << 20).path, data_path::p2p);
    const verdict judged = judge_files("0000:03:00.0", 2 << 20);
    expect_host(judged, obstacle::provider_exhausted);
    EXPECT_THAT(judged.reason()->sentence, HasSubstr("1 MiB of p2pmem left, and 2 MiB are needed"));
}

TEST_F(Verdict, IsHostWhereTheFileSystemIsNotForDirectIo) {
    test::build_epyc(machine);
    machine.add_mount(32, "/c", "btrfs");
    const backing source = machine.behind(test::fake_machine::file("/c/in", 0, 32));
    const backing target = machine.behind(test::fake_machine::file("/b/out", 10, 31));

    expect_host(judge(machine.read(), source, at("0000:03:00.0"), target), obstacle::file_system);
    expect_host(judge(machine.read(), target, at("0000:03:00.0"), source), obstacle::file_system);
}

TEST_F(Verdict, NeverTrustsABackingThatNobodyLookedUp) {
    test::build_epyc(machine);
    const backing target = machine.behind(test::fake_machine::file("/b/out", 10, 31));

    EXPECT_EQ(judge(machine.read(), backing{}, at("0000:03:00.0"), target).path,
              data_path::unknown);
}

TEST_F(Verdict, TellsEveryObstacle) {
    test::build_unlisted_intel(machine);
    machine.write("sys/bus/pci/devices/0000:03:00.0/p2pmem/available", "0\n");

    // Two routes and the empty pool.
    EXPECT_EQ(judge_files("0000:03:00.0").findings.size(), 3u);
}

// A certain obstacle comes before one that may be there.
TEST_F(Verdict, GivesTheCertainReason) {
    test::build_switch(machine);
    machine.hide_config("pci0000:00/0000:00:01.0/0000:01:00.0/0000:02:00.0");
    machine.write("sys/bus/pci/devices/0000:05:00.0/p2pmem/available", "0\n");

    expect_host(judge_files("0000:05:00.0"), obstacle::provider_exhausted);
}

// As an ordinary user: tests may run as root, who may open everything.
class AsNobody {
public:
    AsNobody() : was_root_(::geteuid() == 0) {
        if (was_root_ && ::seteuid(65534) != 0) throw std::runtime_error("seteuid");
    }
    ~AsNobody() {
        if (was_root_ && ::seteuid(0) != 0) std::abort();
    }

private:
    bool was_root_;
};

TEST_F(Verdict, IsHostWhereThisUserMayNotMapTheMemory) {
    test::build_epyc(machine);
    ASSERT_EQ(::chmod(machine.root().c_str(), 0755), 0);
    const std::string allocate = machine / "sys/bus/pci/devices/0000:03:00.0/p2pmem/allocate";
    ASSERT_EQ(::chmod(allocate.c_str(), ::geteuid() == 0 ? 0600 : 0000), 0);

    verdict judged;
    {
        AsNobody nobody;
        judged = judge_files("0000:03:00.0");
    }

    ASSERT_NO_FATAL_FAILURE(expect_host(judged, obstacle::no_permission));
    EXPECT_THAT(judged.reason()->way_out, HasSubstr("run as root"));
}

TEST_F(Verdict, OfAPairLooksAtTheDevicesOnly) {
    test::build_epyc(machine);
    machine.write("sys/bus/pci/devices/0000:03:00.0/p2pmem/available", "0\n");

    const verdict judged = judge_pair(machine.read(), at("0000:03:00.0"), at("0000:01:00.0"));

    EXPECT_EQ(judged.path, data_path::p2p);
    EXPECT_EQ(judged.distance, 4u);
}

}  // namespace
}  // namespace peerpress::io::topology
