// The machines that the tests of topology ask about. Everywhere nvme0 and nvme1 are SSDs with the
// disks 259:0 and 259:10, and nvme2 is a controller with 64 MiB of p2pmem and the disk 259:20.
#pragma once

#include "tests/support/fake_machine.hpp"

namespace peerpress::test {

// Three root ports of one root complex.
inline void build_three_ports(fake_machine& machine, std::uint16_t vendor,
                              std::uint16_t host_bridge) {
    machine.add_host_bridge("pci0000:00", vendor, host_bridge);
    for (int i = 0; i < 3; ++i) {
        const std::string digit = std::to_string(i + 1);
        const std::string port = "pci0000:00/0000:00:0" + digit + ".0";
        const std::string device = port + "/0000:0" + digit + ":00.0";
        machine.add_port(port, 4, acs_off, vendor, 0x1483);
        machine.add_nvme(device, "nvme" + std::to_string(i), "SERIAL" + std::to_string(i), 10 * i);
        if (i == 2) machine.add_p2pmem(device);
    }
}

inline void build_epyc(fake_machine& machine) {
    machine.use_processor("AuthenticAMD", 0x19);
    build_three_ports(machine, 0x1022, 0x1480);
}

// A desktop of Intel's: its root complex is not on the kernel's list.
inline void build_unlisted_intel(fake_machine& machine) {
    build_three_ports(machine, 0x8086, 0x4660);
}

// The same behind one switch: downstream ports 02:00.0 to 02:02.0 below the upstream port 01:00.0.
inline void build_switch(fake_machine& machine, std::uint16_t acs_control = acs_off) {
    machine.add_host_bridge("pci0000:00", 0x8086, 0x4660);
    const std::string root_port = "pci0000:00/0000:00:01.0";
    const std::string upstream = root_port + "/0000:01:00.0";
    machine.add_port(root_port, 4, acs_off, 0x8086, 0x4661);
    machine.add_port(upstream, 5, {}, 0x11f8, 0x4000);
    for (int i = 0; i < 3; ++i) {
        const std::string port = upstream + "/0000:02:0" + std::to_string(i) + ".0";
        const std::string device = port + "/0000:0" + std::to_string(3 + i) + ":00.0";
        machine.add_port(port, 6, acs_control, 0x11f8, 0x4000);
        machine.add_nvme(device, "nvme" + std::to_string(i), "SERIAL" + std::to_string(i), 10 * i);
        if (i == 2) machine.add_p2pmem(device);
    }
}

}  // namespace peerpress::test
