#include "jobs/directory.hpp"

#include "files.hpp"
#include "jobs/directory_sync.hpp"

#include <gmock/gmock.h>
#include <sys/resource.h>
#include <unistd.h>

#include <utility>

namespace peerpress::jobs {
namespace {

using testing::ElementsAre;
using testing::UnorderedElementsAre;

class DirectoryCache : public testing::Test {
protected:
    // D/dir/x mirrors source/dir/x.
    output_place mirrored(const std::string& relative) {
        output_place at;
        at.directory = {(dir / "out").string(), relative};
        at.name = "f.gz";
        at.make_directories = true;
        at.mirrored_root = (dir / "source").string();
        at.unmirrored_components = 1;
        return at;
    }

    test::temp_dir dir;
    directory_cache cache;
};

TEST_F(DirectoryCache, GivesOneObjectForOnePlace) {
    EXPECT_EQ(cache.open(mirrored("dir/x")).value(), cache.open(mirrored("dir/x")).value());
}

TEST_F(DirectoryCache, MakesMissingDirectoriesWithTheirSourcesPermissions) {
    std::filesystem::create_directories(dir / "source" / "private" / "deep");
    ASSERT_EQ(::chmod((dir / "source" / "private").c_str(), 0700), 0);
    ASSERT_EQ(::chmod((dir / "source" / "private" / "deep").c_str(), 0550), 0);

    ASSERT_TRUE(cache.open(mirrored("source/private/deep")));

    EXPECT_EQ(test::status_of(dir / "out" / "source" / "private").st_mode & 0777, 0700u);
    EXPECT_EQ(test::status_of(dir / "out" / "source" / "private" / "deep").st_mode & 0777 & 0700,
              0700u)
        << "we have to write into it";
}

TEST_F(DirectoryCache, DoesNotFollowALinkBelowTheDestination) {
    std::filesystem::create_directories(dir / "elsewhere");
    std::filesystem::create_directories(dir / "out");
    std::filesystem::create_directory_symlink(dir / "elsewhere", dir / "out" / "dir");

    EXPECT_FALSE(cache.open(mirrored("dir/x")));
    EXPECT_TRUE(std::filesystem::is_empty(dir / "elsewhere"));
}

TEST_F(DirectoryCache, MakesNoDirectoryWhereOutputsLieBesideTheirSources) {
    output_place at;
    at.directory = {(dir / "none").string(), ""};
    EXPECT_EQ(cache.open(at).error().value(), ENOENT);
    EXPECT_FALSE(std::filesystem::exists(dir / "none"));
}

TEST_F(DirectoryCache, SyncsEachDirectoryOnceAndThoseItMadeWithTheirParents) {
    const auto x = cache.open(mirrored("dir/x")).value();
    const auto y = cache.open(mirrored("dir/y")).value();
    std::vector<std::string> synced;
    const step_hook record = [&](step done, const std::string& path) {
        EXPECT_EQ(done, step::directory_synced);
        synced.push_back(std::filesystem::relative(path, dir.path()).string());
    };
    std::vector<problem> problems(3);

    sync_directories({x, x, y}, problems, record);

    EXPECT_THAT(synced, UnorderedElementsAre("out/dir/x", "out/dir", "out", ".", "out/dir/y"));
    for (const problem& found : problems) EXPECT_FALSE(found);

    synced.clear();
    sync_directories({x}, problems, record);
    EXPECT_THAT(synced, ElementsAre("out/dir/x")) << "the way to it is durable by now";
}

TEST_F(DirectoryCache, KeepsTrackOfAnEntryThatIsNotYetDurable) {
    cache.open(mirrored("dir/x")).value();
    // More directories than the cache holds.
    for (int index = 0; index < 200; ++index)
        ASSERT_TRUE(cache.open(mirrored("old/" + std::to_string(index))));

    const auto again = cache.open(mirrored("dir/x")).value();

    EXPECT_FALSE(again->entry_durable);
    EXPECT_FALSE(again->parent->entry_durable);
    EXPECT_FALSE(again->parent->parent->entry_durable) << "the root of the outputs";
}

TEST_F(DirectoryCache, TakesNoDirectoryForDurableBecauseItIsThere) {
    std::filesystem::create_directories(dir / "out" / "dir" / "x");
    const auto x = cache.open(mirrored("dir/x")).value();
    std::vector<std::string> synced;
    const step_hook record = [&](step, const std::string& path) {
        synced.push_back(std::filesystem::relative(path, dir.path()).string());
    };
    std::vector<problem> problems(1);

    sync_directories({x}, problems, record);

    EXPECT_THAT(synced, UnorderedElementsAre("out/dir/x", "out/dir", "out"))
        << "whoever made them may not have come as far; the root is the user's";
}

TEST_F(DirectoryCache, TakesNoDirectoryForDurableThatItMadeAndCouldNotOpen) {
#ifdef __SANITIZE_ADDRESS__
    GTEST_SKIP()
        << "UndefinedBehaviorSanitizer opens a pipe to look at memory, and has no descriptor";
#endif
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    const io::unique_fd next(::dup(0));
    rlimit few = before;
    few.rlim_cur = static_cast<rlim_t>(next.get());
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
    EXPECT_EQ(cache.open(mirrored("")).error().value(), EMFILE);
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
    ASSERT_TRUE(std::filesystem::exists(dir / "out"));

    EXPECT_FALSE(cache.open(mirrored("")).value()->entry_durable);
}

TEST_F(DirectoryCache, NeverTakesForDurableWhatASyncHasLost) {
    const auto x = cache.open(mirrored("dir/x")).value();
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const io::unique_fd other_end(ends[1]);
    // Which cannot be synced.
    io::unique_fd good = std::exchange(x->parent->fd, io::unique_fd(ends[0]));
    std::vector<problem> first(1);
    sync_directories({x}, first, {});
    x->parent->fd = std::move(good);

    std::vector<problem> second(2);
    sync_directories({x, cache.open(mirrored("dir/y")).value()}, second, {});

    EXPECT_TRUE(first[0]);
    EXPECT_TRUE(second[0]) << "its entry may be gone, though a sync would succeed now";
    EXPECT_TRUE(second[1]) << "and who knows what else";
}

}  // namespace
}  // namespace peerpress::jobs
