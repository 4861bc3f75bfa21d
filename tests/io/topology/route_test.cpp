#include "io/topology/route.hpp"

#include "io/topology/host_bridges.hpp"
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

class Route : public testing::Test {
protected:
    route find(const char* provider, const char* client) {
        return find_route(machine.read(), at(provider), at(client));
    }

    test::fake_machine machine;
};

TEST_F(Route, FromADeviceToItselfIsNoDistance) {
    test::build_unlisted_intel(machine);

    const route way = find("0000:03:00.0", "0000:03:00.0");

    EXPECT_EQ(way.routing, routing::direct);
    EXPECT_EQ(way.distance, 0u);
}

TEST_F(Route, BelowOneSwitchIsDirectAtDistanceFour) {
    test::build_switch(machine);

    const route way = find("0000:05:00.0", "0000:03:00.0");

    EXPECT_EQ(way.routing, routing::direct);
    EXPECT_EQ(way.distance, 4u);
}

TEST_F(Route, BetweenFunctionsOfOneDeviceIsDirectAtDistanceTwo) {
    test::build_switch(machine);
    machine.add_nvme("pci0000:00/0000:00:01.0/0000:01:00.0/0000:02:02.0/0000:05:00.1", "nvme9", "S",
                     90);

    const route way = find("0000:05:00.0", "0000:05:00.1");

    EXPECT_EQ(way.routing, routing::direct);
    EXPECT_EQ(way.distance, 2u);
}

TEST_F(Route, BetweenPortsOfZenGoesThroughTheRootComplex) {
    test::build_epyc(machine);

    const route way = find("0000:03:00.0", "0000:01:00.0");

    EXPECT_EQ(way.routing, routing::through_root);
    EXPECT_EQ(way.distance, 4u);
    EXPECT_TRUE(way.works());
}

TEST_F(Route, BetweenDevicesOnTheRootBusIsDistanceTwo) {
    machine.use_processor("AuthenticAMD", 0x17);
    machine.add_nvme("pci0000:00/0000:00:03.0", "nvme0", "A", 0);
    machine.add_nvme("pci0000:00/0000:00:04.0", "nvme1", "B", 10);

    EXPECT_EQ(find("0000:00:03.0", "0000:00:04.0").distance, 2u);
}

TEST_F(Route, ThroughAnUnlistedRootComplexIsNone) {
    test::build_unlisted_intel(machine);

    const route way = find("0000:03:00.0", "0000:01:00.0");

    EXPECT_EQ(way.routing, routing::none);
    EXPECT_FALSE(way.works());
}

TEST_F(Route, ThroughAListedHostBridgeWorks) {
    test::build_three_ports(machine, 0x8086, 0x09a2);

    EXPECT_EQ(find("0000:03:00.0", "0000:01:00.0").routing, routing::through_root);
}

// Skylake-E has no device 00.0 on such buses: the first root port is on the list instead.
TEST_F(Route, ThroughAListedRootPortWorks) {
    for (const int port : {0, 1}) {
        const std::string place = "pci0000:3a/0000:3a:0" + std::to_string(port + 2) + ".0";
        machine.add_port(place, 4, test::acs_off, 0x8086, port == 0 ? 0x2030 : 0x1234);
        machine.add_nvme(place + "/0000:3" + std::to_string(port + 11) + ":00.0",
                         "nvme" + std::to_string(port), "S", 10 * port);
    }

    EXPECT_EQ(crossing(machine.read(), "pci0000:3a", "pci0000:3a"), trust::yes);
}

TEST_F(Route, ThroughAListedDeviceThatIsNoRootPortIsNone) {
    machine.add_function("pci0000:3a/0000:3a:05.0",
                         {.vendor = 0x8086, .device = 0x2030, .acs_control = {}}, "0x088000");

    EXPECT_EQ(crossing(machine.read(), "pci0000:3a", "pci0000:3a"), trust::no);
}

TEST_F(Route, BetweenSomeListedHostBridgesStaysWithinOne) {
    machine.add_host_bridge("pci0000:00", 0x8086, 0x2f00);
    machine.add_host_bridge("pci0000:80", 0x8086, 0x2f00);
    const auto in = machine.read();

    EXPECT_EQ(crossing(in, "pci0000:00", "pci0000:00"), trust::yes);
    EXPECT_EQ(crossing(in, "pci0000:00", "pci0000:80"), trust::no);
}

