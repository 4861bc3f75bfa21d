#include "jobs/source.hpp"

#include "files.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>

namespace peerpress::jobs {
namespace {

using test::write_file;

class Source : public testing::Test {
protected:
    opened_source open(const std::string& name, bool follow = false) {
        return open_source({(dir / name).string(), ""}, -1, follow);
    }
    opened_source open_below_root(const std::string& relative) {
        const io::unique_fd root(::open(dir.path().c_str(), O_RDONLY | O_DIRECTORY));
        return open_source({dir.path().string(), relative}, root.get(), false);
    }

    test::temp_dir dir;
};

TEST_F(Source, OpensARegularFileWithItsSnapshot) {
    write_file(dir / "a", "four");

    const opened_source opened = open("a");

    EXPECT_FALSE(opened.error) << opened.error.message;
    EXPECT_TRUE(opened.fd);
    EXPECT_EQ(opened.snapshot.size_bytes, 4u);
    EXPECT_EQ(opened.snapshot.inode, test::status_of(dir / "a").st_ino);
    EXPECT_EQ(::fcntl(opened.fd.get(), F_GETFL) & O_NONBLOCK, 0);
}

TEST_F(Source, IsNotFoundWhereNothingIs) {
    EXPECT_EQ(open("none").error.reason, reason::source_not_found);
    write_file(dir / "file", "");
    EXPECT_EQ(open("file/below").error.reason, reason::source_not_found);
}

TEST_F(Source, IsNoDirectory) {
    EXPECT_EQ(open(".").error.reason, reason::source_is_directory);
}

TEST_F(Source, IsNoFifoAndDoesNotWaitForOne) {
    ASSERT_EQ(::mkfifo((dir / "fifo").c_str(), 0600), 0);

    EXPECT_EQ(open("fifo").error.reason, reason::source_not_regular);
    EXPECT_EQ(open_below_root("fifo").error.reason, reason::source_not_regular);
}

TEST_F(Source, IsNoSocketAndNoDevice) {
    const io::unique_fd listener(::socket(AF_UNIX, SOCK_STREAM, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    // Relative, since the path of the test's directory may be longer than an address.
    const io::unique_fd here(::open(".", O_RDONLY | O_DIRECTORY));
    ASSERT_EQ(::chdir(dir.path().c_str()), 0);
    std::strcpy(address.sun_path, "socket");
    const int bound =
        ::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address));
    ASSERT_EQ(::fchdir(here.get()), 0);
    ASSERT_EQ(bound, 0);

    EXPECT_EQ(open("socket").error.reason, reason::source_not_regular);
    EXPECT_EQ(open_source({"/dev/null", ""}, -1, false).error.reason, reason::source_not_regular);
}

TEST_F(Source, IsASymbolicLinkOnlyWhereThatIsFollowed) {
    write_file(dir / "a", "x");
    std::filesystem::create_symlink("a", dir / "link");

    EXPECT_EQ(open("link").error.reason, reason::source_is_symlink);
    EXPECT_FALSE(open("link", true).error);
    EXPECT_EQ(open("link", true).snapshot.inode, test::status_of(dir / "a").st_ino);
}

TEST_F(Source, InATreeIsReachedThroughNoSymbolicLinkAtAll) {
    write_file(dir / "real" / "a", "x");
    std::filesystem::create_symlink("real", dir / "link");

    EXPECT_FALSE(open_below_root("real/a").error);
    EXPECT_EQ(open_below_root("link/a").error.reason, reason::source_is_symlink);
}

TEST_F(Source, InATreeDoesNotLeaveIt) {
    write_file(dir / "inside" / "a", "x");
    write_file(dir / "outside", "x");
    const io::unique_fd root(::open((dir / "inside").c_str(), O_RDONLY | O_DIRECTORY));

    EXPECT_TRUE(open_source({(dir / "inside").string(), "../outside"}, root.get(), false).error);
}

TEST_F(Source, IsUnreadableWithoutPermission) {
    write_file(dir / "a", "x");
    ASSERT_EQ(::chmod((dir / "a").c_str(), 0), 0);
    ASSERT_EQ(::chmod(dir.path().c_str(), 0755), 0);
    const test::ordinary_user user;
    EXPECT_EQ(open("a").error.reason, reason::source_unreadable);
}

}  // namespace
}  // namespace peerpress::jobs
