#include "jobs/output.hpp"

#include "files.hpp"

#include <gmock/gmock.h>

#include <ctime>

namespace peerpress::jobs {
namespace {

using test::listing;
using test::read_file;
using test::write_file;

// Every behaviour holds for files without a name and for hidden ones.
class Output : public testing::TestWithParam<bool> {
protected:
    Output() {
        options.unnamed_allowed = GetParam();
        options.tag = "job";
        options.run = "2";
        options.outputs = make_output_registry();
        begin_job();
    }

    // What exists by now is older than the job.
    void begin_job() {
        timespec now{};
        ::clock_gettime(CLOCK_REALTIME, &now);
        options.job_started_ns = now.tv_sec * std::int64_t{1'000'000'000} + now.tv_nsec;
    }

    created_output create(const std::string& name = "a") {
        output_place at;
        at.directory = {dir.path().string(), ""};
        at.name = name;
        return create_output(directories.open(at).value(), name, source, options);
    }
    static void fill(const created_output& created, std::string_view content) {
        ASSERT_EQ(::write(created.fd.get(), content.data(), content.size()),
                  static_cast<ssize_t>(content.size()));
    }

    test::temp_dir dir;
    directory_cache directories;
    output_options options;
    source_snapshot source;
};

INSTANTIATE_TEST_SUITE_P(UnnamedAndHidden, Output, testing::Bool(),
                         [](const auto& info) { return info.param ? "Unnamed" : "Hidden"; });

TEST_P(Output, HasNoNameOfItsOwnBeforeItIsPublished) {
    const created_output created = create();
    fill(created, "data");

    EXPECT_FALSE(std::filesystem::exists(dir / "a"));
    EXPECT_EQ(listing(dir.path()).size(), GetParam() ? 0u : 1u);
    EXPECT_FALSE(created.pending->publish(created.fd.get(), {}));

    EXPECT_EQ(listing(dir.path()), (std::map<std::string, std::string>{{"a", "data"}}));
}

TEST_P(Output, LeavesNothingWhenItIsGivenUp) {
    created_output created = create();
    fill(created, "data");

    created.pending.reset();

    EXPECT_TRUE(listing(dir.path()).empty());
}

TEST_P(Output, IsReadableByItsOwnerOnlyUntilItIsComplete) {
    const created_output created = create();
    struct stat status{};
    ASSERT_EQ(::fstat(created.fd.get(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600u);
}

TEST_P(Output, IsRefusedWhereTheDestinationExists) {
    write_file(dir / "a", "old");
    EXPECT_EQ(create().error.reason, reason::output_exists);
    EXPECT_EQ(read_file(dir / "a"), "old");
}

TEST_P(Output, DoesNotReplaceADestinationThatAppearsMeanwhile) {
    created_output created = create();
    write_file(dir / "a", "somebody's");

    EXPECT_EQ(created.pending->publish(created.fd.get(), {}).reason, reason::output_exists);
    created.pending.reset();

    EXPECT_EQ(listing(dir.path()), (std::map<std::string, std::string>{{"a", "somebody's"}}));
}

TEST_P(Output, ReplacesAFileWhenTold) {
    options.overwrite = true;
    write_file(dir / "a", "old");
    begin_job();
    created_output created = create();
    ASSERT_FALSE(created.error) << created.error.message;
    fill(created, "new");
    EXPECT_EQ(read_file(dir / "a"), "old") << "until it is published";

    EXPECT_FALSE(created.pending->publish(created.fd.get(), {}));
    created.pending.reset();

    EXPECT_EQ(listing(dir.path()), (std::map<std::string, std::string>{{"a", "new"}}));
}

TEST_P(Output, NeverReplacesAnythingElseThanAFile) {
    options.overwrite = true;
    write_file(dir / "target", "x");
    std::filesystem::create_symlink("target", dir / "link");
    std::filesystem::create_directory(dir / "directory");
    ASSERT_EQ(::mkfifo((dir / "fifo").c_str(), 0600), 0);
    begin_job();

    EXPECT_EQ(create("link").error.reason, reason::output_unwritable);
    EXPECT_EQ(create("directory").error.reason, reason::output_unwritable);
    EXPECT_EQ(create("fifo").error.reason, reason::output_unwritable);
}

TEST_P(Output, NeverReplacesWhatTheJobItselfHasWritten) {
    options.overwrite = true;
    created_output first = create();
    ASSERT_FALSE(first.pending->publish(first.fd.get(), {}));
    first = {};
    // The kernel stamps files with the time of its last tick, which may lie before the job.
    const timespec later{.tv_sec = 0, .tv_nsec = 20'000'000};
    ::nanosleep(&later, nullptr);
    write_file(dir / "a", "touched after the job began");

    EXPECT_EQ(create().error.reason, reason::output_exists);
}

TEST_P(Output, IsNeverItsOwnSource) {
    write_file(dir / "source", "data");
    std::filesystem::create_hard_link(dir / "source", dir / "a");
    source = snapshot_of(test::status_of(dir / "source"));
    begin_job();

    EXPECT_EQ(create().error.reason, reason::source_is_output);
    options.overwrite = true;
    EXPECT_EQ(create().error.reason, reason::source_is_output);
    EXPECT_EQ(create("source").error.reason, reason::source_is_output);
}

TEST_P(Output, IsWrittenByOneAtATime) {
    const created_output first = create();

    EXPECT_EQ(create().error.reason, reason::output_busy);
    EXPECT_FALSE(create("another").error);
}

TEST_P(Output, IsFreeAgainOnceGivenUp) {
    created_output first = create();
    first = {};
    EXPECT_FALSE(create().error);
}

TEST_P(Output, TellsANameThatIsTooLong) {
    const problem error = create(std::string(300, 'x')).error;
    EXPECT_EQ(error.reason, reason::output_unwritable);
    EXPECT_THAT(error.message, testing::HasSubstr("too long"));
}

TEST(Leftovers, OfEarlierRunsOfTheSameJobAreRemoved) {
    test::temp_dir dir;
    directory_cache directories;
    for (const char* name : {".peerpress-job-1-1.partial", ".peerpress-job-2-1.partial",
                             ".peerpress-other-1-1.partial", "a.partial", "a"})
        write_file(dir / name, "x");
    output_place at;
    at.directory = {dir.path().string(), ""};

    remove_leftovers(*directories.open(at).value(), "job", "2");

    EXPECT_FALSE(std::filesystem::exists(dir / ".peerpress-job-1-1.partial"));
    EXPECT_EQ(listing(dir.path()).size(), 4u) << "this run's, other jobs' and other files stay";
}

TEST(TemporaryTag, HoldsNothingThatLeavesADirectory) {
    EXPECT_EQ(temporary_tag("jobs/12-ab"), "jobs-12-ab");
    EXPECT_EQ(temporary_tag("../x"), "---x");
    EXPECT_EQ(temporary_tag(""), "job");
    EXPECT_LE(temporary_tag(std::string(1000, 'a')).size(), 64u);
}

}  // namespace
}  // namespace peerpress::jobs
