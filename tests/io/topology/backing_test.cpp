#include "io/topology/backing.hpp"

#include "tests/support/fake_machines.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

namespace peerpress::io::topology {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

pci_address at(const char* text) {
    return parse_pci_address(text).value();
}

constexpr const char* first_ssd = "pci0000:00/0000:00:01.0/0000:01:00.0/nvme/nvme0";

class Backing : public testing::Test {
protected:
    Backing() {
        test::build_epyc(machine);
        machine.add_mount(30, "/data", "ext4");
    }

    // What a device other than NVMe is refused for.
    obstacle refusal(const backing& found) {
        EXPECT_TRUE(found.obstacle) << found.disk;
        EXPECT_THAT(found.controllers, IsEmpty());
        if (!found.obstacle) return {};
        EXPECT_NE(found.obstacle->sentence, "");
        EXPECT_NE(found.obstacle->way_out, "");
        return found.obstacle->what;
    }

    test::fake_machine machine;
};

TEST_F(Backing, OfAFileOnAPartitionIsTheWholeDisk) {
    machine.add_partition(first_ssd, "nvme0n1", "nvme0n1p2", 2);

    const backing found = machine.behind(test::fake_machine::file("/data/a", 2, 30));

    EXPECT_FALSE(found.obstacle) << found.obstacle->sentence;
    EXPECT_FALSE(found.raw_device);
    EXPECT_EQ(found.file_system, "ext4");
    EXPECT_EQ(found.mount_point, "/data");
    EXPECT_EQ(found.block_device, "nvme0n1p2");
    EXPECT_EQ(found.disk, "nvme0n1");
    EXPECT_THAT(found.controllers, ElementsAre(at("0000:01:00.0")));
}

TEST_F(Backing, OfAFileThatAnotherProcessOpenedIsFoundByItsDevice) {
    machine.add_partition(first_ssd, "nvme0n1", "nvme0n1p2", 2);
    machine.write("proc/self/mountinfo",
                  "30 1 259:1 / /other rw - xfs /dev/nvme0n1p1 rw\n"
                  "31 1 259:2 / /data rw - ext4 /dev/nvme0n1p2 rw\n");

    const backing found = machine.behind(test::fake_machine::file("/data/a", 2, 999));

    EXPECT_FALSE(found.obstacle) << found.obstacle->sentence;
    EXPECT_EQ(found.mount_point, "/data");
    EXPECT_TRUE(machine.behind(test::fake_machine::file("/data/a", 3, 999)).obstacle);
}

TEST_F(Backing, OfARawDeviceAsksForNoFileSystem) {
    const backing found = machine.behind(test::fake_machine::raw("/dev/nvme1n1", 10));

    EXPECT_FALSE(found.obstacle);
    EXPECT_TRUE(found.raw_device);
    EXPECT_EQ(found.file_system, "");
    EXPECT_THAT(found.controllers, ElementsAre(at("0000:02:00.0")));
}

TEST_F(Backing, IsRefusedOnFileSystemsThatPassThroughHostMemory) {
    int id = 100;
    for (const char* type : {"btrfs", "overlay", "tmpfs", "nfs4", "cifs", "smb3", "fuse.sshfs",
                             "fuseblk", "9p", "virtiofs", "zfs", "vfat", "something-new"}) {
        machine.add_mount(++id, "/mnt/x", type);
        const backing found = machine.behind(test::fake_machine::file("/mnt/x/a", 0, id));

        EXPECT_EQ(refusal(found), obstacle::file_system) << type;
        EXPECT_THAT(found.obstacle->sentence, HasSubstr(type));
    }
}

TEST_F(Backing, TakesXfs) {
    machine.add_mount(31, "/x", "xfs");

    EXPECT_FALSE(machine.behind(test::fake_machine::file("/x/a", 0, 31)).obstacle);
}

TEST_F(Backing, IsRefusedOnExt4ThatJournalsData) {
    machine.add_mount(31, "/j", "ext4", "rw,data=journal");
    EXPECT_EQ(refusal(machine.behind(test::fake_machine::file("/j/a", 0, 31))),
              obstacle::buffered_mount);

    // Set as the file system's default, it shows only here.
    machine.write("proc/fs/ext4/nvme0n1/options", "rw\ndelalloc\ndata=journal\n");
    EXPECT_EQ(refusal(machine.behind(test::fake_machine::file("/data/a", 0, 30))),
              obstacle::buffered_mount);
}

TEST_F(Backing, IsUncertainOnXfsWithARealTimeDevice) {
    machine.add_mount(31, "/x", "xfs", "rw,rtdev=/dev/sdb1");

    EXPECT_EQ(refusal(machine.behind(test::fake_machine::file("/x/a", 0, 31))),
              obstacle::storage_unreadable);
}

TEST_F(Backing, OfADeviceMapperVolumeIsRefusedByName) {
    machine.add_disk("virtual/block", "dm-3", 53);
    machine.write("sys/devices/virtual/block/dm-3/dm/name", "vg0-data\n");
    machine.write("sys/devices/virtual/block/dm-3/dm/uuid", "LVM-abc\n");
    machine.make("sys/devices/virtual/block/dm-3/slaves/nvme0n1");

    const backing found = machine.behind(test::fake_machine::file("/data/a", 53, 30));

    EXPECT_EQ(refusal(found), obstacle::device_mapper);
    EXPECT_THAT(found.obstacle->sentence, HasSubstr("vg0-data"));
    EXPECT_THAT(found.obstacle->sentence, HasSubstr("an LVM volume on nvme0n1"));
}

TEST_F(Backing, OfASoftwareRaidIsRefused) {
    machine.add_disk("virtual/block", "md127", 54);
    machine.make("sys/devices/virtual/block/md127/md");

    EXPECT_EQ(refusal(machine.behind(test::fake_machine::raw("/dev/md127", 54))),
              obstacle::software_raid);
}

TEST_F(Backing, OfALoopDeviceNamesItsFile) {
    machine.add_disk("virtual/block", "loop7", 55);
    machine.write("sys/devices/virtual/block/loop7/loop/backing_file", "/data/disk.img\n");

    const backing found = machine.behind(test::fake_machine::raw("/dev/loop7", 55));

    EXPECT_EQ(refusal(found), obstacle::loop_device);
    EXPECT_THAT(found.obstacle->sentence, HasSubstr("/data/disk.img"));
}

TEST_F(Backing, OfOtherDisksIsRefused) {
    machine.add_disk("pci0000:00/0000:00:1f.0/virtio1/block", "vda", 56);
    machine.add_disk("pci0000:00/0000:00:1f.1/ata1/block", "sda", 57);

    const backing virtio = machine.behind(test::fake_machine::raw("/dev/vda", 56));
    EXPECT_EQ(refusal(virtio), obstacle::not_nvme);
    EXPECT_THAT(virtio.obstacle->sentence, HasSubstr("virtio"));
    EXPECT_EQ(refusal(machine.behind(test::fake_machine::raw("/dev/sda", 57))), obstacle::not_nvme);
}

TEST_F(Backing, OfADiskOverFabricsIsRefused) {
    machine.add_disk("virtual/nvme-fabrics/ctl/nvme8", "nvme8n1", 58);
    machine.write("sys/devices/virtual/nvme-fabrics/ctl/nvme8/transport", "tcp\n");
    machine.link("sys/class/nvme/nvme8", "../../devices/virtual/nvme-fabrics/ctl/nvme8");

    EXPECT_EQ(refusal(machine.behind(test::fake_machine::raw("/dev/nvme8n1", 58))),
              obstacle::not_pci_express);
}

class MultipathHead : public Backing {
protected:
    MultipathHead() {
        machine.add_disk("virtual/nvme-subsystem/nvme-subsys7", "nvme7n1", 70);
        for (const char* controller : {"nvme7", "nvme8"}) {
            const std::string bus = controller == std::string("nvme7") ? "7" : "8";
            const std::string place = "pci0000:00/0000:00:0" + bus + ".0";
            machine.add_controller(place, controller, "DUAL");
            machine.make("sys/devices/" + place + "/nvme/" + controller + "/nvme7c" + bus + "n1");
        }
    }
};

TEST_F(MultipathHead, IsRefusedByOlderKernels) {
    machine.write("proc/sys/kernel/osrelease", "6.12.9-amd64\n");

    const backing found = machine.behind(test::fake_machine::raw("/dev/nvme7n1", 70));

    EXPECT_EQ(refusal(found), obstacle::multipath_head);
    EXPECT_THAT(found.obstacle->way_out, HasSubstr("nvme_core.multipath=N"));
}

TEST_F(MultipathHead, HasAllItsPathsOnNewerKernels) {
    const backing found = machine.behind(test::fake_machine::raw("/dev/nvme7n1", 70));

    EXPECT_FALSE(found.obstacle);
    EXPECT_THAT(found.controllers, ElementsAre(at("0000:00:07.0"), at("0000:00:08.0")));
}

TEST_F(Backing, IsUnknownWhereSysfsOrMountinfoLackIt) {
    EXPECT_EQ(refusal(machine.behind(test::fake_machine::raw("/dev/nvme5n1", 50))),
              obstacle::storage_unreadable);
    EXPECT_EQ(refusal(machine.behind(test::fake_machine::file("/data/a", 5, 99))),
              obstacle::storage_unreadable);
    machine.remove("sys/class/nvme/nvme0");
    EXPECT_EQ(refusal(machine.behind(test::fake_machine::file("/data/a", 0, 30))),
              obstacle::storage_unreadable);
}

TEST_F(Backing, OfAPipeIsRefused) {
    const path_identity pipe{"/run/pipe", path_kind::other, 0, {}};

    EXPECT_EQ(refusal(machine.behind(pipe)), obstacle::not_storage);
}

// On the machine that the tests run on.
TEST(Identify, TellsFilesFromOtherThings) {
    test::temp_dir directory;
    const std::string fifo = directory / "fifo";
    ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);

    EXPECT_EQ(identify(directory.path())->kind, path_kind::in_file_system);
    EXPECT_EQ(identify("/dev/null")->kind, path_kind::other);
    EXPECT_EQ(identify(fifo)->kind, path_kind::other);
}

TEST(Identify, TellsTheDirectoryOfAFileToBe) {
    test::temp_dir directory;

    const auto there = identify(directory.path());
    const auto to_be = identify_target(directory / "not-yet");

    ASSERT_TRUE(to_be.has_value());
    EXPECT_EQ(to_be->device, there->device);
    EXPECT_EQ(to_be->mount_id, there->mount_id);
    EXPECT_EQ(to_be->path, directory / "not-yet");
    EXPECT_FALSE(identify(directory / "not-yet").has_value());
    EXPECT_FALSE(identify_target(directory / "no/such/directory").has_value());
}

TEST(Identify, FindsTheFileSystemOfTheRunningMachine) {
    const backing found =
        find_backing(host_files(), read_machine(host_files()), *identify("/proc/self/status"));

    EXPECT_EQ(found.file_system, "proc");
    EXPECT_TRUE(found.obstacle);
}

}  // namespace
}  // namespace peerpress::io::topology
