// Everything that can be wrong with what a job is given: one clear reason, nothing lost, nothing
// left.
#include "job_fixture.hpp"

#include <sys/resource.h>
#include <sys/socket.h>

#include <csignal>

namespace peerpress::jobs {
namespace {

using test::listing;
using test::read_file;
using test::some_text;
using test::write_file;
using testing::HasSubstr;

class JobBadInput : public JobTest {
protected:
    // The job fails with this reason and the directory is as it was.
    void expect_refused(const job_spec& spec, reason why) {
        const auto before = listing(dir.path());

        const job_outcome outcome = run(spec);

        EXPECT_EQ(outcome.state, job_state::failed);
        EXPECT_EQ(reason_name(outcome.error.reason), reason_name(why)) << outcome.error.message;
        EXPECT_FALSE(outcome.error.message.empty());
        EXPECT_EQ(outcome.error.message.find('\n'), std::string::npos) << "one line";
        EXPECT_EQ(listing(dir.path()), before);
    }
    void expect_corrupt(const std::string& content, reason why, const std::string& message = "") {
        write_file(dir / "bad.gz", content);
        expect_refused(decompressing({"bad.gz"}), why);
        EXPECT_THAT(observer->results.at(0).error.message, HasSubstr(message));
    }
    std::string gzip_of(const std::string& text) {
        write_gzip(dir / "made.gz", text);
        std::string content = read_file(dir / "made.gz");
        std::filesystem::remove(dir / "made.gz");
        return content;
    }
};

TEST_F(JobBadInput, MissingSource) {
    expect_refused(compressing({"none"}), reason::source_not_found);
    EXPECT_THAT(observer->results.at(0).error.message, HasSubstr(path("none")));
}

TEST_F(JobBadInput, UnreadableSource) {
    write_file(dir / "a", "x");
    ASSERT_EQ(::chmod((dir / "a").c_str(), 0), 0);
    ASSERT_EQ(::chmod(dir.path().c_str(), 0777), 0);
    const test::ordinary_user user;
    expect_refused(compressing({"a"}), reason::source_unreadable);
}

TEST_F(JobBadInput, DirectoryAsSource) {
    write_file(dir / "tree" / "a", "x");
    expect_refused(compressing({"tree"}), reason::source_is_directory);
}

TEST_F(JobBadInput, FifoDeviceAndSocketAsSource) {
    ASSERT_EQ(::mkfifo((dir / "fifo").c_str(), 0600), 0);
    expect_refused(compressing({"fifo"}), reason::source_not_regular);
    job_spec device = compressing({});
    device.sources = {"/dev/zero"};
    device.destination = path("zero.gz");
    expect_refused(device, reason::source_not_regular);
}

TEST_F(JobBadInput, SymlinkAsSource) {
    write_file(dir / "a", "x");
    std::filesystem::create_symlink("a", dir / "link");
    expect_refused(compressing({"link"}), reason::source_is_symlink);
}

TEST_F(JobBadInput, SymlinkLoopEvenWhenFollowed) {
    std::filesystem::create_symlink("loop", dir / "loop");
    job_spec spec = compressing({"loop"});
    spec.follow_symlinks = true;
    const auto before = listing(dir.path());
    EXPECT_EQ(run(spec).state, job_state::failed);
    EXPECT_EQ(listing(dir.path()), before);
}

TEST_F(JobBadInput, SourceThatIsItsDestination) {
    write_file(dir / "a", "x");
    for (const bool overwrite : {false, true}) {
        job_spec spec = compressing({"a"});
        spec.overwrite = overwrite;
        spec.destination = path("a");
        expect_refused(spec, reason::source_is_output);
        spec.destination = path("./a");
        expect_refused(spec, reason::source_is_output);
    }
}

TEST_F(JobBadInput, SourceThatIsItsDestinationByHardLink) {
    write_file(dir / "a", "x");
    std::filesystem::create_hard_link(dir / "a", dir / "a.gz");
    job_spec spec = compressing({"a"});
    expect_refused(spec, reason::source_is_output);
    spec.overwrite = true;
    expect_refused(spec, reason::source_is_output);
}

TEST_F(JobBadInput, DestinationThatExists) {
    write_file(dir / "a", "x");
    write_file(dir / "a.gz", "somebody's");
    expect_refused(compressing({"a"}), reason::output_exists);
    EXPECT_EQ(exit_code(run(compressing({"a"}))), 2);
}

TEST_F(JobBadInput, DestinationThatAppearsMeanwhile) {
    write_file(dir / "a", some_text(1000));
    on_step = [&](step done, const std::string&) {
        if (done == step::sealed) write_file(dir / "a.gz", "somebody's");
    };

    EXPECT_EQ(run(compressing({"a"})).error.reason, reason::output_exists);

    EXPECT_EQ(listing(dir.path()).size(), 2u);
    EXPECT_EQ(read_file(dir / "a.gz"), "somebody's");
}

TEST_F(JobBadInput, DestinationThatIsNoFile) {
    write_file(dir / "a", "x");
    std::filesystem::create_directory(dir / "directory");
    write_file(dir / "target", "keep");
    std::filesystem::create_symlink("target", dir / "link");
    for (const char* name : {"directory", "link"}) {
        job_spec spec = compressing({"a"});
        spec.destination = path(name);
        spec.overwrite = true;
        expect_refused(spec, reason::output_unwritable);
    }
}

TEST_F(JobBadInput, DestinationInADirectoryThatIsNotThere) {
    write_file(dir / "a", "x");
    job_spec spec = compressing({"a"});
    spec.destination = path("none/a.gz");
    expect_refused(spec, reason::output_unwritable);
}

TEST_F(JobBadInput, DestinationThatMayNotBeWritten) {
    write_file(dir / "closed" / "a", "x");
    ASSERT_EQ(::chmod((dir / "closed").c_str(), 0555), 0);
    ASSERT_EQ(::chmod((dir / "closed/a").c_str(), 0444), 0);
    ASSERT_EQ(::chmod(dir.path().c_str(), 0755), 0);
    const test::ordinary_user user;
    expect_refused(compressing({"closed/a"}), reason::output_unwritable);
}

TEST_F(JobBadInput, FileLargerThanTheLimitOnFileSizes) {
    // Does not compress, so that the output passes the limit.
    std::string noise(400'000, '\0');
    std::uint32_t state = 1;
    for (char& byte : noise)
        byte = static_cast<char>((state = state * 1664525u + 1013904223u) >> 24);
    write_file(dir / "a", noise);
    rlimit old{};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &old), 0);
    rlimit small = old;
    small.rlim_cur = 100'000;
    const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);

