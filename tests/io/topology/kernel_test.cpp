#include "io/topology/kernel.hpp"

#include "tests/support/fake_machine.hpp"

#include <gtest/gtest.h>
#include <zlib.h>

namespace peerpress::io::topology {
namespace {

std::string gzip(const std::string& plain) {
    z_stream stream{};
    deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
    std::string packed(deflateBound(&stream, plain.size()) + 64, '\0');
    std::string input = plain;
    stream.next_in = reinterpret_cast<Bytef*>(input.data());
    stream.avail_in = static_cast<uInt>(input.size());
    stream.next_out = reinterpret_cast<Bytef*>(packed.data());
    stream.avail_out = static_cast<uInt>(packed.size());
    deflate(&stream, Z_FINISH);
    packed.resize(stream.total_out);
    deflateEnd(&stream);
    return packed;
}

class Kernel : public testing::Test {
protected:
    kernel_facts read() { return read_kernel(machine.files()); }

    test::fake_machine machine;
};

TEST_F(Kernel, VersionIsReadFromItsRelease) {
    EXPECT_EQ(parse_kernel_version("6.1.0-18-amd64"), (kernel_version{6, 1}));
    EXPECT_EQ(parse_kernel_version("7.3-rc4"), (kernel_version{7, 3}));
    EXPECT_LT(*parse_kernel_version("6.12.9"), *parse_kernel_version("7.2"));
    for (const char* text : {"", "6", "6.", "x.y", "linux"})
        EXPECT_FALSE(parse_kernel_version(text)) << text;
}

TEST_F(Kernel, OptionIsReadFromTheRunningKernelFirst) {
    machine.write("proc/config.gz", gzip("CONFIG_PCI=y\nCONFIG_PCI_P2PDMA=y\n"));
    machine.write("boot/config-7.3.4-amd64", "# CONFIG_PCI_P2PDMA is not set\n");

    EXPECT_EQ(read().p2pdma, true);
    EXPECT_EQ(read().p2pdma_source, "/proc/config.gz");
}

TEST_F(Kernel, OptionIsReadFromTheBootDirectory) {
    machine.write("boot/config-7.3.4-amd64", "CONFIG_PCI=y\n# CONFIG_PCI_P2PDMA is not set\n");
    machine.write("boot/config-6.1.0", "CONFIG_PCI_P2PDMA=y\n");

    EXPECT_EQ(read().p2pdma, false);
    EXPECT_EQ(read().p2pdma_source, "/boot/config-7.3.4-amd64");
}

TEST_F(Kernel, OptionStaysUnknownWhereNoFileTells) {
    EXPECT_EQ(read().p2pdma, std::nullopt);

    machine.write("proc/config.gz", "not gzip");
    EXPECT_EQ(read().p2pdma, std::nullopt);
}

TEST_F(Kernel, OptionIsOnWhereP2pmemShows) {
    machine.write("boot/config-7.3.4-amd64", "# CONFIG_PCI_P2PDMA is not set\n");
    machine.add_nvme("pci0000:00/0000:00:01.0", "nvme0", "S", 0);
    machine.add_p2pmem("pci0000:00/0000:00:01.0");

    EXPECT_EQ(machine.read().kernel.p2pdma, true);
}

TEST_F(Kernel, KnowsZenByItsFamily) {
    EXPECT_EQ(read().zen, false);
    machine.use_processor("AuthenticAMD", 0x15);
    EXPECT_EQ(read().zen, false);
    machine.use_processor("AuthenticAMD", 0x17);
    EXPECT_EQ(read().zen, true);
    // Linux looks for AMD's own name, although Hygon's processors are Zen as well.
    machine.use_processor("HygonGenuine", 0x18);
    EXPECT_EQ(read().zen, false);
    machine.remove("proc/cpuinfo");
    EXPECT_EQ(read().zen, std::nullopt);
}

}  // namespace
}  // namespace peerpress::io::topology
