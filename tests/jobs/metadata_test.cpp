#include "jobs/metadata.hpp"

#include "files.hpp"
#include "io/unique_fd.hpp"

#include <gmock/gmock.h>
#include <sys/xattr.h>

#include <cstring>

namespace peerpress::jobs {
namespace {

// The kernel's layout of an ACL in its attribute: version, then tag, permissions and id of each
// entry.
struct acl_entry {
    std::uint16_t tag;
    std::uint16_t permissions;
    std::uint32_t id;
};

std::string acl_with_one_more_user(std::uint32_t user) {
    const std::uint32_t version = 2;
    constexpr std::uint32_t no_id = 0xffffffff;
    const acl_entry entries[] = {{0x01, 6, no_id},  // owner
                                 {0x02, 4, user},
                                 {0x04, 4, no_id},   // group
                                 {0x10, 4, no_id},   // mask
                                 {0x20, 0, no_id}};  // others
    std::string value(sizeof(version) + sizeof(entries), '\0');
    std::memcpy(value.data(), &version, sizeof(version));
    std::memcpy(value.data() + sizeof(version), entries, sizeof(entries));
    return value;
}

class Metadata : public testing::Test {
protected:
    Metadata() {
        test::write_file(dir / "source", "x");
        test::write_file(dir / "output", "x");
        ::chmod((dir / "output").c_str(), 0600);
        source = io::unique_fd(::open((dir / "source").c_str(), O_RDONLY));
        output = io::unique_fd(::open((dir / "output").c_str(), O_RDWR));
    }

    std::vector<std::string> carry() {
        return carry_metadata(source.get(), test::status_of(dir / "source"), output.get());
    }
    struct stat carried() { return test::status_of(dir / "output"); }
    std::string attribute(const char* name) {
        std::string value(1024, '\0');
        const ssize_t bytes = ::fgetxattr(output.get(), name, value.data(), value.size());
        value.resize(bytes < 0 ? 0 : static_cast<std::size_t>(bytes));
        return value;
    }

    test::temp_dir dir;
    io::unique_fd source;
    io::unique_fd output;
};

TEST_F(Metadata, KeepsTheModeButNoSetUidAndSetGid) {
    ASSERT_EQ(::fchmod(source.get(), 06751), 0);

    EXPECT_TRUE(carry().empty()) << "their loss is by design";

    EXPECT_EQ(carried().st_mode & 07777, 0751u);
}

TEST_F(Metadata, KeepsTimesToTheNanosecond) {
    const timespec times[2] = {{.tv_sec = 1'000'000'000, .tv_nsec = 123'456'789},
                               {.tv_sec = 1'100'000'000, .tv_nsec = 987'654'321}};
    ASSERT_EQ(::futimens(source.get(), times), 0);

    EXPECT_TRUE(carry().empty());

    EXPECT_EQ(carried().st_atim.tv_nsec, 123'456'789);
    EXPECT_EQ(carried().st_mtim.tv_sec, 1'100'000'000);
    EXPECT_EQ(carried().st_mtim.tv_nsec, 987'654'321);
}

TEST_F(Metadata, KeepsUserAttributesOfAReadOnlyFileToo) {
    const std::string large(700, 'v');
    ASSERT_EQ(::fsetxattr(source.get(), "user.small", "value", 5, 0), 0);
    ASSERT_EQ(::fsetxattr(source.get(), "user.large", large.data(), large.size(), 0), 0);
    ASSERT_EQ(::fsetxattr(source.get(), "user.empty", "", 0, 0), 0);
    ASSERT_EQ(::fchmod(source.get(), 0400), 0);

    EXPECT_TRUE(carry().empty());

    EXPECT_EQ(attribute("user.small"), "value");
    EXPECT_EQ(attribute("user.large"), large);
    EXPECT_EQ(carried().st_mode & 0777, 0400u);
}

TEST_F(Metadata, KeepsTheAccessControlList) {
    const std::string acl = acl_with_one_more_user(12345);
    if (::fsetxattr(source.get(), "system.posix_acl_access", acl.data(), acl.size(), 0) != 0)
        GTEST_SKIP() << "this file system has no ACLs";

    EXPECT_TRUE(carry().empty());

    EXPECT_EQ(attribute("system.posix_acl_access"), acl);
}

TEST_F(Metadata, KeepsTheOwnerWhereItMaySetIt) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root gives files away";
    ASSERT_EQ(::fchown(source.get(), 12345, 23456), 0);
    ASSERT_EQ(::fchmod(source.get(), 0640), 0);

    EXPECT_TRUE(carry().empty());

    EXPECT_EQ(carried().st_uid, 12345u);
    EXPECT_EQ(carried().st_gid, 23456u);
    EXPECT_EQ(carried().st_mode & 0777, 0640u);
}

TEST_F(Metadata, NamesWhatWasLost) {
    // A file system without user attributes: attributes cannot be set through a descriptor that
    // is no file's.
    ASSERT_EQ(::fsetxattr(source.get(), "user.note", "v", 1, 0), 0);
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const io::unique_fd reading(ends[0]);
    const io::unique_fd writing(ends[1]);

    const std::vector<std::string> lost =
        carry_metadata(source.get(), test::status_of(dir / "source"), writing.get());

    ASSERT_FALSE(lost.empty());
    EXPECT_THAT(lost.front(), testing::HasSubstr("attribute user.note"));
}

}  // namespace
}  // namespace peerpress::jobs
