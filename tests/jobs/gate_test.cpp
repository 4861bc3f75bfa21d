#include "jobs/gate.hpp"

#include "files.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>

namespace peerpress::jobs {
namespace {

namespace fs = std::filesystem;

class Gate : public testing::Test {
protected:
    Gate() {
        fs::create_directories(directory_ / "root/sub");
        write_file("root/file");
        write_file("root/sub/file");
        write_file("secret");
        fs::create_symlink("file", directory_ / "root/inner");
        fs::create_symlink("../secret", directory_ / "root/outer");
        fs::create_symlink(directory_ / "root/file", directory_ / "root/absolute");
        fs::create_directory_symlink("..", directory_ / "root/up");
    }

    void write_file(const std::string& name) { std::ofstream(directory_ / name) << name; }
    std::string at(const std::string& name) const { return directory_ / name; }
    gate below_root() const {
        return gate({.roots = std::make_shared<root_set>(std::vector<std::string>{at("root")})});
    }
    // 0: opened; else why not.
    static int opening(const gate& through, const std::string& path, int flags = O_RDONLY) {
        errno = 0;
        return through.open(path, flags | O_CLOEXEC) ? 0 : errno;
    }

    test::temp_dir directory_;
};

TEST_F(Gate, StaysBelowItsRootsWhateverNamesSay) {
    const gate through = below_root();

    for (const char* inside :
         {"root/file", "root/sub/file", "root//sub/./file", "root/inner", "root/sub/../file"})
        EXPECT_EQ(opening(through, at(inside)), 0) << inside;
    for (const char* outside : {"secret", "root/outer", "root/absolute", "root/../secret",
                                "root/up/secret", "root/sub/../../secret", "rootless"})
        EXPECT_EQ(opening(through, at(outside)), EXDEV) << outside;
    EXPECT_EQ(opening(through, "root/file"), EXDEV);
    EXPECT_EQ(opening(through, at("root"), O_RDONLY | O_DIRECTORY), 0);
}

TEST_F(Gate, MakesLooksAtAndRemovesOnlyThereToo) {
    const gate through = below_root();
    struct stat status{};

    EXPECT_TRUE(through.make_directory(at("root/new"), 0700));
    EXPECT_FALSE(through.make_directory(at("root/up/new"), 0700));
    EXPECT_FALSE(fs::exists(at("new")));
    EXPECT_TRUE(through.status(at("root/inner"), true, status));
    EXPECT_TRUE(S_ISREG(status.st_mode));
    EXPECT_TRUE(through.status(at("root/outer"), false, status));
    EXPECT_TRUE(S_ISLNK(status.st_mode));
    EXPECT_FALSE(through.status(at("root/outer"), true, status));
    EXPECT_FALSE(through.remove(at("root/up/secret")));
    EXPECT_TRUE(fs::exists(at("secret")));
    EXPECT_TRUE(through.remove(at("root/outer")));
    EXPECT_TRUE(fs::exists(at("secret")));
    EXPECT_FALSE(fs::is_symlink(at("root/outer")));
}

TEST_F(Gate, KeepsTheRootThatItOpened) {
    const gate through = below_root();

    fs::rename(at("root"), at("moved"));
    fs::create_directory(at("root"));
    write_file("root/bait");

    EXPECT_EQ(opening(through, at("root/bait")), ENOENT);
    EXPECT_EQ(opening(through, at("root/file")), 0);
}

TEST_F(Gate, TakesTheNearestOfItsRoots) {
    const root_set roots({at("root"), at("root/sub")});

    EXPECT_EQ(roots.find(at("root/sub/file"))->root, at("root/sub"));
    EXPECT_EQ(roots.find(at("root/sub/file"))->relative, "file");
    EXPECT_EQ(roots.find(at("root/subs"))->root, at("root"));
    EXPECT_EQ(roots.find(at("root/sub"))->relative, ".");
    EXPECT_FALSE(roots.find(at("rooted")));
    EXPECT_EQ(root_set({"/"}).find("/etc")->relative, "etc");
    EXPECT_THROW(root_set({at("nowhere")}), system_error);
}

// A thread of the server's is let into /proc/self, where a caller would find the server's files.
TEST_F(Gate, TakesNothingFromProc) {
    const gate through{guard{}};
    const io::unique_fd ours(::open(at("secret").c_str(), O_RDONLY));
    const std::string number = std::to_string(ours.get());

    EXPECT_EQ(opening(through, "/proc/self/fd/" + number), ELOOP);
    EXPECT_EQ(opening(through, "/proc/thread-self/fd/" + number), ELOOP);
    EXPECT_EQ(opening(through, "/dev/fd/" + number), ELOOP);
    EXPECT_EQ(opening(through, "/proc/self/root" + at("secret")), ELOOP);
    EXPECT_EQ(opening(through, "/proc/self/cwd", O_RDONLY | O_DIRECTORY), ELOOP);
    for (const char* ours_alone : {"/proc/self/maps", "/proc/self/environ", "/proc/self/mem"})
        EXPECT_EQ(opening(through, ours_alone), EXDEV) << ours_alone;
    EXPECT_EQ(opening(through, at("secret")), 0);
    EXPECT_EQ(opening(gate(), "/proc/self/fd/" + number), 0)
        << "the command line's own gate is open";
}

TEST_F(Gate, KeepsWhatIsOutOfBounds) {
    const gate through({.out_of_bounds = {fs::canonical(at("root/sub"))}});

    EXPECT_EQ(opening(through, at("root/sub/file")), EXDEV);
    EXPECT_EQ(opening(through, at("root/sub"), O_RDONLY | O_DIRECTORY), EXDEV);
    EXPECT_EQ(opening(through, at("root/up/root/sub/file")), EXDEV);
    EXPECT_FALSE(through.make_directory(at("root/sub/new"), 0700));
    EXPECT_FALSE(through.remove(at("root/sub/file")));
    EXPECT_TRUE(fs::exists(at("root/sub/file")));
    EXPECT_EQ(opening(through, at("root/file")), 0);
    fs::create_directory(at("root/subway"));
    EXPECT_EQ(opening(through, at("root/subway"), O_RDONLY | O_DIRECTORY), 0);
    const io::unique_fd inside(::open(at("root/sub/file").c_str(), O_RDONLY));
    EXPECT_FALSE(through.admits(inside.get()));
}

}  // namespace
}  // namespace peerpress::jobs
