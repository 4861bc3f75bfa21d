// PRPs and SGLs, in memory that is known to the last byte.
#include "accel/model/data_pointer.hpp"

#include "tests/accel/model/host.hpp"

#include <numeric>

namespace peerpress::accel::model::test {
namespace {

namespace status = nvme::status;

// An address space of its own: 64 pages of RAM at 1 MiB, a CMB of 2 MiB at 1 GiB.
class DataPointer : public ::testing::Test {
protected:
    static constexpr std::uint64_t ram = 1 << 20;
    static constexpr std::uint64_t ram_bytes = 64 * 4096;
    static constexpr std::uint64_t cmb_at = 1 << 30;

    DataPointer() : cmb_(2 << 20), config_(1, 2 << 20), space_(cmb_, config_, memory_) {
        const io::unique_fd file(memfd_create("ram", MFD_CLOEXEC));
        EXPECT_EQ(ftruncate(file.get(), ram_bytes), 0);
        EXPECT_EQ(memory_.map({.address = ram, .bytes = ram_bytes, .writable = true}, file), 0);
        const std::uint32_t address = cmb_at;
        config_.write(0x18, std::as_bytes(std::span(&address, 1)));
        const std::uint16_t enabled = 2;
        config_.write(0x04, std::as_bytes(std::span(&enabled, 1)));
    }
    bytes_span at(std::uint64_t address, std::uint64_t bytes) {
        return memory_.find(address, bytes, access::write).value();
    }
    void put(std::uint64_t address, std::uint64_t value) {
        noload::store_field(at(address, 8), 0, value);
    }
    void put_descriptor(std::uint64_t address, std::uint64_t data, std::uint32_t bytes,
                        std::uint8_t type) {
        put(address, data);
        put(address + 8, bytes | std::uint64_t{type} << 56);
    }
    static nvme::submission_entry prps(std::uint64_t first, std::uint64_t second) {
        return {.prp1 = first, .prp2 = second};
    }
    static nvme::submission_entry sgl(std::uint64_t address, std::uint32_t bytes,
                                      std::uint8_t type) {
        return {.flags = 1 << nvme::psdt_shift,
                .prp1 = address,
                .prp2 = bytes | std::uint64_t{type} << 56};
    }
    resolved find(const nvme::submission_entry& entry, std::uint64_t bytes) {
        return resolve(space_, entry, bytes, access::write);
    }

