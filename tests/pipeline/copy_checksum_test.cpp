#include "tests/pipeline/copy_fixture.hpp"

#include <zlib.h>

namespace peerpress::test {
namespace {

namespace errc = boost::system::errc;
using pipeline::storage_checksum;

class CopyChecksum : public Copy {
protected:
    storage_checksum sum(io::storage& of, std::uint64_t offset_bytes = 0,
                         std::optional<std::uint64_t> length_bytes = {}) {
        return on.run(pipeline::checksum(host_route(of, nullptr), offset_bytes, length_bytes));
    }
    error_code error(io::storage& of, std::uint64_t offset_bytes,
                     std::optional<std::uint64_t> length_bytes) {
        try {
            sum(of, offset_bytes, length_bytes);
        } catch (const system_error& failed) {
            return failed.code();
        }
        return {};
    }

    static std::uint32_t expected(const std::byte* data, std::size_t bytes) {
        return static_cast<std::uint32_t>(
            ::crc32_z(0, reinterpret_cast<const unsigned char*>(data), bytes));
    }
};

TEST_F(CopyChecksum, IsThatOfGzipHoweverChunksEnd) {
    for (const std::size_t size : {0ul, 1ul, 512ul, 16384ul, 16385ul, 1'000'001ul}) {
        const bytes data = incompressible_bytes(size, size);
        memory_storage source(data, block_512);
        source.delay_randomly(size, 20);

        const storage_checksum found = sum(source);

        EXPECT_EQ(found.crc32, expected(data.data(), size));
        EXPECT_EQ(found.bytes, size);
    }
}

TEST_F(CopyChecksum, TellsTheSameBytesInAnotherOrderApart) {
    const bytes data = incompressible_bytes(4 * slot_bytes, 1);
    bytes swapped = data;
    std::swap_ranges(swapped.begin(), swapped.begin() + slot_bytes,
                     swapped.begin() + 2 * slot_bytes);
    memory_storage one(data, block_512), other(swapped, block_512), same(data, block_4096);

    EXPECT_FALSE(sum(one) == sum(other));
    EXPECT_TRUE(sum(one) == sum(same));
}

TEST_F(CopyChecksum, IsOfAPartWhereAskedFor) {
    const bytes data = incompressible_bytes(100'000, 1);
    memory_storage source(data, block_512);

    const storage_checksum found = sum(source, 1024, 70'001);

    EXPECT_EQ(found.crc32, expected(data.data() + 1024, 70'001));
    EXPECT_EQ(found.bytes, 70'001u);
    EXPECT_EQ(error(source, 1024, 100'000), errc::result_out_of_range);
}

TEST_F(CopyChecksum, FollowsWhatHasNoSize) {
    const bytes data = incompressible_bytes(50'000, 1);
    memory_storage source(data);
    source.claim_size(0);

    EXPECT_EQ(sum(source).crc32, expected(data.data(), data.size()));
}

TEST_F(CopyChecksum, FailsWithTheRead) {
    memory_storage source(bytes(100'000), block_512);
    source.fail_next_read(make_error_code(errc::io_error), 3);

    EXPECT_EQ(error(source, 0, {}), errc::io_error);
}

TEST_F(CopyChecksum, IsNotComputedFromADevicesMemory) {
    memory_storage source(bytes(100'000), block_512);

    try {
        on.run(pipeline::checksum(device_route(source, nullptr), 0));
        FAIL() << "the processor has read a slot on a device";
    } catch (const system_error& refused) {
        EXPECT_EQ(refused.code(), errc::invalid_argument);
    }
    EXPECT_EQ(source.reads(), 0u);
}

}  // namespace
}  // namespace peerpress::test
