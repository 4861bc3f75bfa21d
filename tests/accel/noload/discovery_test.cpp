#include "accel/noload/discovery.hpp"

#include "accel/noload/wire.hpp"
#include "tests/support/fake_machine.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace peerpress::accel::noload {
namespace {

const std::string place = "pci0000:00/0000:00:01.0";

class Discovery : public testing::Test {
protected:
    Discovery() {
        machine.add_host_bridge("pci0000:00", 0x1022, 0x1480);
        machine.add_controller(place, "nvme2", "ACCEL1");
        machine.add_p2pmem(place, 256 << 20);
    }

    void add_core(int number, core_area area, const std::string& controller = "nvme2",
                  const std::string& at = place) {
        const std::string disk = controller + "n" + std::to_string(number);
        const std::string generic = "ng" + disk.substr(4);
        machine.add_disk(at + "/nvme/" + controller, disk, 10 + number);
        machine.make("sys/class/nvme-generic/" + generic);
        identified_namespace found{.namespace_id = static_cast<std::uint32_t>(number + 100),
                                   .inode = static_cast<std::uint64_t>(number + 1000)};
        encode(area, found.data);
        answers["/dev/" + generic] = found;
    }
    void limit(const std::string& disk, const std::string& what, const std::string& value) {
        machine.write("sys/devices/" + place + "/nvme/nvme2/" + disk + "/queue/" + what,
                      value + "\n");
    }
    static core_area compressing() {
        return {.name = "compress",
                .operations = can_compress | can_checksum,
                .span_bytes_max = 1 << 20};
    }
    static core_area decompressing() {
        return {.name = "decompress",
                .operations = can_decompress | can_checksum,
                .span_bytes_max = 1 << 20};
    }

    std::vector<found_device> find() {
        return find_devices(machine.files(), machine.read(), [this](const std::string& path) {
            asked.push_back(path);
            const auto found = answers.find(path);
            if (found == answers.end())
                return result<identified_namespace>(
                    make_error_code(boost::system::errc::permission_denied));
            return result<identified_namespace>(found->second);
        });
    }

    test::fake_machine machine;
    std::map<std::string, identified_namespace> answers;
    std::vector<std::string> asked;
};

TEST_F(Discovery, TellsADeviceWithItsCores) {
    add_core(1, compressing());
    add_core(2, compressing());
    add_core(3, decompressing());

    const auto found = find();

    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].identity.address, "0000:00:01.0");
    EXPECT_EQ(found[0].identity.serial, "ACCEL1");
    EXPECT_EQ(found[0].identity.label, "nvme2 (0000:00:01.0)");
    EXPECT_EQ(found[0].identity.span_bytes, 1u << 20);
    EXPECT_EQ(found[0].allocate_path, "/sys/bus/pci/devices/0000:00:01.0/p2pmem/allocate");
    ASSERT_EQ(found[0].cores.size(), 3u);
    EXPECT_EQ(found[0].cores[0].kind, core_kind::compress);
    EXPECT_EQ(found[0].cores[0].namespace_id, 101u);
    EXPECT_EQ(found[0].cores[0].path, "/dev/ng2n1");
    EXPECT_EQ(found[0].cores[2].kind, core_kind::decompress);
}

TEST_F(Discovery, AsksNoSsdWithoutMemoryForPeers) {
    machine.add_nvme("pci0000:00/0000:00:02.0", "nvme0", "SSD", 1);
    add_core(1, compressing());

    find();

    EXPECT_EQ(asked, std::vector<std::string>{"/dev/ng2n1"});
}

TEST_F(Discovery, LooksOnlyWhereThereMayBeSomething) {
    EXPECT_TRUE(may_have_devices(machine.files()));
    machine.remove("sys/devices/" + place + "/p2pmem");
    EXPECT_FALSE(may_have_devices(machine.files()));
}

TEST_F(Discovery, PassesOverNamespacesThatAreNoCores) {
    add_core(1, compressing());
    answers["/dev/ng2n1"].data = {};

    EXPECT_TRUE(find().empty());
}

TEST_F(Discovery, PassesOverCoresOfAnotherCommandSetOrThatAreNotReady) {
    core_area newer = compressing();
    newer.command_set = 2u << 16;
    core_area asleep = compressing();
    asleep.status = core_enabled;
    core_area other = compressing();
    other.formats = takes_raw_deflate;
    add_core(1, newer);
    add_core(2, asleep);
    add_core(3, other);

    EXPECT_TRUE(find().empty());
}

TEST_F(Discovery, PassesOverADeviceThatOnlyDecompresses) {
    add_core(1, decompressing());

    EXPECT_TRUE(find().empty());
}

TEST_F(Discovery, PassesOverWhatMayNotBeOpened) {
    add_core(1, compressing());
    answers.clear();

    EXPECT_TRUE(find().empty());
}

TEST_F(Discovery, TakesTheSmallestOfTheLimitsOnASpan) {
    add_core(1, compressing());
    limit("nvme2n1", "max_hw_sectors_kb", "8192");
    EXPECT_EQ(find()[0].identity.span_bytes, 1u << 20);

    limit("nvme2n1", "max_segments", "65");
    EXPECT_EQ(find()[0].identity.span_bytes, 65u * 4096);

    limit("nvme2n1", "max_hw_sectors_kb", "128");
    EXPECT_EQ(find()[0].identity.span_bytes, 128u << 10);

    core_area small = compressing();
    small.span_bytes_max = 64 << 10;
    add_core(2, small);
    EXPECT_EQ(find()[0].identity.span_bytes, 64u << 10);
}

}  // namespace
}  // namespace peerpress::accel::noload
