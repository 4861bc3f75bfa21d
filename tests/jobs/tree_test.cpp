#include "jobs/tree.hpp"

#include "everyones_place.hpp"
#include "files.hpp"

#include <gmock/gmock.h>

#include <set>

namespace peerpress::jobs {
namespace {

using testing::UnorderedElementsAre;

class Tree : public testing::Test {
protected:
    std::vector<tree_entry> walk(std::size_t entries_max = 100) {
        tree_walk tree(directories.root(dir.path().string(), false).value());
        std::vector<tree_entry> all;
        for (bool ended = false; !ended;) {
            tree_page page = tree.next(entries_max);
            EXPECT_LE(page.entries.size(), entries_max);
            for (tree_entry& entry : page.entries) all.push_back(std::move(entry));
            ended = page.ended;
        }
        return all;
    }
    std::vector<std::string> files(std::size_t entries_max = 100) {
        std::vector<std::string> names;
        for (const tree_entry& entry : walk(entries_max))
            if (entry.kind == entry_kind::file) names.push_back(entry.relative);
        return names;
    }

    test::temp_dir dir{test::everyones_place()};
    directory_cache directories;
};

TEST_F(Tree, FindsEveryFileOnceWhateverThePageSize) {
    std::set<std::string> made;
    for (int index = 0; index < 60; ++index) {
        const std::string name = "d" + std::to_string(index % 7) + "/e" +
                                 std::to_string(index % 3) + "/f" + std::to_string(index);
        test::write_file(dir / name, "x");
        made.insert(name);
    }
    for (const std::size_t entries_max : {1u, 3u, 100u}) {
        const std::vector<std::string> found = files(entries_max);
        EXPECT_EQ(found.size(), made.size());
        EXPECT_EQ(std::set<std::string>(found.begin(), found.end()), made);
    }
}

TEST_F(Tree, FollowsNoSymbolicLink) {
    test::write_file(dir / "real" / "a", "x");
    std::filesystem::create_directory_symlink("real", dir / "loop");
    std::filesystem::create_directory_symlink("..", dir / "real" / "up");

    EXPECT_THAT(files(), UnorderedElementsAre("real/a"));
}

TEST_F(Tree, ReportsOtherThingsThanFilesAsSuch) {
    test::write_file(dir / "a", "xyz");
    std::filesystem::create_symlink("a", dir / "link");
    ASSERT_EQ(::mkfifo((dir / "fifo").c_str(), 0600), 0);

    std::map<std::string, entry_kind> kinds;
    for (const tree_entry& entry : walk()) kinds[entry.relative] = entry.kind;

    EXPECT_EQ(kinds, (std::map<std::string, entry_kind>{{"a", entry_kind::file},
                                                        {"link", entry_kind::other},
                                                        {"fifo", entry_kind::other}}));
}

TEST_F(Tree, TellsSizes) {
    test::write_file(dir / "a", "12345");
    ASSERT_EQ(walk().size(), 1u);
    EXPECT_EQ(walk().front().size_bytes, 5u);
}

TEST_F(Tree, DoesNotSeeTemporariesOfOurs) {
    test::write_file(dir / ".peerpress-job-1-1.partial", "x");
    test::write_file(dir / ".hidden", "x");
    EXPECT_THAT(files(), UnorderedElementsAre(".hidden"));
}

TEST_F(Tree, GoesOnAfterADirectoryItCannotRead) {
    test::write_file(dir / "a" / "f", "x");
    test::write_file(dir / "b" / "f", "x");
    ASSERT_EQ(::chmod(dir.path().c_str(), 0755), 0);
    ASSERT_EQ(::chmod((dir / "b").c_str(), 0), 0);
    std::map<std::string, entry_kind> kinds;
    {
        const test::ordinary_user user;
        for (const tree_entry& entry : walk()) kinds[entry.relative] = entry.kind;
    }

    EXPECT_EQ(kinds, (std::map<std::string, entry_kind>{{"a/f", entry_kind::file},
                                                        {"b", entry_kind::problem}}));
}

TEST_F(Tree, IsWalkedToAnyDepthThatAPathReaches) {
    std::filesystem::path deep = dir.path();
    for (int level = 0; level < 300; ++level) deep /= "d";
    test::write_file(deep / "f", "x");

    EXPECT_EQ(files().size(), 1u);
}

TEST_F(Tree, VisitsMoreSubdirectoriesThanItRemembers) {
    for (int index = 0; index < 2500; ++index)
        std::filesystem::create_directory(dir / ("d" + std::to_string(index)));
    test::write_file(dir / "d2400" / "f", "x");
    test::write_file(dir / "d1" / "f", "x");

    EXPECT_THAT(files(), UnorderedElementsAre("d2400/f", "d1/f"));
}

}  // namespace
}  // namespace peerpress::jobs
