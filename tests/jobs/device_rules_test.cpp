#include "jobs/device_rules.hpp"

#include "support/loop_device.hpp"
#include "tests/support/fake_machines.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace peerpress::jobs {
namespace {

using testing::HasSubstr;

class DeviceUser : public testing::Test {
protected:
    DeviceUser() {
        test::build_epyc(machine);
        machine.add_partition(disk, "nvme0n1", "nvme0n1p1", 1);
        machine.write("sys/devices/" + disk + "/nvme0n1/nvme0n1p1/dev", "259:1\n");
        machine.write("proc/self/mountinfo", "");
        machine.write("proc/swaps", "Filename Type Size Used Priority\n");
    }
    std::string user() const { return device_user(machine.files(), test::fake_machine::number(0)); }

    const std::string disk = "pci0000:00/0000:00:01.0/0000:01:00.0/nvme/nvme0";
    test::fake_machine machine;
};

TEST_F(DeviceUser, IsNobodyOfAnIdleDisk) {
    EXPECT_EQ(user(), "");
}

TEST_F(DeviceUser, IsTheMountOfTheDiskOrOfItsPartition) {
    machine.write("proc/self/mountinfo", "30 1 259:1 / /mnt/a rw - ext4 /dev/nvme0n1p1 rw\n");
    EXPECT_EQ(user(), "nvme0n1p1 mounted at /mnt/a");

    machine.write("proc/self/mountinfo", "30 1 259:0 / /mnt/b rw - ext4 /dev/nvme0n1 rw\n");
    EXPECT_EQ(user(), "mounted at /mnt/b");
}

TEST_F(DeviceUser, IsAVolumeOrASwapArea) {
    machine.make("sys/devices/" + disk + "/nvme0n1/nvme0n1p1/holders/dm-0");
    EXPECT_EQ(user(), "nvme0n1p1 held by dm-0");

    machine.remove("sys/devices/" + disk + "/nvme0n1/nvme0n1p1/holders");
    machine.write("proc/swaps", "Filename Type\n/dev/nvme0n1 partition 1 0 -2\n");
    EXPECT_EQ(user(), "used as swap");
}

TEST_F(DeviceUser, IsToldApartFromOtherDisks) {
    machine.write("proc/self/mountinfo", "30 1 259:10 / /mnt/b rw - ext4 /dev/nvme1n1 rw\n");

    EXPECT_EQ(user(), "");
}

TEST_F(DeviceUser, SerialIsThatOfTheControllerAlsoForAPartition) {
    EXPECT_EQ(device_serial(machine.files(), test::fake_machine::number(0)), "SERIAL0");
    EXPECT_EQ(device_serial(machine.files(), test::fake_machine::number(1)), "SERIAL0");
    EXPECT_EQ(device_serial(machine.files(), test::fake_machine::number(99)), "");
}

TEST(DeviceRules, TakeNoDeviceWhereTheOperationHasNoUseForIt) {
    EXPECT_EQ(objection_to_device("/dev/x", {}, device_use::source, {}).reason,
              reason::source_not_regular);
}

TEST(DeviceRules, AskForForceBeforeATargetIsOverwritten) {
    const device_rules rules{.taken = true, .any = true};

    EXPECT_FALSE(objection_to_device("/dev/x", {}, device_use::source, rules));
    const problem refused = objection_to_device("/dev/x", {}, device_use::target, rules);
    EXPECT_EQ(refused.reason, reason::device_forbidden);
    EXPECT_THAT(refused.message, HasSubstr("--force-device"));
}

TEST(DeviceRules, SayWhyNoDeviceIsTakenAtAll) {
    const device_rules rules{.taken = true, .any = true, .refusal = "for root"};

    EXPECT_EQ(objection_to_device("/dev/x", {}, device_use::source, rules).message,
              "/dev/x: for root");
}

TEST(FindDevice, FindsBlockDevicesOnly) {
    EXPECT_FALSE(find_device("/dev/null"));
    EXPECT_FALSE(find_device("/"));
    EXPECT_FALSE(find_device("/nowhere"));
}

TEST(FindDevice, KnowsADevicesSize) {
    test::temp_dir dir(PEERPRESS_TEST_DIR);
    std::ofstream(dir / "image").close();
    std::filesystem::resize_file(dir / "image", 1 << 20);
    const test::loop_device device(dir / "image");
    if (!device.available()) GTEST_SKIP() << "takes root and loop devices";

    ASSERT_TRUE(find_device(device.path()));
    EXPECT_EQ(find_device(device.path())->size_bytes, 1u << 20);
}

}  // namespace
}  // namespace peerpress::jobs
