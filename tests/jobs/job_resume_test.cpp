// A job that starts again after its process went away.
#include "job_fixture.hpp"

namespace peerpress::jobs {
namespace {

using test::listing;
using test::some_text;
using test::write_file;

class JobResume : public JobTest {
protected:
    JobResume() { resumed = true; }

    // As recorded by a run that got as far as giving the output its name.
    prepared_file published(const std::string& source) {
        const struct stat status = test::status_of(path(source + ".gz"));
        return {.source = path(source),
                .destination = path(source + ".gz"),
                .device = status.st_dev,
                .inode = status.st_ino,
                .bytes_in = std::filesystem::file_size(path(source)),
                .bytes_out = static_cast<std::uint64_t>(status.st_size),
                .crc32 = 17};
    }
    void remember(prepared_file file) {
        history.prepared = [file](const std::string& source) {
            return source == file.source ? std::optional(file) : std::nullopt;
        };
        history.unfinished = {file};
    }
};

TEST_F(JobResume, DoesNotRepeatWhatIsFinished) {
    write_file(dir / "a", "x");
    write_file(dir / "b", "y");
    history.finished = [this](const std::string& source) { return source == path("a"); };
    history.files_done = 1;

    EXPECT_EQ(run(compressing({"a", "b"})).state, job_state::succeeded);

    EXPECT_EQ(observer->results.size(), 1u);
    EXPECT_FALSE(std::filesystem::exists(dir / "a.gz"));
    EXPECT_TRUE(std::filesystem::exists(dir / "b.gz"));
}

TEST_F(JobResume, CountsWhatFailedBefore) {
    write_file(dir / "a", "x");
    history.files_failed = 1;

    EXPECT_EQ(run(compressing({"a"})).state, job_state::partial);
}

TEST_F(JobResume, TakesAPublishedOutputForDone) {
    write_file(dir / "a", some_text(1000));
    ASSERT_EQ(run(compressing({"a"})).state, job_state::succeeded);
    const prepared_file file = published("a");
    remember(file);

    EXPECT_EQ(run(compressing({"a"})).state, job_state::succeeded);

    EXPECT_EQ(test::status_of(path("a.gz")).st_ino, file.inode) << "not written again";
    EXPECT_EQ(result_of("a").crc32, 17u) << "as it was recorded";
    EXPECT_TRUE(observer->prepared.empty());
}

TEST_F(JobResume, TakesAPublishedOutputForDoneWhereItsDiskHasGotAnotherNumber) {
    write_file(dir / "a", "something");
    write_gzip(dir / "a.gz", "something");
    prepared_file recorded = published("a");
    ++recorded.device;
    remember(recorded);

    EXPECT_EQ(run(compressing({"a"})).state, job_state::succeeded);

    EXPECT_FALSE(result_of("a").error);
}

TEST_F(JobResume, RefusesADestinationThatIsSomebodyElses) {
    write_file(dir / "a", some_text(1000));
    write_file(dir / "a.gz", "somebody's");
    prepared_file file = published("a");
    file.inode += 1;
    remember(file);

    EXPECT_EQ(run(compressing({"a"})).error.reason, reason::output_exists);
}

TEST_F(JobResume, WritesAgainWhatWasPreparedButNeverNamed) {
    write_file(dir / "a", some_text(1000));
    remember({.source = path("a"), .destination = path("a.gz"), .device = 1, .inode = 2});

    EXPECT_EQ(run(compressing({"a"})).state, job_state::succeeded);

    EXPECT_EQ(gunzipped(dir / "a.gz"), some_text(1000));
}

TEST_F(JobResume, RemovesTheSourceOfAPublishedOutputIfItIsTheSame) {
    write_file(dir / "a", some_text(1000));
    ASSERT_EQ(run(compressing({"a"})).state, job_state::succeeded);
    remember(published("a"));
    job_spec spec = compressing({"a"});
    spec.remove_sources = true;

    EXPECT_EQ(run(spec).state, job_state::succeeded);

    EXPECT_FALSE(std::filesystem::exists(dir / "a"));
}

TEST_F(JobResume, KeepsTheSourceOfAPublishedOutputIfItChanged) {
    write_file(dir / "a", some_text(1000));
    ASSERT_EQ(run(compressing({"a"})).state, job_state::succeeded);
    remember(published("a"));
    write_file(dir / "a", "news");
    job_spec spec = compressing({"a"});
    spec.remove_sources = true;

    const job_outcome outcome = run(spec);

    EXPECT_TRUE(std::filesystem::exists(dir / "a"));
    EXPECT_TRUE(outcome.warned);
}

TEST_F(JobResume, TakesAMissingSourceForRemovedWhereItsOutputIsThere) {
    write_file(dir / "a", some_text(1000));
    write_file(dir / "tree" / "b", some_text(2000));
    job_spec spec = compressing({"a", "tree"});
    spec.recursive = true;
    ASSERT_EQ(run(spec).state, job_state::succeeded);
    const prepared_file a = published("a");
    const prepared_file b = published("tree/b");
    history.unfinished = {a, b};
    history.prepared = [=](const std::string& source) -> std::optional<prepared_file> {
        if (source == a.source) return a;
        if (source == b.source) return b;
        return std::nullopt;
    };
    std::filesystem::remove(dir / "a");
    std::filesystem::remove(dir / "tree" / "b");
    spec.remove_sources = true;

    const job_outcome outcome = run(spec);

    EXPECT_EQ(outcome.state, job_state::succeeded) << outcome.error.message;
    EXPECT_FALSE(result_of("a").error);
    EXPECT_FALSE(result_of("tree/b").error);
}

TEST_F(JobResume, RemovesTheTemporariesItLeft) {
    write_file(dir / "a", "x");
    write_file(dir / ".peerpress-jobs-test-123-1.partial", "half");
    write_file(dir / ".peerpress-jobs-other-123-1.partial", "another job's");

    EXPECT_EQ(run(compressing({"a"})).state, job_state::succeeded);

    EXPECT_FALSE(std::filesystem::exists(dir / ".peerpress-jobs-test-123-1.partial"));
    EXPECT_TRUE(std::filesystem::exists(dir / ".peerpress-jobs-other-123-1.partial"));
}

TEST_F(JobResume, SaysNothingOfTheOutputsThatItMadeBefore) {
    write_file(dir / "tree/a", "1");
    write_file(dir / "tree/b", "2");
    write_gzip(dir / "tree/a.gz", "1");
    write_gzip(dir / "tree/b.gz", "2");
    write_gzip(dir / "tree/somebody's.gz", "3");
    remember(published("tree/b"));
    history.finished = [this](const std::string& source) { return source == path("tree/a"); };
    job_spec spec = compressing({"tree"});
    spec.recursive = true;

    EXPECT_EQ(run(spec).state, job_state::succeeded);

    EXPECT_FALSE(result_of("tree/b").error);
    EXPECT_TRUE(result_of("tree/somebody's.gz").skipped);
    EXPECT_EQ(observer->results.size(), 2u);
}

TEST_F(JobResume, RemovesTheTemporaryOfASourceThatHasGone) {
    write_file(dir / ".peerpress-jobs-test-123-1.partial", "half");

    EXPECT_EQ(run(compressing({"a"})).state, job_state::failed);

    EXPECT_THAT(listing(dir.path()), testing::IsEmpty());
}

TEST_F(JobResume, TidiesUpAfterAJobThatWillNotRunAgain) {
    for (const char* name : {"tree/a", "tree/deep/b", "c"}) write_file(dir / name, "x");
    for (const char* where : {"tree", "tree/deep", "."})
        write_file(dir / where / ".peerpress-jobs-test-123-1.partial", "half");
    write_file(dir / "tree/.peerpress-jobs-other-123-1.partial", "another job's");
    job_spec spec = compressing({"tree", "c"});
    spec.recursive = true;
    const auto before = listing(dir.path()).size();

    tidy(spec);

    EXPECT_EQ(listing(dir.path()).size(), before - 3);
    EXPECT_TRUE(std::filesystem::exists(dir / "tree/.peerpress-jobs-other-123-1.partial"));
    EXPECT_THAT(observer->results, testing::IsEmpty());
}

TEST_F(JobResume, MakesNoDirectoryToTidyUpIn) {
    write_file(dir / "a", "x");
    job_spec spec = compressing({"a"});
    spec.destination_dir = path("nowhere");

    tidy(spec);

    EXPECT_FALSE(std::filesystem::exists(dir / "nowhere"));
}

}  // namespace
}  // namespace peerpress::jobs
