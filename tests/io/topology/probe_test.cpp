// Probes of ordinary files stand for probes of SSDs, and any file that can be mapped for a
// provider's memory: the kernel reads the one into the other all the same.
#include "io/topology/probe.hpp"

#include "tests/support/fake_machines.hpp"
#include "tests/support/files.hpp"
#include "tests/support/random_bytes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace peerpress::io::topology {
namespace {

using testing::HasSubstr;

class Probe : public testing::Test {
protected:
    Probe() {
        test::write_file(dir / "allocate", std::vector<std::byte>(65'536));
        test::write_file(dir / "disk", test::incompressible_bytes(10'000, 1));
    }

    probe_request request(const char* disk = "disk") const {
        return {.allocate_path = (dir / "allocate").string(),
                .provider_label = "nvme2 (0000:03:00.0)",
                .disk_path = (dir / disk).string()};
    }

    test::temp_dir dir;
};

TEST_F(Probe, ReadsABlockIntoTheProvider) {
    const auto before = test::read_file(dir / "disk");

    EXPECT_EQ(probe(request()), std::nullopt);

    // The mapping is shared, so the stand-in for the memory holds what arrived there.
    const auto arrived = test::read_file(dir / "allocate");
    EXPECT_TRUE(std::equal(before.begin(), before.begin() + 4096, arrived.begin()));
    EXPECT_EQ(arrived[4096], std::byte{0});
    EXPECT_EQ(test::read_file(dir / "disk"), before);
}

TEST_F(Probe, ReadsWhatThereIsOfASmallFile) {
    test::write_file(dir / "small", test::incompressible_bytes(700, 1));

    EXPECT_EQ(probe(request("small")), std::nullopt);
}

TEST_F(Probe, LeavesItOpenWhereThereIsNothingToTryItWith) {
    test::write_file(dir / "empty", {});
    test::write_file(dir / "sparse", {});
    std::filesystem::resize_file(dir / "sparse", 8192);
    struct answer {
        const char* disk;
        const char* says;
    };
    for (const answer& each : {answer{"none", "No such file"}, answer{"empty", "is empty"},
                               answer{"sparse", "begins with a hole"}}) {
        const auto found = probe(request(each.disk));

        ASSERT_TRUE(found) << each.disk;
        EXPECT_EQ(found->what, obstacle::probe_impossible);
        EXPECT_TRUE(is_uncertain(found->what));
        EXPECT_THAT(found->sentence, HasSubstr(each.says));
    }
}

TEST_F(Probe, BelievesDirectReadsOnly) {
    const unique_fd buffered = test::open_file(dir / "disk", O_RDONLY);
    const unique_fd direct = test::open_file(dir / "disk", O_RDONLY | O_DIRECT);

    const auto refused = probe_file(request(), buffered.get());

    ASSERT_TRUE(refused);
    EXPECT_THAT(refused->sentence, HasSubstr("not open for direct reads"));
    EXPECT_EQ(probe_file(request(), direct.get()), std::nullopt);
    EXPECT_TRUE(probe_file(request(), -1));
}

TEST_F(Probe, SaysWhyTheMemoryIsNotToBeHad) {
    probe_request wrong = request();
    wrong.allocate_path = (dir / "none").string();

    const auto found = probe(wrong);

    ASSERT_TRUE(found);
    EXPECT_EQ(found->what, obstacle::no_provider);
    EXPECT_THAT(found->sentence, HasSubstr("nvme2 (0000:03:00.0)"));
}

// --- what a device may do
// -------------------------------------------------------------------------------------------------

class ProbeMemory : public testing::Test {
protected:
    const probe_request request{
        .allocate_path = "/a", .provider_label = "nvme2", .disk_path = "/dev/nvme0n1"};
    const std::vector<std::byte> content = test::incompressible_bytes(4096, 1);
    std::vector<std::byte> memory = std::vector<std::byte>(4096);
    int reads = 0;

    bool into_peer(bytes_span into) const { return into.data() == memory.data(); }
    result<std::size_t> deliver(bytes_span into) {
        ++reads;
        std::ranges::copy(content, into.begin());
        return into.size();
    }
    static error_code errno_code(int number) { return {number, boost::system::system_category()}; }
};

TEST_F(ProbeMemory, NamesARefusalOfTheKernel) {
    for (const int error : {EINVAL, EREMOTEIO, EFAULT}) {
        const auto found = probe_memory(
            request,
            [&](bytes_span into) -> result<std::size_t> {
                if (into_peer(into)) return errno_code(error);
                return deliver(into);
            },
            memory);

        ASSERT_TRUE(found);
        EXPECT_EQ(found->what, obstacle::refused_by_kernel);
        EXPECT_FALSE(is_uncertain(found->what));
        EXPECT_THAT(found->sentence, HasSubstr("/dev/nvme0n1"));
    }
}

TEST_F(ProbeMemory, TellsADiskThatCannotBeReadFromARouteThatIsNone) {
    for (const bool peer_only : {false, true}) {
        const auto found = probe_memory(
            request,
            [&](bytes_span into) -> result<std::size_t> {
                if (!peer_only || into_peer(into)) return errno_code(EIO);
                return deliver(into);
            },
            memory);

        ASSERT_TRUE(found);
        EXPECT_EQ(found->what, obstacle::probe_impossible);
        EXPECT_THAT(found->sentence, HasSubstr("Input/output error"));
    }
    EXPECT_EQ(
        probe_memory(
            request, [&](bytes_span) -> result<std::size_t> { return errno_code(EINVAL); }, memory)
            ->what,
        obstacle::probe_impossible);
}

// Peer writes are posted: a bridge that drops them tells nobody.
TEST_F(ProbeMemory, FindsOutThatDataWereLostOnTheWay) {
    std::copy(content.begin(), content.end(), memory.begin());  // there from an earlier read
    const auto found = probe_memory(
        request,
        [&](bytes_span into) -> result<std::size_t> {
            if (into_peer(into)) return into.size();
            return deliver(into);
        },
        memory);

    ASSERT_TRUE(found);
    EXPECT_EQ(found->what, obstacle::data_lost);
    EXPECT_EQ(reads, 3);
}

TEST_F(ProbeMemory, TriesAgainWhereTheDiskChangedMeanwhile) {
    int attempts = 0;
    const auto found = probe_memory(
        request,
        [&](bytes_span into) -> result<std::size_t> {
            deliver(into);
            if (into_peer(into) && ++attempts == 1) into[100] ^= std::byte{1};
            return into.size();
        },
        memory);

    EXPECT_EQ(found, std::nullopt);
    EXPECT_EQ(attempts, 2);
}

// --- what is remembered
// -------------------------------------------------------------------------------------------------

class Fingerprint : public testing::Test {
protected:
    Fingerprint() {
        test::build_epyc(machine);
        machine.add_mount(20, "/data", "ext4");
    }
    std::string now() const { return fingerprint(machine.files(), machine.read()); }

    test::fake_machine machine;
};

TEST_F(Fingerprint, StaysWhenOnlyTheMemoryLeftChanges) {
    const std::string before = now();
    const auto providers = machine.read().providers;
    ASSERT_FALSE(providers.empty());

    machine.write(
        "sys/bus/pci/devices/" + to_string(providers.front().address) + "/p2pmem/available",
        "4096\n");

    EXPECT_EQ(now(), before);
}

TEST_F(Fingerprint, ChangesWithDevicesAndMounts) {
    const std::string before = now();

    machine.add_mount(21, "/more", "xfs");
    const std::string mounted = now();
    EXPECT_NE(mounted, before);

    machine.add_port("pci0000:00/0000:00:09.0", 4);
    machine.add_nvme("pci0000:00/0000:00:09.0/0000:19:00.0", "nvme9", "NEW", 90);
    const std::string plugged = now();
    EXPECT_NE(plugged, mounted);

    machine.add_p2pmem("pci0000:00/0000:00:09.0/0000:19:00.0");
    EXPECT_NE(now(), plugged);
}

class ProbeCache : public Probe {
protected:
    probe_cache cache;
};

TEST_F(ProbeCache, AsksTheDevicesOnceUntilTheMachineChanges) {
    cache.renew("as it was");
    EXPECT_EQ(cache.ask(request()), std::nullopt);
    std::filesystem::remove(dir / "disk");

    cache.renew("as it was");
    EXPECT_EQ(cache.ask(request()), std::nullopt);

    cache.renew("as it is");
    EXPECT_EQ(cache.size(), 0u);
    EXPECT_TRUE(cache.ask(request()));
}

TEST_F(ProbeCache, TriesAgainWhatCouldNotBeTried) {
    std::filesystem::rename(dir / "disk", dir / "away");
    EXPECT_TRUE(cache.ask(request()));

    std::filesystem::rename(dir / "away", dir / "disk");

    EXPECT_EQ(cache.ask(request()), std::nullopt);
}

TEST_F(ProbeCache, KeepsProvidersAndDisksApart) {
    probe_request other = request();
    other.allocate_path = (dir / "none").string();

    EXPECT_EQ(cache.ask(request()), std::nullopt);
    EXPECT_TRUE(cache.ask(other));
    EXPECT_EQ(cache.size(), 1u);  // the other one is asked again
}

}  // namespace
}  // namespace peerpress::io::topology