    cmb cmb_;
    pci_config config_;
    dma_table memory_;
    address_space space_;
};

TEST_F(DataPointer, TakesOnePageThatBeginsInItsMiddle) {
    const auto found = find(prps(ram + 0x234, 0), 0x100);

    ASSERT_EQ(found.status, status::success);
    ASSERT_EQ(found.places.size(), 1u);
    EXPECT_EQ(found.places[0].at, ram + 0x234);
    EXPECT_EQ(found.places[0].bytes.size(), 0x100u);
}

TEST_F(DataPointer, JoinsPagesThatLieSideBySide) {
    const auto found = find(prps(cmb_at + 4096, cmb_at + 8192), 8192);

    ASSERT_EQ(found.places.size(), 1u);
    EXPECT_TRUE(found.places[0].in_cmb);
    EXPECT_EQ(found.places[0].at, 4096u);
    EXPECT_EQ(found.places[0].bytes.size(), 8192u);
}

TEST_F(DataPointer, FollowsAListIntoTheNext) {
    // A list of 4 entries at a page's end: three pages, then the list that goes on.
    const std::uint64_t first = ram + 4096 - 32;
    const std::uint64_t second = ram + 4096;
    for (int i = 0; i < 3; ++i) put(first + i * 8, ram + (20 + 2 * i) * 4096);
    put(first + 24, second);
    for (int i = 0; i < 2; ++i) put(second + i * 8, ram + (40 + 2 * i) * 4096);

    const auto found = find(prps(ram + 10 * 4096, first), 6 * 4096);

    ASSERT_EQ(found.status, status::success);
    EXPECT_EQ(found.places.size(), 6u);
    EXPECT_EQ(found.places[5].at, ram + 42 * 4096);
    EXPECT_EQ(bytes_of(found.places), 6 * 4096u);
}

TEST_F(DataPointer, TakesTheLastEntryOfAPageForDataWhereNothingFollows) {
    const std::uint64_t list = ram + 4096 - 16;
    put(list, ram + 20 * 4096);
    put(list + 8, ram + 30 * 4096);

    const auto found = find(prps(ram + 10 * 4096, list), 3 * 4096);

    ASSERT_EQ(found.status, status::success);
    EXPECT_EQ(found.places[2].at, ram + 30 * 4096);
}

TEST_F(DataPointer, RefusesPagesThatAreNotAtAPage) {
    put(ram, ram + 0x1004);

    EXPECT_EQ(find(prps(ram + 2, 0), 16).status, status::invalid_prp_offset);
    EXPECT_EQ(find(prps(ram, ram + 0x1010), 8192).status, status::invalid_prp_offset);
    EXPECT_EQ(find(prps(ram + 0x2000, ram), 3 * 4096).status, status::invalid_prp_offset);
    EXPECT_EQ(find(prps(ram + 0x2000, ram + 4), 3 * 4096).status, status::invalid_prp_offset);
}

TEST_F(DataPointer, RefusesAListThatNamesItself) {
    const std::uint64_t list = ram + 4096 - 8;
    put(list, list);

    EXPECT_EQ(find(prps(ram + 0x2000, list), 1 << 20).status, status::invalid_prp_offset);
}

TEST_F(DataPointer, RefusesWhatIsNoMemory) {
    put(ram, 0x7000'0000);

    EXPECT_EQ(find(prps(0x7000'0000, 0), 16).status, status::data_transfer_error);
    EXPECT_EQ(find(prps(ram, 0x7000'0000), 8192).status, status::data_transfer_error);
    EXPECT_EQ(find(prps(ram + 0x2000, ram), 3 * 4096).status, status::data_transfer_error);
    EXPECT_EQ(find(prps(ram, 0x7000'0000), 3 * 4096).status, status::data_transfer_error);
    EXPECT_EQ(find(sgl(ram + ram_bytes - 16, 32, 0), 32).status, status::data_transfer_error);
    EXPECT_EQ(find(sgl(cmb_at + (2 << 20) - 16, 32, 0), 32).status, status::data_transfer_error);
    EXPECT_EQ(find(sgl(~0ull - 8, 64, 0), 64).status, status::data_transfer_error);
}

TEST_F(DataPointer, TakesAnSglOfOneBlockAndNotMoreThanIsWanted) {
    const auto found = find(sgl(cmb_at + 12, 1 << 20, 0x00), 4096);

    ASSERT_EQ(found.status, status::success);
    ASSERT_EQ(found.places.size(), 1u);
    EXPECT_EQ(found.places[0].at, 12u);
    EXPECT_EQ(found.places[0].bytes.size(), 4096u);
}

TEST_F(DataPointer, FollowsSegmentsOverRamAndCmb) {
    put_descriptor(ram, ram + 0x2000, 100, 0x00);
    put_descriptor(ram + 16, ram + 0x1000, 32, 0x30);
    put_descriptor(ram + 0x1000, cmb_at, 200, 0x00);
    put_descriptor(ram + 0x1010, ram + 0x3000, 300, 0x00);

    const auto found = find(sgl(ram, 32, 0x20), 600);

    ASSERT_EQ(found.status, status::success);
    ASSERT_EQ(found.places.size(), 3u);
    EXPECT_FALSE(found.places[0].in_cmb);
    EXPECT_TRUE(found.places[1].in_cmb);
    EXPECT_EQ(found.places[2].bytes.size(), 300u);
    EXPECT_FALSE(lies_in_cmb(found.places));
    EXPECT_TRUE(lies_in_cmb(part_of(found.places, 100, 200)));
}

TEST_F(DataPointer, RefusesMalformedSgls) {
    put_descriptor(ram, ram, 16, 0x20);                // a segment that names itself
    put_descriptor(ram + 0x1000, ram, 16, 0x40);       // keyed
    put_descriptor(ram + 0x2000, ram + 0x3000, 4, 0);  // data

    EXPECT_EQ(find(sgl(ram, 16, 0x20), 4096).status, status::invalid_sgl_count);
    EXPECT_EQ(find(sgl(ram + 0x1000, 16, 0x30), 4096).status, status::sgl_type_invalid);
    EXPECT_EQ(find(sgl(ram, 16, 0x10), 4096).status, status::sgl_type_invalid);
    EXPECT_EQ(find(sgl(ram, 8, 0x30), 4096).status, status::invalid_sgl_segment);
    EXPECT_EQ(find(sgl(ram, 0, 0x30), 4096).status, status::invalid_sgl_segment);
    EXPECT_EQ(find(sgl(ram, 0xffff'fff0, 0x30), 4096).status, status::invalid_sgl_count);
    EXPECT_EQ(find(sgl(ram + 0x2000, 16, 0x30), 4096).status, status::sgl_length_invalid);
    EXPECT_EQ(find(sgl(ram + 0x2000, 16, 0x20), 4096).status, status::invalid_sgl_segment);
    auto reserved = sgl(ram, 16, 0);
    reserved.flags = 3 << nvme::psdt_shift;
    EXPECT_EQ(find(reserved, 16).status, status::invalid_field);
}

TEST_F(DataPointer, GathersAndScattersOverPieces) {
    const auto found = find(prps(ram + 4096 - 12, cmb_at), 30);
    ASSERT_EQ(found.places.size(), 2u);
    std::vector<std::byte> sent(30);
    for (std::size_t i = 0; i < sent.size(); ++i) sent[i] = static_cast<std::byte>(i + 1);

    scatter(bytes_view(sent).first(25), found.places);
    std::vector<std::byte> received(30);
    gather(found.places, received);

    sent.resize(25);
    sent.resize(30);
    EXPECT_EQ(received, sent);
    EXPECT_EQ(cmb_.bytes()[0], std::byte{13});
}

}  // namespace
}  // namespace peerpress::accel::model::test
