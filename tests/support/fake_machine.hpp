// A machine made of files: what /sys, /proc and /boot would say of it, in a directory of the test's
// own.
//
// Places are written as in /sys/devices: "pci0000:00/0000:00:01.1/0000:01:00.0" is a device below a
// root port.
#pragma once

#include "io/topology/backing.hpp"
#include "tests/support/temp_dir.hpp"

#include <sys/sysmacros.h>

#include <fstream>
#include <optional>
#include <string>
#include <vector>

namespace peerpress::test {

// The bytes of a PCI Express function's configuration space: 4096 as root sees them.
struct config_space {
    std::uint16_t vendor = 0x144d;
    std::uint16_t device = 0xa80a;
    unsigned port_type = 0;                    // 0 endpoint, 4 root port, 5 upstream, 6 downstream
    std::optional<std::uint16_t> acs_control;  // none: no ACS capability

    std::string bytes() const {
        std::string config(4096, '\0');
        const auto put = [&](std::size_t at, unsigned word) {
            config[at] = static_cast<char>(word);
            config[at + 1] = static_cast<char>(word >> 8);
        };
        put(0x00, vendor);
        put(0x02, device);
        put(0x06, 0x0010);  // there is a list of capabilities
        config[0x34] = 0x40;
        put(0x40, 0x5001);  // power management, then on to 0x50
        put(0x50, 0x0010);  // PCI Express, the last
        put(0x52, 2 | port_type << 4);
        put(0x100, 0x0001);  // advanced error reporting, then on to 0x140
        put(0x102, 0x1401);
        if (acs_control) {
            put(0x140, 0x000d);
            put(0x142, 0x0001);
            put(0x146, *acs_control);
        }
        return config;
    }
};

inline constexpr std::uint16_t acs_off = 0x0000;
inline constexpr std::uint16_t acs_redirecting = 0x001d;  // as Linux sets it where an IOMMU is on

class fake_machine {
public:
    fake_machine() {
        write("proc/sys/kernel/osrelease", "7.3.4-amd64\n");
        use_processor("GenuineIntel", 6);
        make("sys/bus/pci/drivers/nvme");
    }

    io::topology::host_files files() const { return io::topology::host_files(root_.path()); }
    io::topology::machine read() const { return io::topology::read_machine(files()); }
    std::filesystem::path root() const { return root_.path(); }
    std::filesystem::path operator/(std::string_view path) const { return root_ / path; }

    void use_processor(const std::string& vendor, int family) {
        write("proc/cpuinfo", "processor\t: 0\nvendor_id\t: " + vendor + "\ncpu family\t: " +
                                  std::to_string(family) + "\nmodel name\t: Test CPU\n");
    }

    void write(const std::string& path, const std::string& content) {
        const auto at = root_ / path;
        std::filesystem::create_directories(at.parent_path());
        std::ofstream(at, std::ios::binary) << content;
    }
    void make(const std::string& path) { std::filesystem::create_directories(root_ / path); }
    void link(const std::string& path, const std::string& target) {
        const auto at = root_ / path;
        std::filesystem::create_directories(at.parent_path());
        std::filesystem::remove(at);
        std::filesystem::create_symlink(target, at);
    }
    void remove(const std::string& path) { std::filesystem::remove_all(root_ / path); }

    void add_function(const std::string& place, const config_space& config,
                      const std::string& class_code) {
        const std::string at = "sys/devices/" + place;
        write(at + "/vendor", hexadecimal(config.vendor));
        write(at + "/device", hexadecimal(config.device));
        write(at + "/class", class_code + "\n");
        write(at + "/numa_node", "0\n");
        write(at + "/max_link_speed", "16.0 GT/s PCIe\n");
        write(at + "/config", config.bytes());
        link("sys/bus/pci/devices/" + last(place), "../../../devices/" + place);
    }

    // What an ordinary user gets of the configuration space.
    void hide_config(const std::string& place) {
        std::filesystem::resize_file(root_ / ("sys/devices/" + place + "/config"), 64);
    }