    expect_refused(compressing({"a"}), reason::file_too_large);

    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &old), 0);
    std::signal(SIGXFSZ, old_handler);
}

TEST_F(JobBadInput, SourceThatChangesWhileItIsRead) {
    write_file(dir / "a", some_text(300'000));
    on_step = [&](step done, const std::string&) {
        if (done == step::data_written) write_file(dir / "a", "rewritten");
    };

    EXPECT_EQ(run(compressing({"a"})).error.reason, reason::source_changed);

    EXPECT_EQ(listing(dir.path()), (std::map<std::string, std::string>{{"a", "rewritten"}}));
}

TEST_F(JobBadInput, SourceWhoseTimeIsSetBackAfterAChange) {
    const std::string text = some_text(1000);
    write_file(dir / "a", text);
    const struct stat before = test::status_of(dir / "a");
    on_step = [&](step done, const std::string&) {
        if (done != step::data_written) return;
        write_file(dir / "a", std::string(text.size(), 'z'));
        const timespec times[2] = {before.st_atim, before.st_mtim};
        ::utimensat(AT_FDCWD, (dir / "a").c_str(), times, 0);
    };

    EXPECT_EQ(run(compressing({"a"})).error.reason, reason::source_changed);

    EXPECT_FALSE(std::filesystem::exists(dir / "a.gz"));
}

TEST_F(JobBadInput, TruncatedFile) {
    std::string content = gzip_of(some_text(100'000));
    content.resize(content.size() - 10);
    expect_corrupt(content, reason::corrupt_input, "member 0");
}

TEST_F(JobBadInput, CorruptedData) {
    std::string content = gzip_of(some_text(100'000));
    for (std::size_t at = 100; at < 140; ++at) content[at] = static_cast<char>(~content[at]);
    write_file(dir / "bad.gz", content);
    const auto before = listing(dir.path());
    const job_outcome outcome = run(decompressing({"bad.gz"}));
    EXPECT_EQ(outcome.state, job_state::failed);
    EXPECT_EQ(exit_code(outcome), 1);
    EXPECT_THAT(outcome.error.message, HasSubstr("member 0"));
    EXPECT_EQ(listing(dir.path()), before);
}

TEST_F(JobBadInput, WrongChecksum) {
    std::string content = gzip_of("some data");
    content[content.size() - 8] ^= 1;
    expect_corrupt(content, reason::checksum_mismatch, "member 0");
}

TEST_F(JobBadInput, WrongSize) {
    std::string content = gzip_of("some data");
    content[content.size() - 4] ^= 1;
    expect_corrupt(content, reason::corrupt_input, "member 0");
}

TEST_F(JobBadInput, SecondMemberThatIsBad) {
    const std::string first = gzip_of("first");
    std::string second = gzip_of("second");
    second[second.size() - 8] ^= 1;
    expect_corrupt(first + second, reason::checksum_mismatch,
                   "offset " + std::to_string(first.size()));
}

TEST_F(JobBadInput, EmptyFile) {
    write_file(dir / "bad.gz", "");
    const auto before = listing(dir.path());
    EXPECT_EQ(exit_code(run(decompressing({"bad.gz"}))), 1);
    EXPECT_EQ(listing(dir.path()), before);
}

TEST_F(JobBadInput, UnknownFormat) {
    expect_corrupt("this is no compressed file at all", reason::unknown_format);
}

TEST_F(JobBadInput, TrailingGarbageIsAWarningAndItsSourceStays) {
    write_file(dir / "a.gz", gzip_of("the data") + "garbage");
    job_spec spec = decompressing({"a.gz"});
    spec.remove_sources = true;

    const job_outcome outcome = run(spec);

    EXPECT_EQ(outcome.state, job_state::succeeded);
    EXPECT_EQ(exit_code(outcome), 2);
    EXPECT_EQ(result_of("a.gz").warnings.at(0).reason, reason::trailing_garbage);
    EXPECT_EQ(read_file(dir / "a"), "the data");
    EXPECT_TRUE(std::filesystem::exists(dir / "a.gz"));
}

TEST_F(JobBadInput, ZipBomb) {
    write_gzip(dir / "bomb.gz", std::string(30'000'000, '\0'));
    job_spec spec = decompressing({"bomb.gz"});
    spec.output_bytes_max = 1'000'000;
    expect_refused(spec, reason::output_limit);
}

TEST_F(JobBadInput, LevelOutsideTheRange) {
    write_file(dir / "a", "x");
    job_spec spec = compressing({"a"});
    spec.level = 13;
    expect_refused(spec, reason::invalid_argument);
}

TEST_F(JobBadInput, MembersLargerThanASlot) {
    write_file(dir / "a", "x");
    job_spec spec = compressing({"a"});
    spec.member_bytes = 16 << 20;
    expect_refused(spec, reason::invalid_argument);
}

TEST_F(JobBadInput, TwoJobsForOneOutput) {
    if (default_opener())
        GTEST_SKIP() << "waits in a hook, on the lane's thread then; OpenerServer has the same";
    write_file(dir / "a", some_text(1000));
    std::promise<void> first_created;
    std::promise<void> second_ended;
    std::shared_future<void> may_go_on = second_ended.get_future().share();
    on_step = [&](step done, const std::string&) {
        if (done != step::output_created) return;
        first_created.set_value();
        may_go_on.wait();
    };
    const auto first_observer_keeper = [this] { return std::move(observer); };
    std::future<job_outcome> first = start(compressing({"a"}));
    first_created.get_future().wait();
    const std::unique_ptr<recording_observer> first_observer = first_observer_keeper();
    const std::unique_ptr<job_progress> first_progress = std::move(progress);
    on_step = {};

    EXPECT_EQ(run(compressing({"a"})).error.reason, reason::output_busy);
    second_ended.set_value();

    EXPECT_EQ(finish(std::move(first)).state, job_state::succeeded);
    EXPECT_EQ(gunzipped(dir / "a.gz"), some_text(1000));
}

TEST_F(JobBadInput, TwoSourcesForOneOutput) {
    write_file(dir / "x" / "a", "one");
    write_file(dir / "y" / "a", "two");
    job_spec spec = compressing({"x/a", "y/a"});
    spec.destination_dir = path("out");
    spec.overwrite = true;

    EXPECT_EQ(run(spec).state, job_state::partial);

    EXPECT_EQ(result_of("y/a").error.reason, reason::output_busy);
    EXPECT_THAT(result_of("y/a").error.message, HasSubstr(path("x/a")));
    EXPECT_EQ(gunzipped(dir / "out" / "a.gz"), "one");
}

TEST_F(JobBadInput, TwoTreesForOneDirectory) {
    write_file(dir / "x" / "t" / "a", "one");
    write_file(dir / "y" / "t" / "b", "two");
    job_spec spec = compressing({"x/t", "y/t"});
    spec.recursive = true;
    spec.destination_dir = path("out");

    EXPECT_EQ(run(spec).state, job_state::partial);

    EXPECT_EQ(result_of("y/t").error.reason, reason::output_busy);
}

TEST_F(JobBadInput, OneBadFileDoesNotStopTheOthers) {
    for (int index = 0; index < 30; ++index)
        write_gzip(dir / "tree" / (std::to_string(index) + ".gz"), some_text(5000));
    write_file(dir / "tree" / "bad.gz", "no gzip at all, but long enough");
    job_spec spec = decompressing({"tree"});
    spec.recursive = true;

    const job_outcome outcome = run(spec);

    EXPECT_EQ(outcome.state, job_state::partial);
    EXPECT_EQ(exit_code(outcome), 3);
    EXPECT_THAT(outcome.error.message, HasSubstr("1 of 31 files failed"));
    EXPECT_EQ(progress->files_done, 30u);
    EXPECT_EQ(progress->files_failed, 1u);
    EXPECT_FALSE(std::filesystem::exists(dir / "tree" / "bad"));
    EXPECT_EQ(read_file(dir / "tree" / "7"), some_text(5000));
}

TEST_F(JobBadInput, SymlinkSwappedForADirectoryOfATree) {
    write_file(dir / "tree" / "sub" / "a", "inside");
    write_file(dir / "secret" / "a", "outside");
    job_spec spec = compressing({"tree"});
    spec.recursive = true;
    spec.destination_dir = path("out");
    // Between the walk, which found sub/a, and its opening.
    history.prepared = [&](const std::string&) -> std::optional<prepared_file> {
        std::filesystem::rename(dir / "tree" / "sub", dir / "moved");
        std::filesystem::create_directory_symlink(dir / "secret", dir / "tree" / "sub");
        return std::nullopt;
    };

    EXPECT_EQ(run(spec).state, job_state::failed);

    EXPECT_EQ(only_reason(), reason::source_is_symlink);
    EXPECT_FALSE(std::filesystem::exists(dir / "out" / "tree" / "sub" / "a.gz"));
}

}  // namespace
}  // namespace peerpress::jobs
