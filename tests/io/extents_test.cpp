#include "io/extents.hpp"

#include "tests/support/files.hpp"
#include "tests/support/random_bytes.hpp"
#include "tests/support/temp_dir.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace peerpress::io {
namespace {

using topology::obstacle;

error_code errno_code(int number) {
    return {number, boost::system::system_category()};
}

// What a file system said once.
class recorded_map final : public file_map {
public:
    explicit recorded_map(std::vector<extent_record> all) : all_(std::move(all)) {}

    std::size_t extents_per_call = 2;
    error_code extents_error, flags_error, attributes_error;
    std::uint32_t flags = 0;
    std::uint64_t attributes = 0;
    std::size_t calls = 0;

    result<std::vector<extent_record>> extents(std::uint64_t offset_bytes) override {
        ++calls;
        if (extents_error) return extents_error;
        std::vector<extent_record> found;
        for (const extent_record& each : all_)
            if (each.offset_bytes + each.length_bytes > offset_bytes &&
                found.size() < extents_per_call)
                found.push_back(each);
        return found;
    }
    result<std::uint32_t> inode_flags() override {
        if (flags_error) return flags_error;
        return flags;
    }
    result<std::uint64_t> statx_attributes() override {
        if (attributes_error) return attributes_error;
        return attributes;
    }

private:
    std::vector<extent_record> all_;
};

// From an ext4 file of 1 MiB: data, a hole, an extent that fallocate left unwritten, data.
std::vector<extent_record> sparse_file() {
    return {{0, 262'144, 0},
            {524'288, 131'072, FIEMAP_EXTENT_UNWRITTEN},
            {655'360, 131'072, FIEMAP_EXTENT_SHARED},
            {786'432, 262'144, FIEMAP_EXTENT_LAST}};
}
constexpr byte_range whole{.offset_bytes = 0, .length_bytes = 1 << 20};

TEST(Extents, TellWhatTheDiskHoldsFromWhatTheProcessorFills) {
    recorded_map map(sparse_file());

    const file_content content = content_of(map, whole);

    EXPECT_EQ(content.device_bytes, 262'144u + 131'072u + 262'144u);
    EXPECT_EQ(content.zero_bytes, 262'144u + 131'072u);
    EXPECT_FALSE(content.obstacle);
}

TEST(Extents, TellWhereTheZerosAre) {
    recorded_map map({{4096, 4096, 0},
                      {12288, 4096, FIEMAP_EXTENT_UNWRITTEN},
                      {20480, 4096, FIEMAP_EXTENT_UNWRITTEN},
                      {24576, 4096, 0}});

    const file_content content = content_of(map, {0, 65536});

    // A hole and an unwritten extent beside it are one.
    ASSERT_EQ(content.zeros.size(), 3u);
    EXPECT_EQ(content.zeros[0].offset_bytes, 0u);
    EXPECT_EQ(content.zeros[0].length_bytes, 4096u);
    EXPECT_EQ(content.zeros[1].offset_bytes, 8192u);
    EXPECT_EQ(content.zeros[1].length_bytes, 24576u - 8192u);
    EXPECT_EQ(content.zeros[2].offset_bytes, 28672u);
    EXPECT_EQ(content.zeros[2].length_bytes, 65536u - 28672u);
    EXPECT_EQ(content.zero_bytes, 65536u - 8192u);
}

TEST(Extents, AreCountedWithinThePartOnly) {
    recorded_map map(sparse_file());

    const file_content middle = content_of(map, {.offset_bytes = 200'000, .length_bytes = 400'000});
    const file_content hole = content_of(map, {.offset_bytes = 300'000, .length_bytes = 1000});
    const file_content none = content_of(map, {.offset_bytes = 300'000, .length_bytes = 0});

    EXPECT_EQ(middle.device_bytes, 62'144u);
    EXPECT_EQ(middle.zero_bytes, 400'000u - 62'144u);
    EXPECT_EQ(hole.zero_bytes, 1000u);
    EXPECT_EQ(hole.device_bytes, 0u);
    EXPECT_EQ(none.device_bytes + none.zero_bytes, 0u);
}

TEST(Extents, TakeWhatFollowsTheLastForAHole) {
    recorded_map map({{0, 4096, FIEMAP_EXTENT_LAST}});

    const file_content content = content_of(map, whole);

    EXPECT_EQ(content.device_bytes, 4096u);
    EXPECT_EQ(content.zero_bytes, (1u << 20) - 4096u);
}

TEST(Extents, AreNotCountedBeyondTheFilesEnd) {
    recorded_map map({{0, 8192, FIEMAP_EXTENT_LAST}});

    EXPECT_EQ(content_of(map, {.offset_bytes = 0, .length_bytes = 5000}).device_bytes, 5000u);
}

TEST(Extents, OfAMillionPiecesTakeAFewAtATime) {
    std::vector<extent_record> pieces;
    for (std::uint64_t at = 0; at < 1000; ++at) pieces.push_back({at * 8192, 4096, 0});
    recorded_map map(std::move(pieces));
    map.extents_per_call = 10;

    const file_content content = content_of(map, {.offset_bytes = 0, .length_bytes = 8'192'000});

    EXPECT_EQ(content.device_bytes, 4'096'000u);
    EXPECT_EQ(content.zero_bytes, 4'096'000u);
    EXPECT_LE(map.calls, 102u);
}

// A file system may say anything: the walk must end.
TEST(Extents, ThatLeadNowhereEndTheWalk) {
    recorded_map map({{0, 0, 0}, {~std::uint64_t{0}, 1, 0}});

    const file_content content = content_of(map, whole);

    EXPECT_EQ(content.zero_bytes + content.device_bytes, std::uint64_t{1} << 20);
    EXPECT_LE(map.calls, 3u);
}

TEST(Extents, ThatAreNotReadableLeaveItOpen) {
    recorded_map map({});
    map.extents_error = errno_code(EOPNOTSUPP);

    const file_content content = content_of(map, whole);

    ASSERT_TRUE(content.obstacle);
    EXPECT_EQ(content.obstacle->what, obstacle::layout_unreadable);
    EXPECT_TRUE(topology::is_uncertain(content.obstacle->what));
    EXPECT_EQ(content.device_bytes, 0u);
}

TEST(Extents, NameWhatStandsAgainstDirectReads) {
    struct answer {
        std::uint32_t flags;
        const char* says;
    };
    for (const answer& each : {
             answer{FIEMAP_EXTENT_DATA_INLINE | FIEMAP_EXTENT_NOT_ALIGNED | FIEMAP_EXTENT_LAST,
                    "inline data"},
             answer{FIEMAP_EXTENT_ENCODED, "compresses or encrypts"},
             answer{FIEMAP_EXTENT_ENCODED | FIEMAP_EXTENT_DATA_ENCRYPTED, "fscrypt"},
             answer{FIEMAP_EXTENT_DATA_TAIL | FIEMAP_EXTENT_NOT_ALIGNED, "other files' ends"},
             answer{FIEMAP_EXTENT_NOT_ALIGNED, "beside block boundaries"},
         }) {
        recorded_map map({{0, 100, each.flags}});

        const file_content content = content_of(map, {.offset_bytes = 0, .length_bytes = 100});

        ASSERT_TRUE(content.obstacle) << each.says;
        EXPECT_EQ(content.obstacle->what, obstacle::file_attributes);
        EXPECT_NE(content.obstacle->sentence.find(each.says), std::string::npos)
            << content.obstacle->sentence;
    }
}

TEST(FileAttributes, NameWhatStandsAgainstDirectIo) {
    struct answer {
        std::uint32_t flags;
        std::uint64_t attributes;
        const char* says;
    };
    for (const answer& each : {
             answer{FS_INLINE_DATA_FL, 0, "inline data"},
             answer{FS_JOURNAL_DATA_FL, 0, "journal"},
             answer{FS_ENCRYPT_FL, 0, "fscrypt"},
             answer{FS_VERITY_FL, 0, "fs-verity"},
             answer{FS_COMPR_FL, 0, "compresses"},
             answer{FS_DAX_FL, 0, "DAX"},
             answer{0, STATX_ATTR_ENCRYPTED, "fscrypt"},
             answer{0, STATX_ATTR_VERITY, "fs-verity"},
             answer{0, STATX_ATTR_COMPRESSED, "compresses"},
             answer{0, STATX_ATTR_DAX, "DAX"},
         }) {
        recorded_map map({});
        map.flags = each.flags;
        map.attributes = each.attributes;

        const auto found = attributes_obstacle(map);

        ASSERT_TRUE(found) << each.says;
        EXPECT_EQ(found->what, obstacle::file_attributes);
        EXPECT_NE(found->sentence.find(each.says), std::string::npos) << found->sentence;
        EXPECT_EQ(content_of(map, whole).obstacle->sentence, found->sentence);
    }
}

TEST(FileAttributes, ThatMeanNothingForTransfersAreNoObstacle) {
    recorded_map map(sparse_file());
    map.flags = FS_EXTENT_FL | FS_NOATIME_FL | FS_APPEND_FL | FS_IMMUTABLE_FL;
    map.attributes = STATX_ATTR_IMMUTABLE | STATX_ATTR_APPEND;

    EXPECT_FALSE(attributes_obstacle(map));
    EXPECT_FALSE(content_of(map, whole).obstacle);
}

TEST(FileAttributes, ThatAFileSystemDoesNotHaveAreNoObstacle) {
    recorded_map map(sparse_file());
    map.flags_error = errno_code(ENOTTY);
    EXPECT_FALSE(attributes_obstacle(map));

    map.flags_error = errno_code(EIO);
    ASSERT_TRUE(attributes_obstacle(map));
    EXPECT_EQ(attributes_obstacle(map)->what, obstacle::layout_unreadable);
}

// --- the kernel's own answers, on the file system under the build directory
// -------------------------------------------------------------------------------------------------

class RealExtents : public testing::Test {
protected:
    test::temp_dir dir;
    unique_fd fd = test::open_file(dir / "file", O_RDWR | O_CREAT);

    void write(std::uint64_t offset_bytes, std::size_t length_bytes) {
        const auto data = test::incompressible_bytes(length_bytes, offset_bytes);
        ASSERT_EQ(::pwrite(fd.get(), data.data(), data.size(), static_cast<off_t>(offset_bytes)),
                  static_cast<ssize_t>(data.size()));
    }
    file_content content() { return content_of(fd.get(), whole); }
};

TEST_F(RealExtents, SeeHolesAndUnwrittenExtentsOfAFileJustWritten) {
    write(0, 262'144);
    ASSERT_EQ(::fallocate(fd.get(), 0, 524'288, 131'072), 0);
    write(786'432, 262'144);

    const file_content found = content();

    EXPECT_FALSE(found.obstacle) << found.obstacle->sentence;
    EXPECT_EQ(found.device_bytes, 524'288u);
    EXPECT_EQ(found.zero_bytes, 524'288u);
}

TEST_F(RealExtents, EndWhereTheFileEnds) {
    write(0, 5001);

    EXPECT_EQ(content().device_bytes, 5001u);
    EXPECT_EQ(content().zero_bytes, 0u);
    EXPECT_EQ(content_of(fd.get(), {.offset_bytes = 9999, .length_bytes = 1}).zero_bytes, 0u);
}

TEST_F(RealExtents, OfAnEmptyAndOfASparseFileHoldNothing) {
    EXPECT_EQ(content().device_bytes + content().zero_bytes, 0u);

    ASSERT_EQ(::ftruncate(fd.get(), 1 << 20), 0);

    EXPECT_EQ(content().device_bytes, 0u);
    EXPECT_EQ(content().zero_bytes, 1u << 20);
}

TEST_F(RealExtents, OfABadDescriptorThrow) {
    EXPECT_THROW(content_of(-1, whole), system_error);
}

}  // namespace
}  // namespace peerpress::io
