#include "io/topology/choose.hpp"

#include "tests/support/fake_machines.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace peerpress::io::topology {
namespace {

using testing::HasSubstr;

pci_address at(const char* text) {
    return parse_pci_address(text).value();
}

class Choose : public testing::Test {
protected:
    choice choose_with(const wish& wanted = {}, std::uint64_t turn = 0) {
        const backing source = machine.behind(test::fake_machine::raw("/dev/nvme0n1", 0));
        const backing target = machine.behind(test::fake_machine::raw("/dev/nvme1n1", 10));
        return choose(machine.read(), source, target, wanted, turn);
    }

    // A switch with both SSDs and nvme2 behind it, and nvme3 with p2pmem at another root port.
    void build_near_and_far() {
        test::build_switch(machine);
        machine.use_processor("AuthenticAMD", 0x17);
        machine.add_port("pci0000:00/0000:00:02.0", 4);
        machine.add_nvme("pci0000:00/0000:00:02.0/0000:09:00.0", "nvme3", "FAR", 30);
        machine.add_p2pmem("pci0000:00/0000:00:02.0/0000:09:00.0");
    }

    test::fake_machine machine;
};

TEST_F(Choose, TakesTheNearestProvider) {
    build_near_and_far();

    const choice made = choose_with();

    EXPECT_EQ(made.best.path, data_path::p2p);
    EXPECT_EQ(made.best.provider, at("0000:05:00.0"));
    EXPECT_EQ(made.best.distance, 8u);
    ASSERT_EQ(made.considered.size(), 2u);
    EXPECT_EQ(made.considered[1].distance, 12u);  // 2 + 4 bridges to each SSD
}

TEST_F(Choose, PrefersAnSsdThatHasMemoryItself) {
    build_near_and_far();
    machine.add_p2pmem("pci0000:00/0000:00:01.0/0000:01:00.0/0000:02:00.0/0000:03:00.0");

    EXPECT_EQ(choose_with().best.provider, at("0000:03:00.0"));
    EXPECT_EQ(choose_with().best.distance, 4u);
}

TEST_F(Choose, PassesOverAProviderWithTooLittleMemory) {
    build_near_and_far();
    machine.write("sys/bus/pci/devices/0000:05:00.0/p2pmem/available", "4096\n");

    EXPECT_EQ(choose_with({.providers = {}, .needed_bytes = 1 << 20}).best.provider,
              at("0000:09:00.0"));
}

TEST_F(Choose, SpreadsOverEquallyNearProviders) {
    test::build_epyc(machine);
    machine.add_port("pci0000:00/0000:00:04.0", 4);
    machine.add_nvme("pci0000:00/0000:00:04.0/0000:04:00.0", "nvme3", "TWIN", 30);
    machine.add_p2pmem("pci0000:00/0000:00:04.0/0000:04:00.0");

    EXPECT_EQ(choose_with({}, 0).best.provider, at("0000:03:00.0"));
    EXPECT_EQ(choose_with({}, 1).best.provider, at("0000:04:00.0"));
    EXPECT_EQ(choose_with({}, 2).best.provider, at("0000:03:00.0"));
}

TEST_F(Choose, KeepsToTheProviderThatTheUserNamed) {
    build_near_and_far();

    EXPECT_EQ(choose_with({{"0000:09:00.0"}}).best.provider, at("0000:09:00.0"));
    EXPECT_EQ(choose_with({{"09:00.0"}}).best.provider, at("0000:09:00.0"));
    EXPECT_EQ(choose_with({{"FAR"}}).best.provider, at("0000:09:00.0"));
    EXPECT_EQ(choose_with({{"FAR", "SERIAL2"}}).best.provider, at("0000:05:00.0"));
}

TEST_F(Choose, SaysThatANamedProviderDoesNotExist) {
    build_near_and_far();

    const choice made = choose_with({{"S-TYPO"}});

    EXPECT_EQ(made.best.path, data_path::host);
    ASSERT_NE(made.best.reason(), nullptr);
    EXPECT_EQ(made.best.reason()->what, obstacle::no_such_provider);
    EXPECT_THAT(made.best.reason()->sentence, HasSubstr("S-TYPO"));
}

TEST_F(Choose, SaysThatANamedDeviceOffersNoMemory) {
    build_near_and_far();

    EXPECT_EQ(choose_with({{"SERIAL0"}}).best.reason()->what, obstacle::no_provider);
}

TEST_F(Choose, SaysThatThereIsNoProvider) {
    test::build_epyc(machine);
    machine.remove("sys/devices/pci0000:00/0000:00:03.0/0000:03:00.0/p2pmem");

    const choice made = choose_with();

    EXPECT_EQ(made.best.path, data_path::host);
    EXPECT_EQ(made.best.provider, std::nullopt);
    EXPECT_EQ(made.best.reason()->what, obstacle::no_provider);
    EXPECT_TRUE(made.considered.empty());
}

TEST_F(Choose, BlamesTheKernelWhereItIsWhyThereIsNoProvider) {
    test::build_epyc(machine);
    machine.remove("sys/devices/pci0000:00/0000:00:03.0/0000:03:00.0/p2pmem");
    machine.write("boot/config-7.3.4-amd64", "# CONFIG_PCI_P2PDMA is not set\n");

    const choice made = choose_with();

    ASSERT_EQ(made.best.findings.size(), 1u);
    EXPECT_EQ(made.best.reason()->what, obstacle::kernel_option_off);
}

TEST_F(Choose, PrefersWhatMayWorkToWhatDoesNot) {
    test::build_switch(machine);
    machine.hide_config("pci0000:00/0000:00:01.0/0000:01:00.0/0000:02:00.0");
    machine.add_port("pci0000:00/0000:00:02.0", 4);
    machine.add_nvme("pci0000:00/0000:00:02.0/0000:09:00.0", "nvme3", "FAR", 30);
    machine.add_p2pmem("pci0000:00/0000:00:02.0/0000:09:00.0");

    const choice made = choose_with();

    EXPECT_EQ(made.best.path, data_path::unknown);
    EXPECT_EQ(made.best.provider, at("0000:05:00.0"));
    EXPECT_EQ(made.considered[1].path, data_path::host);
}

}  // namespace
}  // namespace peerpress::io::topology
