// What jobs do when all is well: single files, several, trees, options, progress.
#include "io/unique_fd.hpp"
#include "job_fixture.hpp"

#include <sys/uio.h>

namespace peerpress::jobs {
namespace {

using test::listing;
using test::read_file;
using test::some_text;
using test::write_file;
using testing::HasSubstr;

class JobRun : public JobTest {};

TEST_F(JobRun, CompressesAFileBesideItself) {
    const std::string text = some_text(300'000);
    write_file(dir / "a", text);

    const job_outcome outcome = run(compressing({"a"}));

    EXPECT_EQ(outcome.state, job_state::succeeded) << outcome.error.message;
    EXPECT_EQ(gunzipped(dir / "a.gz"), text);
    EXPECT_EQ(listing(dir.path()).size(), 2u);
    const file_result& result = result_of("a");
    EXPECT_EQ(result.destination, path("a.gz"));
    EXPECT_EQ(result.bytes_in, text.size());
    EXPECT_EQ(result.bytes_out, std::filesystem::file_size(dir / "a.gz"));
    EXPECT_EQ(result.crc32, ::crc32(0, reinterpret_cast<const Bytef*>(text.data()),
                                    static_cast<uInt>(text.size())));
}

TEST_F(JobRun, BringsEveryKindOfFileBack) {
    for (const std::size_t bytes : {0u, 1u, 4095u, 4096u, 65'536u, 65'537u, 1'000'000u})
        write_file(dir / ("in" + std::to_string(bytes)), some_text(bytes));
    job_spec there = compressing({"."});
    there.recursive = true;
    there.destination_dir = path("packed");
    ASSERT_EQ(run(there).state, job_state::succeeded);
    job_spec back = decompressing({"packed"});
    back.recursive = true;
    back.destination_dir = path("back");

    ASSERT_EQ(run(back).state, job_state::succeeded);

    for (const std::size_t bytes : {0u, 1u, 4095u, 4096u, 65'536u, 65'537u, 1'000'000u}) {
        const std::string name = "in" + std::to_string(bytes);
        const auto found = dir / "back" / "packed" / name;
        const auto mirrored = dir / "back" / "packed" / dir.path().filename() / name;
        EXPECT_EQ(read_file(std::filesystem::exists(found) ? found : mirrored), some_text(bytes));
    }
}

TEST_F(JobRun, CountsAndReportsEachFile) {
    for (int index = 0; index < 40; ++index)
        write_file(dir / "tree" / std::to_string(index), some_text(1000));
    job_spec spec = compressing({"tree"});
    spec.recursive = true;

    EXPECT_EQ(run(spec).state, job_state::succeeded);

    EXPECT_EQ(observer->results.size(), 40u);
    EXPECT_EQ(observer->prepared.size(), 40u);
    EXPECT_EQ(progress->files_total, 40u);
    EXPECT_EQ(progress->files_done, 40u);
    EXPECT_EQ(progress->files_failed, 0u);
    EXPECT_EQ(progress->bytes_total, 40'000u);
    EXPECT_EQ(progress->bytes.bytes_in, 40'000u);
    EXPECT_FALSE(progress->scanning);
}

TEST_F(JobRun, MirrorsATreeBelowTheDestination) {
    write_file(dir / "tree" / "x" / "a", some_text(10));
    write_file(dir / "tree" / "b", some_text(20));
    job_spec spec = compressing({"tree"});
    spec.recursive = true;
    spec.destination_dir = path("out");

    EXPECT_EQ(run(spec).state, job_state::succeeded);

    EXPECT_EQ(gunzipped(dir / "out" / "tree" / "x" / "a.gz"), some_text(10));
    EXPECT_EQ(gunzipped(dir / "out" / "tree" / "b.gz"), some_text(20));
    EXPECT_EQ(listing(dir / "tree").size(), 3u) << "nothing was added to the sources";
}

TEST_F(JobRun, PassesOverWhatIsCompressedAndWhatIsNoFile) {
    write_file(dir / "tree" / "a", "x");
    write_gzip(dir / "tree" / "b.gz", "y");
    std::filesystem::create_symlink("a", dir / "tree" / "link");
    job_spec spec = compressing({"tree"});
    spec.recursive = true;

    const job_outcome outcome = run(spec);

    EXPECT_EQ(outcome.state, job_state::succeeded);
    EXPECT_FALSE(outcome.warned) << "in a tree this is nothing special";
    EXPECT_TRUE(result_of("tree/b.gz").skipped);
    EXPECT_TRUE(result_of("tree/link").skipped);
    EXPECT_FALSE(result_of("tree/a").skipped);
    EXPECT_FALSE(std::filesystem::exists(dir / "tree" / "b.gz.gz"));
    EXPECT_FALSE(std::filesystem::exists(dir / "tree" / "link.gz"));
}

TEST_F(JobRun, WarnsOfASuffixWhereTheFileWasNamed) {
    write_gzip(dir / "a.gz", "x");
    write_file(dir / "b", "x");

    const job_outcome compressed = run(compressing({"a.gz"}));
    EXPECT_EQ(compressed.state, job_state::succeeded);
    EXPECT_EQ(exit_code(compressed), 2);
    EXPECT_EQ(result_of("a.gz").warnings.at(0).reason, reason::source_has_suffix);

    const job_outcome decompressed = run(decompressing({"b"}));
    EXPECT_EQ(exit_code(decompressed), 2);
    EXPECT_EQ(result_of("b").warnings.at(0).reason, reason::source_lacks_suffix);
    EXPECT_EQ(listing(dir.path()).size(), 2u);
}

TEST_F(JobRun, DecompressesOnlyKnownSuffixesInATree) {
    write_gzip(dir / "tree" / "a.gz", "one");
    write_gzip(dir / "tree" / "b.tgz", "two");
    write_file(dir / "tree" / "c", "three");
    job_spec spec = decompressing({"tree"});
    spec.recursive = true;

    EXPECT_EQ(run(spec).state, job_state::succeeded);

    EXPECT_EQ(read_file(dir / "tree" / "a"), "one");
    EXPECT_EQ(read_file(dir / "tree" / "b.tar"), "two");
    EXPECT_EQ(observer->results.size(), 2u);
}

TEST_F(JobRun, TestsWithoutWritingAnything) {
    write_gzip(dir / "a.gz", some_text(500'000));
    const auto before = listing(dir.path());
    job_spec spec = decompressing({"a.gz"});
    spec.operation = operation::test;

    EXPECT_EQ(run(spec).state, job_state::succeeded);

    EXPECT_EQ(listing(dir.path()), before);
    EXPECT_EQ(result_of("a.gz").bytes_out, 500'000u);
}

TEST_F(JobRun, OverwritesWhenTold) {
    write_file(dir / "a", "new content");
    write_file(dir / "a.gz", "old");
    job_spec spec = compressing({"a"});
    spec.overwrite = true;

    EXPECT_EQ(run(spec).state, job_state::succeeded);

    EXPECT_EQ(gunzipped(dir / "a.gz"), "new content");
    EXPECT_EQ(listing(dir.path()).size(), 2u);
}

TEST_F(JobRun, RemovesSourcesOnlyAfterTheirOutputIsThere) {
    const std::string text = some_text(200'000);
    write_file(dir / "a", text);
    job_spec spec = compressing({"a"});
    spec.remove_sources = true;
    bool output_was_there = false;
    on_step = [&](step done, const std::string&) {
        if (done == step::source_removed) output_was_there = gunzipped(dir / "a.gz") == text;
    };

    EXPECT_EQ(run(spec).state, job_state::succeeded);

    EXPECT_TRUE(output_was_there);
    EXPECT_FALSE(std::filesystem::exists(dir / "a"));
}

TEST_F(JobRun, RemovesTheSourcesOfATree) {
    for (int index = 0; index < 5; ++index)
        write_file(dir / "tree" / "sub" / std::to_string(index), some_text(100));
    job_spec spec = compressing({"tree"});
    spec.recursive = true;
    spec.remove_sources = true;

    EXPECT_EQ(run(spec).state, job_state::succeeded);

    EXPECT_EQ(listing(dir / "tree" / "sub").size(), 5u);
    EXPECT_TRUE(std::filesystem::exists(dir / "tree" / "sub" / "3.gz"));
}

TEST_F(JobRun, KeepsASourceThatChangedAfterItWasRead) {
    write_file(dir / "a", some_text(1000));
    job_spec spec = compressing({"a"});
    spec.remove_sources = true;
    on_step = [&](step done, const std::string&) {
        if (done == step::output_published) write_file(dir / "a", "news");
    };

    const job_outcome outcome = run(spec);

    EXPECT_EQ(read_file(dir / "a"), "news");
    EXPECT_EQ(exit_code(outcome), 2);
    EXPECT_EQ(result_of("a").warnings.at(0).reason, reason::source_changed);
}

TEST_F(JobRun, VerifiesEachWay) {
    write_file(dir / "a", some_text(300'000));
    for (const verification how : {verification::self, verification::full}) {
        job_spec spec = compressing({"a"});
        spec.verification = how;
        spec.overwrite = true;
        EXPECT_EQ(run(spec).state, job_state::succeeded);
        EXPECT_EQ(progress->bytes.bytes_in, 300'000u) << "verifying is no payload";
    }
    job_spec back = decompressing({"a.gz"});
    back.destination = path("b");
    back.verification = verification::full;
    EXPECT_EQ(run(back).state, job_state::succeeded);
    EXPECT_EQ(read_file(dir / "b"), some_text(300'000));
}

TEST_F(JobRun, CarriesMetadataOver) {
    write_file(dir / "a", "x");
    ASSERT_EQ(::chmod((dir / "a").c_str(), 04640), 0);
    const timespec times[2] = {{.tv_sec = 1, .tv_nsec = 2}, {.tv_sec = 3, .tv_nsec = 4}};
    ASSERT_EQ(::utimensat(AT_FDCWD, (dir / "a").c_str(), times, 0), 0);

    EXPECT_FALSE(run(compressing({"a"})).warned);

    const struct stat status = test::status_of(dir / "a.gz");
    EXPECT_EQ(status.st_mode & 07777, 0640u);
    EXPECT_EQ(status.st_mtim.tv_sec, 3);
    EXPECT_EQ(status.st_mtim.tv_nsec, 4);
}

TEST_F(JobRun, UsesTheUmaskWhereMetadataAreNotCarried) {
    write_file(dir / "a", "x");
    ASSERT_EQ(::chmod((dir / "a").c_str(), 0600), 0);
    carry_metadata = false;
    const mode_t old = ::umask(027);

    run(compressing({"a"}));

    ::umask(old);
    EXPECT_EQ(test::status_of(dir / "a.gz").st_mode & 0777, 0640u);
}

TEST_F(JobRun, FollowsASymbolicLinkWhenTold) {
    write_file(dir / "a", "content");
    std::filesystem::create_symlink("a", dir / "link");
    job_spec spec = compressing({"link"});
    spec.follow_symlinks = true;

    EXPECT_EQ(run(spec).state, job_state::succeeded);

    EXPECT_EQ(gunzipped(dir / "link.gz"), "content");
}

TEST_F(JobRun, SaysWhichWayTheBytesTook) {
    write_file(dir / "a", some_text(100'000));

    run(compressing({"a"}));

    const path_bytes way = result_of("a").paths.at(0);
    EXPECT_EQ(way.path, data_path::cpu);
    EXPECT_EQ(way.bytes, 100'000u);
    EXPECT_EQ(way.device, "software");
    EXPECT_THAT(way.reason, HasSubstr("software engine"));
}

TEST_F(JobRun, SaysWhereTheFileSystemTakesNoDirectAccess) {
    test::temp_dir memory("/dev/shm");
    write_file(memory / "a", some_text(100'000));
    job_spec spec = compressing({});
    spec.sources = {(memory / "a").string()};

    EXPECT_EQ(run(spec).state, job_state::succeeded);

    const std::string& reason = observer->results.at(0).paths.at(0).reason;
    if (reason.find("buffered") == std::string::npos)
        GTEST_SKIP() << "this kernel's tmpfs takes O_DIRECT";
    EXPECT_EQ(progress->page_cache_files, 1u);
}

TEST_F(JobRun, CommitsManyFilesWithOneSyncOfTheirDirectory) {
    for (int index = 0; index < 300; ++index)
        write_file(dir / "tree" / std::to_string(index), some_text(2000));
    job_spec spec = compressing({"tree"});
    spec.recursive = true;
    std::atomic<int> directory_syncs = 0;
    std::atomic<int> published = 0;
    on_step = [&](step done, const std::string&) {
        if (done == step::directory_synced) ++directory_syncs;
        if (done == step::output_published) ++published;
    };

    EXPECT_EQ(run(spec).state, job_state::succeeded);

    EXPECT_EQ(published, 300);
    EXPECT_EQ(directory_syncs, static_cast<int>(observer->groups.size())) << "one per group";
    EXPECT_LE(observer->groups.size(), 30u);
}

TEST_F(JobRun, BringsTwoThousandSmallFilesThrough) {
    constexpr int files = 2000;
    const auto text = [](int index) {
        return some_text(static_cast<std::size_t>(index * 7 % 9000), static_cast<unsigned>(index));
    };
    for (int index = 0; index < files; ++index)
        write_file(dir / "tree" / std::to_string(index % 20) / std::to_string(index), text(index));
    job_spec spec = compressing({"tree"});
    spec.recursive = true;
    spec.remove_sources = true;

    EXPECT_EQ(run(spec).state, job_state::succeeded);

    EXPECT_EQ(progress->files_done, static_cast<std::uint64_t>(files));
    EXPECT_EQ(listing(dir / "tree").size(), files + 20u);
    for (int index = 0; index < files; ++index)
        EXPECT_EQ(
            gunzipped(dir / "tree" / std::to_string(index % 20) / (std::to_string(index) + ".gz")),
            text(index));
}

TEST_F(JobRun, SyncsBeforeItPublishesAndTheDirectoryAfterwards) {
    write_file(dir / "a", some_text(1000));
    std::vector<step> order;
    std::mutex mutex;
    on_step = [&](step done, const std::string&) {
        const std::lock_guard lock(mutex);
        order.push_back(done);
    };

    run(compressing({"a"}));

    EXPECT_THAT(order,
                testing::ElementsAre(step::output_created, step::data_written, step::sealed,
                                     step::data_synced, step::prepared_told, step::output_published,
                                     step::directory_synced, step::finished_told));
}

TEST_F(JobRun, SyncsNothingWhereDurabilityIsNotAskedFor) {
    write_file(dir / "a", some_text(1000));
    durable = false;
    std::atomic<int> syncs = 0;
    on_step = [&](step done, const std::string&) {
        if (done == step::data_synced || done == step::directory_synced) ++syncs;
    };

    EXPECT_EQ(run(compressing({"a"})).state, job_state::succeeded);

    EXPECT_EQ(syncs, 0);
    EXPECT_EQ(gunzipped(dir / "a.gz"), some_text(1000));
}

TEST_F(JobRun, LeavesSmallOutputsOutOfThePageCache) {
    write_file(dir / "a", some_text(20'000));

    run(compressing({"a"}));

    const io::unique_fd fd(::open((dir / "a.gz").c_str(), O_RDONLY));
    char byte = 0;
    const iovec into{.iov_base = &byte, .iov_len = 1};
    // Without waiting for the disk, so that only what is cached can be read.
    EXPECT_LT(::preadv2(fd.get(), &into, 1, 0, RWF_NOWAIT), 0);
}

TEST_F(JobRun, ThrowsWhatItsObserverThrowsAndLeavesNothingBehind) {
    for (int index = 0; index < 20; ++index)
        write_file(dir / "tree" / std::to_string(index), some_text(2000));
    const auto before = listing(dir.path());
    job_spec spec = compressing({"tree"});
    spec.recursive = true;
    fail_prepared = true;

    EXPECT_THROW(run(spec), system_error);

    EXPECT_EQ(listing(dir.path()), before);
}

TEST_F(JobRun, GivesItsSlotsBack) {
    write_file(dir / "a", some_text(500'000));
    run(compressing({"a"}));
    std::promise<std::uint32_t> free_slots;
    asio::post(lane.executor(), [&] { free_slots.set_value(lane.staging().free_slots()); });
    EXPECT_EQ(free_slots.get_future().get(), small_lane().staging.slots);
}

}  // namespace
}  // namespace peerpress::jobs