    void add_host_bridge(const std::string& host_bridge, std::uint16_t vendor,
                         std::uint16_t device) {
        const std::string bus = host_bridge.substr(3);
        config_space config{.vendor = vendor, .device = device, .acs_control = {}};
        add_function(host_bridge + "/" + bus + ":00.0", config, "0x060000");
    }
    void add_port(const std::string& place, unsigned port_type,
                  std::optional<std::uint16_t> acs = acs_off, std::uint16_t vendor = 0x1022,
                  std::uint16_t device = 0x1483) {
        add_function(
            place, {.vendor = vendor, .device = device, .port_type = port_type, .acs_control = acs},
            "0x060400");
    }

    // An SSD with one disk. `number` is its block device's minor number; partitions count on from
    // it.
    void add_nvme(const std::string& place, const std::string& name, const std::string& serial,
                  int number) {
        add_controller(place, name, serial);
        add_disk(place + "/nvme/" + name, name + "n1", number);
        make("sys/class/nvme-generic/ng" + name.substr(4) + "n1");
    }

    void add_controller(const std::string& place, const std::string& name,
                        const std::string& serial) {
        add_function(place, {.acs_control = {}}, "0x010802");
        link("sys/devices/" + place + "/driver", "../../../../bus/pci/drivers/nvme");
        const std::string at = "sys/devices/" + place + "/nvme/" + name;
        write(at + "/serial", serial + "              \n");
        write(at + "/model", "Test SSD                \n");
        write(at + "/firmware_rev", "1.0\n");
        write(at + "/transport", "pcie\n");
        write(at + "/address", last(place) + "\n");
        write(at + "/state", "live\n");
        link("sys/class/nvme/" + name, "../../devices/" + place + "/nvme/" + name);
    }

    void add_disk(const std::string& below, const std::string& disk, int number) {
        const std::string at = below + "/" + disk;
        write("sys/devices/" + at + "/size", "3907029168\n");
        write("sys/devices/" + at + "/queue/logical_block_size", "512\n");
        link("sys/class/block/" + disk, "../../devices/" + at);
        link(number_link(number), "../../devices/" + at);
    }

    void add_partition(const std::string& below, const std::string& disk,
                       const std::string& partition, int number) {
        const std::string at = below + "/" + disk + "/" + partition;
        write("sys/devices/" + at + "/partition", "1\n");
        link("sys/class/block/" + partition, "../../devices/" + at);
        link(number_link(number), "../../devices/" + at);
    }

    void add_p2pmem(const std::string& place, std::uint64_t size = 64 << 20,
                    std::optional<std::uint64_t> available = {}, bool published = true) {
        const std::string at = "sys/devices/" + place + "/p2pmem";
        write(at + "/size", std::to_string(size) + "\n");
        write(at + "/available", std::to_string(available.value_or(size)) + "\n");
        write(at + "/published", published ? "1\n" : "0\n");
        write(at + "/allocate", "");
    }

    void add_mount(int id, const std::string& point, const std::string& type,
                   const std::string& options = "rw") {
        mounts_ += std::to_string(id) + " 1 259:0 / " + point + " rw,relatime shared:1 - " + type +
                   " /dev/x " + options + "\n";
        write("proc/self/mountinfo", mounts_);
    }

    static dev_t number(int minor) { return makedev(259, static_cast<unsigned>(minor)); }
    static io::topology::path_identity raw(const std::string& path, int minor) {
        return {path, io::topology::path_kind::block_device, number(minor), {}};
    }
    static io::topology::path_identity file(const std::string& path, int minor, int mount_id) {
        return {path, io::topology::path_kind::in_file_system, number(minor),
                static_cast<std::uint64_t>(mount_id)};
    }
    io::topology::backing behind(const io::topology::path_identity& identity) const {
        return io::topology::find_backing(files(), read(), identity);
    }

private:
    static std::string hexadecimal(unsigned value) {
        char text[16];
        std::snprintf(text, sizeof text, "0x%04x\n", value);
        return text;
    }
    static std::string last(const std::string& place) { return place.substr(place.rfind('/') + 1); }
    static std::string number_link(int number) {
        return "sys/dev/block/259:" + std::to_string(number);
    }

    // Hundreds of small files, written and read again and again: in memory where there is such a
    // place.
    static std::filesystem::path fast_place() {
        return std::filesystem::exists("/dev/shm") ? "/dev/shm" : PEERPRESS_TEST_DIR;
    }

    temp_dir root_{fast_place()};
    std::string mounts_;
};

}  // namespace peerpress::test
