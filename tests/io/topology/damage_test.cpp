// Recordings are incomplete, sysfs changes while it is read, and users may read less than root:
// whatever is missing, nothing crashes, and no verdict turns into p2p.
#include "io/topology/choose.hpp"
#include "io/topology/doctor.hpp"
#include "io/topology/draw.hpp"
#include "tests/support/fake_machines.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <random>

namespace peerpress::io::topology {
namespace {

namespace fs = std::filesystem;

struct damaged_case {
    const char* name;
    std::function<void(test::fake_machine&)> build;
    data_path intact;
};

void build_mapper(test::fake_machine& machine) {
    test::build_epyc(machine);
    machine.add_disk("virtual/block", "dm-0", 0);
    machine.write("sys/devices/virtual/block/dm-0/dm/name", "vg0-data\n");
}

void build_multipath(test::fake_machine& machine) {
    test::build_epyc(machine);
    machine.write("proc/sys/kernel/osrelease", "6.12.9\n");
    const std::string controller = "sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0/nvme/nvme0/";
    machine.remove(controller + "nvme0n1");
    machine.make(controller + "nvme0c0n1");
    machine.add_disk("virtual/nvme-subsystem/nvme-subsys0", "nvme0n1", 0);
}

void build_without_p2pmem(test::fake_machine& machine) {
    test::build_epyc(machine);
    machine.remove("sys/devices/pci0000:00/0000:00:03.0/0000:03:00.0/p2pmem");
}

void build_unpublished(test::fake_machine& machine) {
    test::build_epyc(machine);
    machine.write("sys/bus/pci/devices/0000:03:00.0/p2pmem/published", "0\n");
}

void build_exhausted(test::fake_machine& machine) {
    test::build_epyc(machine);
    machine.write("sys/bus/pci/devices/0000:03:00.0/p2pmem/available", "0\n");
}

const std::vector<damaged_case> cases{
    {"epyc", test::build_epyc, data_path::p2p},
    {"switch", [](auto& machine) { test::build_switch(machine); }, data_path::p2p},
    {"intel", test::build_unlisted_intel, data_path::host},
    {"acs", [](auto& machine) { test::build_switch(machine, test::acs_redirecting); },
     data_path::host},
    {"mapper", build_mapper, data_path::host},
    {"multipath", build_multipath, data_path::host},
    {"no p2pmem", build_without_p2pmem, data_path::host},
    {"unpublished", build_unpublished, data_path::host},
    {"exhausted", build_exhausted, data_path::host},
};

data_path ask(const test::fake_machine& machine) {
    const auto in = machine.read();
    const auto files = machine.files();
    const backing source = find_backing(files, in, test::fake_machine::file("/a/in", 0, 30));
    const backing target = find_backing(files, in, test::fake_machine::file("/b/out", 10, 31));
    const choice made = choose(in, source, target, {}, 0);
    // For their not crashing; the texts have tests of their own.
    draw_tree(in);
    draw_pairs(in);
    draw_verdict(in, made.best);
    examine(files, in, {});
    return made.best.path;
}

// Files and links, not directories: those go with what is in them.
std::vector<fs::path> entries(const fs::path& root) {
    std::vector<fs::path> found;
    for (const auto& entry : fs::recursive_directory_iterator(root))
        if (entry.is_symlink() || entry.is_regular_file()) found.push_back(entry.path());
    std::sort(found.begin(), found.end());
    return found;
}

void damage(const fs::path& path, std::mt19937& random) {
    if (random() % 4 != 0 || fs::is_symlink(path)) {
        fs::remove(path);
        return;
    }
    std::string content;
    const std::size_t length = random() % 80;
    for (std::size_t i = 0; i < length; ++i) content += static_cast<char>(random());
    std::ofstream(path, std::ios::binary) << content;
}

class Damage : public testing::TestWithParam<damaged_case> {
protected:
    void build(test::fake_machine& machine) const {
        machine.add_mount(30, "/a", "ext4");
        machine.add_mount(31, "/b", "ext4");
        GetParam().build(machine);
    }
};

TEST_P(Damage, DoesNotChangeTheIntactVerdict) {
    test::fake_machine machine;
    build(machine);

    EXPECT_EQ(ask(machine), GetParam().intact);
}

TEST_P(Damage, OfAnyOneFileNeverMakesAFalsePeerToPeer) {
    test::fake_machine machine;
    build(machine);

    for (const fs::path& path : entries(machine.root())) {
        const bool link = fs::is_symlink(path);
        const std::string target = link ? fs::read_symlink(path).string() : "";
        const auto hidden = machine.root() / "hidden";
        if (link)
            fs::remove(path);
        else
            fs::rename(path, hidden);

        const data_path got = ask(machine);
        EXPECT_TRUE(got != data_path::p2p || GetParam().intact == data_path::p2p) << path;

        if (link)
            fs::create_symlink(target, path);
        else
            fs::rename(hidden, path);
    }
}

TEST_P(Damage, OfManyFilesNeverMakesAFalsePeerToPeer) {
    constexpr unsigned rounds = 20;
    for (unsigned seed = 0; seed < rounds; ++seed) {
        test::fake_machine machine;
        build(machine);
        std::mt19937 random(seed);
        auto all = entries(machine.root());
        std::shuffle(all.begin(), all.end(), random);
        all.resize(1 + random() % (all.size() / 2));
        for (const fs::path& path : all)
            if (fs::is_symlink(path) || fs::exists(path)) damage(path, random);

        const data_path got = ask(machine);
        EXPECT_TRUE(got != data_path::p2p || GetParam().intact == data_path::p2p)
            << "seed " << seed;
    }
}

INSTANTIATE_TEST_SUITE_P(Machines, Damage, testing::ValuesIn(cases), [](const auto& info) {
    std::string name = info.param.name;
    std::replace(name.begin(), name.end(), ' ', '_');
    return name;
});

}  // namespace
}  // namespace peerpress::io::topology
