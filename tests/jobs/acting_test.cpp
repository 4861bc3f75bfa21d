// Jobs that act for somebody else. They take root, to have somebody to act for.
#include "job_fixture.hpp"
#include "jobs/become.hpp"
#include "jobs/opener.hpp"
#include "jobs/problem_error.hpp"
#include "support/as_user.hpp"

#include <linux/capability.h>
#include <sys/syscall.h>
#include <sys/xattr.h>

#include <atomic>
#include <mutex>

namespace peerpress::jobs {
namespace {

namespace fs = std::filesystem;
using test::alice;
using test::bob;
using test::status_of;
using test::test_user;
using testing::ElementsAre;
using testing::IsEmpty;

user user_of(const test_user& who) {
    return {.uid = who.uid, .gid = who.gid, .groups = who.groups};
}

unsigned user_for_files() {
    return static_cast<unsigned>(::syscall(SYS_setfsuid, static_cast<uid_t>(-1)));
}

awaitable<unsigned> user_of_this_thread() {
    co_return user_for_files();
}

bool has_capabilities() {
    __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    __user_cap_data_struct held[_LINUX_CAPABILITY_U32S_3]{};
    ::syscall(SYS_capget, &header, held);
    return (held[0].effective | held[0].permitted | held[1].effective | held[1].permitted) != 0;
}

class ActingJob : public JobTest {
protected:
    void SetUp() override {
        if (!test::can_be_others()) GTEST_SKIP() << "takes root";
        fs::permissions(dir.path(), fs::perms(0777));
        make_context = [this](job_context& made) {
            made.act_for = [this] { return acts_with; };
            made.on_access = [this](const access& seen) {
                const std::lock_guard lock(mutex_);
                accesses.push_back(seen);
            };
        };
    }

    void give(const std::string& name, const test_user& owner, mode_t mode) const {
        ASSERT_EQ(::lchown(path(name).c_str(), owner.uid, owner.gid), 0);
        ASSERT_EQ(::chmod(path(name).c_str(), mode), 0);
    }
    void make_file(const std::string& name, const test_user& owner, mode_t mode,
                   std::string_view content = "some text, some text, some text") const {
        test::write_file(path(name), content);
        give(name, owner, mode);
    }
    void make_directory(const std::string& name, const test_user& owner, mode_t mode) const {
        fs::create_directory(path(name));
        give(name, owner, mode);
    }
    reason reason_of_running(job_spec spec) {
        run(std::move(spec));
        return only_reason();
    }