TEST_F(Route, BetweenTwoHostBridgesNeedsBothListed) {
    machine.add_host_bridge("pci0000:00", 0x8086, 0x09a2);
    machine.add_host_bridge("pci0000:40", 0x8086, 0x09a2);
    machine.add_host_bridge("pci0000:80", 0x8086, 0x4660);
    const auto in = machine.read();

    EXPECT_EQ(crossing(in, "pci0000:00", "pci0000:40"), trust::yes);
    EXPECT_EQ(crossing(in, "pci0000:00", "pci0000:80"), trust::no);
    EXPECT_EQ(crossing(in, "pci0000:80", "pci0000:00"), trust::no);
}

TEST_F(Route, UsesTheListOfTheRunningKernel) {
    machine.add_host_bridge("pci0000:00", 0x10de, 0x2f95);  // on the list from 7.3 on
    EXPECT_EQ(crossing(machine.read(), "pci0000:00", "pci0000:00"), trust::yes);

    machine.write("proc/sys/kernel/osrelease", "7.2.1\n");
    EXPECT_EQ(crossing(machine.read(), "pci0000:00", "pci0000:00"), trust::no);

    machine.remove("proc/sys/kernel/osrelease");
    EXPECT_EQ(crossing(machine.read(), "pci0000:00", "pci0000:00"), trust::unknown);
}

TEST_F(Route, WithAcsRedirectionNeedsTheRootComplex) {
    test::build_switch(machine, test::acs_redirecting);

    const route way = find("0000:05:00.0", "0000:03:00.0");

    EXPECT_EQ(way.routing, routing::none);
    EXPECT_EQ(way.distance, 4u);
    EXPECT_THAT(way.acs_redirects, ElementsAre(at("0000:02:02.0"), at("0000:02:00.0")));

    machine.use_processor("AuthenticAMD", 0x17);
    EXPECT_EQ(find("0000:05:00.0", "0000:03:00.0").routing, routing::through_root);
}

TEST_F(Route, IgnoresAcsOutsideTheWay) {
    test::build_switch(machine);
    machine.add_port("pci0000:00/0000:00:01.0", 4, test::acs_redirecting);
    machine.add_port("pci0000:00/0000:00:01.0/0000:01:00.0/0000:02:01.0", 6, test::acs_redirecting);

    const route way = find("0000:05:00.0", "0000:03:00.0");

    EXPECT_EQ(way.routing, routing::direct);
    EXPECT_THAT(way.acs_redirects, IsEmpty());
}

TEST_F(Route, CountsAcsOfTheBridgeWhereTheWaysMeet) {
    test::build_switch(machine);
    machine.add_port("pci0000:00/0000:00:01.0/0000:01:00.0", 5, test::acs_redirecting);

    EXPECT_THAT(find("0000:05:00.0", "0000:03:00.0").acs_redirects,
                ElementsAre(at("0000:01:00.0")));
}

TEST_F(Route, IsUnknownWhereAcsIsUnreadableAndDecides) {
    test::build_switch(machine);
    machine.hide_config("pci0000:00/0000:00:01.0/0000:01:00.0/0000:02:00.0");

    const route way = find("0000:05:00.0", "0000:03:00.0");

    EXPECT_EQ(way.routing, routing::unknown);
    EXPECT_THAT(way.acs_unreadable, ElementsAre(at("0000:02:00.0")));
}

TEST_F(Route, WorksWithUnreadableAcsWhereTheRootComplexIsTrusted) {
    test::build_switch(machine);
    machine.use_processor("AuthenticAMD", 0x17);
    machine.hide_config("pci0000:00/0000:00:01.0/0000:01:00.0/0000:02:00.0");

    const route way = find("0000:05:00.0", "0000:03:00.0");

    EXPECT_EQ(way.routing, routing::either);
    EXPECT_TRUE(way.works());
}

TEST_F(Route, IsUnknownWithoutTheProcessorsName) {
    test::build_unlisted_intel(machine);
    machine.remove("proc/cpuinfo");

    EXPECT_EQ(find("0000:03:00.0", "0000:01:00.0").routing, routing::unknown);
}

TEST_F(Route, IsUnknownForDevicesWithoutAPlace) {
    test::build_epyc(machine);
    machine.remove("sys/bus/pci/devices/0000:01:00.0");

    EXPECT_EQ(find("0000:03:00.0", "0000:01:00.0").routing, routing::unknown);
}

}  // namespace
}  // namespace peerpress::io::topology
