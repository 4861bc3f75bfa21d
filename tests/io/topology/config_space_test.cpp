#include "io/topology/config_space.hpp"

#include "tests/support/fake_machine.hpp"

#include <gtest/gtest.h>

#include <random>

namespace peerpress::io::topology {
namespace {

std::string port_with(unsigned port_type, std::optional<std::uint16_t> acs) {
    return test::config_space{.port_type = port_type, .acs_control = acs}.bytes();
}

TEST(ConfigSpace, TellsTheKindOfPort) {
    EXPECT_EQ(parse_config_space(port_with(0, {})).port, port_kind::endpoint);
    EXPECT_EQ(parse_config_space(port_with(4, {})).port, port_kind::root_port);
    EXPECT_EQ(parse_config_space(port_with(5, {})).port, port_kind::upstream_port);
    EXPECT_EQ(parse_config_space(port_with(6, {})).port, port_kind::downstream_port);
    EXPECT_EQ(parse_config_space(port_with(7, {})).port, port_kind::other);
}

TEST(ConfigSpace, TakesRequestCompletionAndEgressControlForARedirection) {
    for (const std::uint16_t bit : {0x04, 0x08, 0x20})
        EXPECT_EQ(parse_config_space(port_with(6, bit)).redirect, acs_redirect::on) << bit;
    // Source validation, translation blocking, upstream forwarding, direct translated
    for (const std::uint16_t bit : {0x01, 0x02, 0x10, 0x40})
        EXPECT_EQ(parse_config_space(port_with(6, bit)).redirect, acs_redirect::off) << bit;
}

TEST(ConfigSpace, RedirectsNothingWithoutAcs) {
    EXPECT_EQ(parse_config_space(port_with(5, {})).redirect, acs_redirect::off);
}

TEST(ConfigSpace, SaysUnreadableOfWhatAnOrdinaryUserGets) {
    const auto found = parse_config_space(port_with(4, test::acs_redirecting).substr(0, 64));

    EXPECT_EQ(found.port, port_kind::unreadable);
    EXPECT_EQ(found.redirect, acs_redirect::unreadable);
}

TEST(ConfigSpace, HasNoAcsWhereTheKernelSees256Bytes) {
    EXPECT_EQ(parse_config_space(port_with(4, test::acs_redirecting).substr(0, 256)).redirect,
              acs_redirect::off);
}

TEST(ConfigSpace, SaysUnreadableOfADeviceThatIsGone) {
    const auto found = parse_config_space(std::string(4096, '\xff'));

    EXPECT_EQ(found.port, port_kind::unreadable);
    EXPECT_EQ(found.redirect, acs_redirect::unreadable);
}

TEST(ConfigSpace, EndsOnListsThatLoop) {
    std::string config = port_with(4, {});
    config[0x51] = 0x40;   // back to the first capability
    config[0x50] = 0x01;   // and PCI Express is not in the list
    config[0x102] = 0x01;  // the extended list: 0x100 again
    config[0x103] = 0x10;

    const auto found = parse_config_space(config);

    EXPECT_EQ(found.port, port_kind::conventional);
    EXPECT_EQ(found.redirect, acs_redirect::off);
}

TEST(ConfigSpace, SurvivesAnyBytes) {
    std::mt19937 random(7);
    for (int i = 0; i < 2000; ++i) {
        std::string config(std::array{0, 1, 63, 64, 255, 256, 257, 4095, 4096, 5000}[i % 10], '\0');
        for (char& byte : config) byte = static_cast<char>(random());
        const auto found = parse_config_space(config);
        if (config.size() < 256) {
            EXPECT_EQ(found.redirect, acs_redirect::unreadable);
        }
    }
}

}  // namespace
}  // namespace peerpress::io::topology