    const test_user root{};
    rights acts_with{.user = user_of(alice)};
    std::vector<access> accesses;

private:
    std::mutex mutex_;
};

TEST_F(ActingJob, MakesFilesOfItsUsers) {
    make_file("a", alice, 0640);
    ASSERT_EQ(::setxattr(path("a").c_str(), "user.colour", "blue", 4, 0), 0);

    EXPECT_EQ(run(compressing({"a"})).state, job_state::succeeded);

    const struct stat output = status_of(path("a.gz"));
    EXPECT_EQ(output.st_uid, alice.uid);
    EXPECT_EQ(output.st_gid, alice.gid);
    EXPECT_EQ(output.st_mode & 07777, 0640u);
    EXPECT_EQ(::getxattr(path("a.gz").c_str(), "user.colour", nullptr, 0), 4);
    EXPECT_TRUE(observer->results.front().warnings.empty());
}

TEST_F(ActingJob, MakesTreesOfItsUsers) {
    make_directory("tree", alice, 0755);
    make_directory("tree/sub", alice, 0755);
    make_file("tree/sub/a", alice, 0600);
    job_spec spec = compressing({"tree"});
    spec.recursive = true;
    spec.destination_dir = path("out");

    EXPECT_EQ(run(spec).state, job_state::succeeded);

    for (const auto& entry : fs::recursive_directory_iterator(path("out")))
        EXPECT_EQ(status_of(entry.path()).st_uid, alice.uid) << entry.path();
    EXPECT_EQ(status_of(path("out")).st_uid, alice.uid);
}

TEST_F(ActingJob, MakesThemWhereFilesHaveNamesFromTheStart) {
    make_file("a", alice, 0600);
    make_opener = [](opener_options options) {
        options.unnamed_outputs = false;
        return open_by_default(std::move(options));
    };

    EXPECT_EQ(run(compressing({"a"})).state, job_state::succeeded);
    EXPECT_EQ(status_of(path("a.gz")).st_uid, alice.uid);

    // And takes them away again, with the same rights.
    make_file("b", alice, 0600);
    on_step = [this](step done, const std::string&) {
        if (done == step::output_created) stop.request_stop();
    };
    run(compressing({"b"}));
    for (const auto& entry : fs::directory_iterator(dir.path()))
        EXPECT_FALSE(entry.path().filename().string().starts_with(".peerpress-")) << entry.path();
}

TEST_F(ActingJob, ReadsWhatItsUserMayRead) {
    make_file("others", bob, 0604);
    make_file("group's", {.uid = 0, .gid = alice.groups.front()}, 0640);

    run(compressing({"others", "group's"}));

    for (const file_result& result : observer->results) EXPECT_FALSE(result.error);
    // What was somebody else's became the user's: only root could give it back.
    EXPECT_EQ(status_of(path("others.gz")).st_uid, alice.uid);
    EXPECT_EQ(status_of(path("group's.gz")).st_gid, alice.groups.front());
}

TEST_F(ActingJob, ReadsNothingElse) {
    make_file("roots", root, 0600);
    make_file("bobs", bob, 0600);
    make_directory("closed", root, 0700);
    make_file("closed/open", root, 0644);
    make_directory("listed", root, 0700);
    make_file("listed/file", alice, 0600);
    const auto before = test::listing(dir.path());

    EXPECT_EQ(reason_of_running(compressing({"roots"})), reason::source_unreadable);
    EXPECT_EQ(reason_of_running(compressing({"bobs"})), reason::source_unreadable);
    EXPECT_EQ(reason_of_running(compressing({"closed/open"})), reason::source_unreadable);
    job_spec tree = compressing({"listed"});
    tree.recursive = true;
    EXPECT_EQ(reason_of_running(tree), reason::source_unreadable);

    EXPECT_EQ(test::listing(dir.path()), before);
}

TEST_F(ActingJob, WritesAndRemovesNothingElse) {
    make_file("a", alice, 0644);
    make_directory("roots", root, 0755);
    make_file("roots/b", root, 0644);
    make_directory("shared", root, 01777);
    make_file("shared/c.gz", bob, 0666, "bob's");
    const auto before = test::listing(dir.path());

    job_spec elsewhere = compressing({"a"});
    elsewhere.destination = path("roots/a.gz");
    EXPECT_EQ(reason_of_running(elsewhere), reason::output_unwritable);
    elsewhere.destination.clear();
    elsewhere.destination_dir = path("roots/new");
    EXPECT_EQ(reason_of_running(elsewhere), reason::output_unwritable);
    job_spec over = compressing({"a"});
    over.destination = path("shared/c.gz");
    over.overwrite = true;
    EXPECT_EQ(reason_of_running(over), reason::output_unwritable);
    job_spec taking = compressing({"roots/b"});
    taking.destination = path("b.gz");
    taking.remove_sources = true;
    run(taking);
    ASSERT_EQ(observer->results.size(), 1u);
    EXPECT_EQ(observer->results.front().warnings.size(), 1u) << "b could not be removed";

    fs::remove(path("b.gz"));
    EXPECT_EQ(test::listing(dir.path()), before);
}

TEST_F(ActingJob, ActsOnItsOwnThreadsAlone) {
    if (default_opener()) GTEST_SKIP() << "its threads are not to be seen from here";
    make_file("a", alice, 0600);
    std::atomic<int> steps{0};
    on_step = [&](step done, const std::string&) {
        if (done != step::output_created && done != step::sealed && done != step::output_published)
            return;
        ++steps;
        EXPECT_EQ(user_for_files(), alice.uid);
        EXPECT_FALSE(has_capabilities());
        EXPECT_EQ(::getuid(), 0u) << "or its user could kill the server";
        EXPECT_EQ(::geteuid(), 0u);
        std::vector<gid_t> groups(8);
        groups.resize(static_cast<std::size_t>(::getgroups(8, groups.data())));
        EXPECT_EQ(groups, alice.groups);
        // The lane waits for us: it is somebody else.
        EXPECT_EQ(asio::co_spawn(lane.executor(), user_of_this_thread(), asio::use_future).get(),
                  0u);
    };

    EXPECT_EQ(run(compressing({"a"})).state, job_state::succeeded);

    EXPECT_EQ(steps, 3);
    EXPECT_EQ(user_for_files(), 0u);
    EXPECT_TRUE(has_capabilities());
}

TEST_F(ActingJob, OfNobodyEndsWithTheReason) {
    make_file("a", alice, 0600);
    make_context = [](job_context& made) {
        made.act_for = []() -> rights {
            throw problem_error({reason::permission_denied, "user 220001 is gone"});
        };
    };

    try {
        run(compressing({"a"}));
        FAIL() << "ran for nobody";
    } catch (const problem_error& e) {
        EXPECT_EQ(e.problem().reason, reason::permission_denied);
    }
    EXPECT_FALSE(fs::exists(path("a.gz")));
}

TEST_F(ActingJob, StaysBelowItsRootsAndOutOfWhatIsForNobody) {
    acts_with.user = user_of(root);
    make_directory("served", root, 0755);
    make_file("served/a", root, 0644);
    make_file("other", root, 0644);
    make_directory("served/state", root, 0700);
    make_file("served/state/jobs.sqlite3", root, 0644);
    acts_with.roots = std::make_shared<const root_set>(std::vector<std::string>{path("served")});
    const auto guarded = make_context;
    make_context = [&](job_context& made) {
        guarded(made);
        made.out_of_bounds = {fs::canonical(path("served/state"))};
    };

    EXPECT_EQ(run(compressing({"served/a"})).state, job_state::succeeded);
    EXPECT_EQ(reason_of_running(compressing({"other"})), reason::permission_denied);
    EXPECT_EQ(reason_of_running(compressing({"served/state/jobs.sqlite3"})),
              reason::permission_denied);
    job_spec out = decompressing({"served/a.gz"});
    out.destination = path("a");
    EXPECT_EQ(reason_of_running(out), reason::permission_denied);
    out.destination = path("served/state/a");
    EXPECT_EQ(reason_of_running(out), reason::permission_denied);
    job_spec tree = compressing({"served"});
    tree.recursive = true;
    tree.overwrite = true;
    run(tree);
    EXPECT_EQ(result_of("served/state/jobs.sqlite3").error.reason, reason::permission_denied);
    EXPECT_FALSE(fs::exists(path("served/state/jobs.sqlite3.gz")));
}

TEST_F(ActingJob, TellsWhatItWasLetDo) {
    make_file("a", alice, 0600);
    make_file("b", bob, 0600);

    run(compressing({"a"}));

    ASSERT_EQ(accesses.size(), 2u);
    EXPECT_EQ(accesses[0].kind, access_kind::read);
    EXPECT_EQ(accesses[0].path, path("a"));
    EXPECT_EQ(accesses[0].inode, status_of(path("a")).st_ino);
    EXPECT_EQ(accesses[0].device, status_of(path("a")).st_dev);
    EXPECT_FALSE(accesses[0].error);
    EXPECT_EQ(accesses[1].kind, access_kind::write);
    EXPECT_EQ(accesses[1].path, path("a.gz"));
    EXPECT_EQ(accesses[1].inode, status_of(path("a.gz")).st_ino);

    accesses.clear();
    run(compressing({"b"}));
    ASSERT_EQ(accesses.size(), 1u);
    EXPECT_EQ(accesses[0].error.reason, reason::source_unreadable);
    EXPECT_EQ(accesses[0].inode, 0u);
}

TEST(FindUser, KnowsWhomTheDatabaseKnows) {
    const auto root = find_user(0);
    ASSERT_TRUE(root);
    EXPECT_EQ(root->uid, 0u);
    EXPECT_EQ(find_user("root"), root);
    EXPECT_FALSE(find_user(alice.uid));
    EXPECT_FALSE(find_user("nobody of that name"));
    // A group that the user is not in is not kept.
    EXPECT_EQ(find_user(0, 220010)->gid, root->gid);
}

}  // namespace
}  // namespace peerpress::jobs
