// Copies as jobs: which way the bytes go, and that they arrive.
#include "fake_planner.hpp"
#include "job_fixture.hpp"
#include "jobs/kept_holes.hpp"
#include "support/loop_device.hpp"

#include <fcntl.h>

#include <fstream>

namespace peerpress::jobs {
namespace {

using test::read_file;
using test::some_text;
using test::write_file;
using testing::HasSubstr;
using testing::IsEmpty;

class Copy : public JobTest {
protected:
    Copy() : planner_(lane.executor()) {
        make_context = [this](job_context& made) {
            made.planner = offered_ ? &planner_ : nullptr;
            made.devices.any = true;
        };
    }

    job_spec copying(const std::string& source, const std::string& target) const {
        job_spec spec;
        spec.operation = operation::copy;
        spec.sources = {path(source)};
        spec.destination = path(target);
        spec.chunk_bytes = 64 << 10;
        return spec;
    }
    const file_result& only() const { return observer->results.at(0); }
    bool has_trusted_holes() const {
        const io::unique_fd here(::open(dir.path().c_str(), O_RDONLY | O_CLOEXEC));
        return tells_its_holes(here.get());
    }

    fake_planner planner_;
    bool offered_ = true;
};

TEST_F(Copy, GoesFromPeerToPeerAndSaysThroughWhichDevice) {
    const std::string content = some_text(1'000'000);
    write_file(dir / "a", content);

    EXPECT_EQ(run(copying("a", "b")).state, job_state::succeeded);

    EXPECT_EQ(read_file(dir / "b"), content);
    EXPECT_EQ(only().bytes_in, content.size());
    EXPECT_EQ(only().bytes_out, content.size());
    ASSERT_EQ(only().paths.size(), 1u);
    EXPECT_EQ(only().paths[0].path, data_path::p2p);
    EXPECT_EQ(only().paths[0].bytes, content.size());
    EXPECT_EQ(only().paths[0].device, "nvme2 (0000:03:00.0)");
    EXPECT_EQ(only().paths[0].reason, "");
    const std::vector<path_bytes> counted = progress->paths.snapshot();
    ASSERT_EQ(counted.size(), 1u);
    EXPECT_EQ(counted[0].bytes, content.size());
    EXPECT_EQ(progress->bytes.bytes_in, content.size());
    EXPECT_EQ(progress->bytes.bytes_out, content.size());
}

TEST_F(Copy, AsksWithTheWishAndTheSizesOfTheJob) {
    write_file(dir / "a", "data");
    job_spec spec = copying("a", "b");
    spec.via.providers = {"SERIAL2"};
    spec.depth = 3;

    run(spec);

    ASSERT_EQ(planner_.wishes.size(), 1u);
    EXPECT_THAT(planner_.wishes[0].providers, testing::ElementsAre("SERIAL2"));
    ASSERT_EQ(planner_.questions.size(), 1u);
    EXPECT_EQ(planner_.questions[0].chunk_bytes, 64u << 10);
    EXPECT_EQ(planner_.questions[0].depth, 3u);
}

TEST_F(Copy, GoesThroughHostMemoryAndSaysWhy) {
    const std::string content = some_text(300'001);
    write_file(dir / "a", content);
    planner_.obstacle = "no device offers memory";

    EXPECT_EQ(run(copying("a", "b")).state, job_state::succeeded);

    EXPECT_EQ(read_file(dir / "b"), content);
    ASSERT_EQ(only().paths.size(), 1u);
    EXPECT_EQ(only().paths[0].path, data_path::host);
    EXPECT_EQ(only().paths[0].bytes, content.size());
    EXPECT_EQ(only().paths[0].reason, "no device offers memory");
}

TEST_F(Copy, WorksWhereNothingIsOffered) {
    offered_ = false;
    write_file(dir / "a", "data");

    EXPECT_EQ(run(copying("a", "b")).state, job_state::succeeded);

    EXPECT_EQ(read_file(dir / "b"), "data");
    EXPECT_EQ(only().paths.at(0).path, data_path::host);
}

TEST_F(Copy, FailsBeforeAByteMovesWherePeerToPeerIsInsistedOn) {
    write_file(dir / "a", some_text(100'000));
    const auto before = test::listing(dir.path());
    planner_.obstacle = "no device offers memory";
    job_spec spec = copying("a", "b");
    spec.via.fallback = fallback::forbid;

    EXPECT_EQ(run(spec).state, job_state::failed);

    EXPECT_EQ(only_reason(), reason::p2p_unavailable);
    EXPECT_THAT(only().error.message,
                testing::StartsWith(path("a") + ": not from peer to peer: no device offers memory; "
                                                "do something"));
    EXPECT_EQ(test::listing(dir.path()), before);
    EXPECT_EQ(progress->bytes.bytes_in, 0u);
}

TEST_F(Copy, CountsHolesAsTheProcessorsWork) {
    write_file(dir / "a", some_text(256 << 10));
    std::filesystem::resize_file(dir / "a", 1 << 20);

    EXPECT_EQ(run(copying("a", "b")).state, job_state::succeeded);

    EXPECT_EQ(read_file(dir / "b"), read_file(dir / "a"));
    ASSERT_EQ(only().paths.size(), 2u) << "on a file system with holes";
    EXPECT_EQ(only().paths[0].path, data_path::p2p);
    EXPECT_EQ(only().paths[0].bytes, 256u << 10);
    EXPECT_EQ(only().paths[1].path, data_path::cpu);
    EXPECT_EQ(only().paths[1].bytes, 768u << 10);
    EXPECT_THAT(only().paths[1].reason, HasSubstr("holes"));
    EXPECT_EQ(progress->bytes.bytes_out, 1u << 20);
}

TEST_F(Copy, KeepsLargeHolesByEitherWay) {
    if (!has_trusted_holes()) GTEST_SKIP() << "takes ext4 or XFS";
    write_file(dir / "a", some_text(256 << 10));
    std::filesystem::resize_file(dir / "a", 2 << 20);
    const std::string end = some_text(5000, 2);
    std::ofstream(dir / "a", std::ios::app | std::ios::binary) << end;
    for (const char* obstacle : {"", "no device offers memory"}) {
        planner_.obstacle = obstacle;
        const std::string target = *obstacle == 0 ? "p2p" : "host";
        job_spec spec = copying("a", target);
        spec.verification = verification::full;

        EXPECT_EQ(run(spec).state, job_state::succeeded);

        EXPECT_EQ(read_file(dir / target), read_file(dir / "a"));
        EXPECT_LT(test::status_of(dir / target).st_blocks * 512, 400 << 10) << target;
        ASSERT_EQ(only().paths.size(), 2u);
        EXPECT_EQ(only().paths[0].bytes, (256u << 10) + 5000);
        EXPECT_EQ(only().paths[1].path, data_path::cpu);
        EXPECT_EQ(only().paths[1].bytes, (2u << 20) - (256 << 10));
        EXPECT_EQ(only().paths[1].reason, "holes, which stay holes");
        EXPECT_EQ(progress->bytes.bytes_out, (2u << 20) + 5000);
        std::uint64_t counted = 0;
        for (const path_bytes& part : progress->paths.snapshot()) counted += part.bytes;
        EXPECT_EQ(counted, (2u << 20) + 5000);
    }
}

TEST_F(Copy, RefusesHolesWherePeerToPeerIsInsistedOn) {
    write_file(dir / "a", some_text(256 << 10));
    std::filesystem::resize_file(dir / "a", 1 << 20);
    job_spec spec = copying("a", "b");
    spec.via.fallback = fallback::forbid;

    EXPECT_EQ(run(spec).state, job_state::failed);

    EXPECT_EQ(only_reason(), reason::p2p_unavailable);
    EXPECT_THAT(only().error.message, HasSubstr("786432 bytes of it are holes"));
    EXPECT_FALSE(std::filesystem::exists(dir / "b"));
}

TEST_F(Copy, TakesFilesOfAnySize) {
    for (const std::size_t bytes : {0, 1, 511, 4096, 4097, 65535, 65536, 65537}) {
        const std::string name = std::to_string(bytes);
        write_file(dir / name, some_text(bytes));
        job_spec spec = copying(name, name + ".copy");
        spec.via.fallback = fallback::forbid;

        EXPECT_EQ(run(spec).state, job_state::succeeded) << bytes;

        EXPECT_EQ(read_file(dir / (name + ".copy")), read_file(dir / name)) << bytes;
        std::uint64_t told = 0;
        for (const path_bytes& part : only().paths) told += part.bytes;
        EXPECT_EQ(told, bytes);
    }
}

TEST_F(Copy, ReadsToItsEndWhatDoesNotTellItsSize) {
    job_spec spec = copying("/", "b");
    spec.sources = {"/proc/version"};
    spec.verification = verification::full;

    EXPECT_EQ(run(spec).state, job_state::succeeded) << only().error.message;

    const std::string content = read_file("/proc/version");
    EXPECT_EQ(read_file(dir / "b"), content);
    EXPECT_EQ(only().bytes_in, content.size());
    EXPECT_EQ(progress->bytes.bytes_in, content.size());
}

TEST_F(Copy, FailsWhereTheSourceIsCutShortMeanwhile) {
    write_file(dir / "a", some_text(300'000));
    planner_.meanwhile = [this] { std::filesystem::resize_file(dir / "a", 1000); };

    EXPECT_EQ(run(copying("a", "b")).state, job_state::failed);

    EXPECT_EQ(only_reason(), reason::source_changed);
    EXPECT_THAT(only().error.message, HasSubstr("a changed while it was read"));
    EXPECT_FALSE(std::filesystem::exists(dir / "b"));
    EXPECT_EQ(progress->bytes.bytes_in, 0u);
}

TEST_F(Copy, KeepsWhatExistsUnlessToldOtherwise) {
    write_file(dir / "a", "new");
    write_file(dir / "b", "old");

    run(copying("a", "b"));
    EXPECT_EQ(only_reason(), reason::output_exists);
    EXPECT_EQ(read_file(dir / "b"), "old");

    job_spec spec = copying("a", "b");
    spec.overwrite = true;
    EXPECT_EQ(run(spec).state, job_state::succeeded);
    EXPECT_EQ(read_file(dir / "b"), "new");
}

TEST_F(Copy, CarriesMetadataOver) {
    write_file(dir / "a", "data");
    ::chmod((dir / "a").c_str(), 0640);

    run(copying("a", "b"));

    const struct stat source = test::status_of(dir / "a");
    const struct stat target = test::status_of(dir / "b");
    EXPECT_EQ(target.st_mode, source.st_mode);
    EXPECT_EQ(target.st_mtim.tv_nsec, source.st_mtim.tv_nsec);
}

TEST_F(Copy, TakesTreesWithFilesOfAnySuffix) {
    write_file(dir / "tree/x.gz", "compressed, perhaps");
    write_file(dir / "tree/deep/y", some_text(200'000));
    write_file(dir / "tree/empty", "");
    job_spec spec = copying("tree", "");
    spec.destination.clear();
    spec.destination_dir = path("out");
    spec.recursive = true;

    EXPECT_EQ(run(spec).state, job_state::succeeded);

    EXPECT_EQ(test::listing(dir / "out/tree"), test::listing(dir / "tree"));
}

TEST_F(Copy, ComparesBothSidesWhenAsked) {
    const std::string content = some_text(500'000);
    write_file(dir / "a", content);
    job_spec spec = copying("a", "b");
    spec.verification = verification::full;

    EXPECT_EQ(run(spec).state, job_state::succeeded);

    EXPECT_EQ(only().crc32,
              static_cast<std::uint32_t>(::crc32(0, reinterpret_cast<const Bytef*>(content.data()),
                                                 static_cast<uInt>(content.size()))));
}

TEST_F(Copy, RemovesASourceOnlyAfterItWasVerified) {
    write_file(dir / "a", some_text(100'000));
    job_spec spec = copying("a", "b");
    spec.remove_sources = true;

    EXPECT_EQ(run(spec).state, job_state::succeeded);

    EXPECT_FALSE(std::filesystem::exists(dir / "a"));
    EXPECT_NE(only().crc32, 0u);
}

class CopyOfSeveral : public Copy {
protected:
    CopyOfSeveral() {
        for (const char* name : {"tree/a", "tree/below/b", "tree/c"})
            write_file(dir / name, some_text(10'000));
    }
    job_spec insisting(const std::string& target) const {
        job_spec spec = copying("tree", "");
        spec.destination.clear();
        spec.destination_dir = path(target);
        spec.recursive = true;
        spec.via.fallback = fallback::forbid;
        return spec;
    }
    // Stands in the way of this file alone.
    void refuse(const std::string& name) {
        planner_.meanwhile = [this, name] {
            planner_.obstacle =
                planner_.questions.back().source.ends_with(name) ? "it lies on tape" : "";
        };
    }
};

TEST_F(CopyOfSeveral, MovesNothingWhereOneOfThemMayNotGoFromPeerToPeer) {
    refuse("b");

    const job_outcome outcome = run(insisting("new/to"));

    EXPECT_EQ(outcome.state, job_state::failed);
    EXPECT_EQ(outcome.error.reason, reason::p2p_unavailable);
    EXPECT_THAT(outcome.error.message,
                HasSubstr("below/b: not from peer to peer: it lies on tape"));
    EXPECT_THAT(outcome.error.message, HasSubstr("no file was copied"));
    EXPECT_THAT(observer->results, IsEmpty());
    EXPECT_EQ(progress->bytes.bytes_out, 0u);
    EXPECT_FALSE(std::filesystem::exists(dir / "new")) << "not even a directory";

    // The same where the sources are named one by one.
    job_spec spec = insisting("to");
    spec.sources = {path("tree/a"), path("tree/below/b")};
    spec.recursive = false;
    EXPECT_EQ(run(spec).error.reason, reason::p2p_unavailable);
    EXPECT_THAT(observer->results, IsEmpty());
}

TEST_F(CopyOfSeveral, GoesAllFromPeerToPeerWhereItMust) {
    const job_outcome outcome = run(insisting("to"));

    EXPECT_EQ(outcome.state, job_state::succeeded) << outcome.error.message;
    EXPECT_EQ(read_file(dir / "to/tree/below/b"), read_file(dir / "tree/below/b"));
    ASSERT_EQ(observer->results.size(), 3u);
    for (const file_result& result : observer->results)
        EXPECT_EQ(result.paths.at(0).path, data_path::p2p);
    EXPECT_EQ(progress->files_total, 3u) << "each is counted once";
}

TEST_F(CopyOfSeveral, TellsOtherTroubleOfAFileWhenItIsItsTurn) {
    write_file(dir / "to/tree/c", "there already");

    const job_outcome outcome = run(insisting("to"));

    EXPECT_EQ(outcome.state, job_state::partial);
    EXPECT_EQ(outcome.error.reason, reason::output_exists);
    EXPECT_EQ(observer->results.size(), 3u);
}

TEST_F(Copy, NeedsADestination) {
    write_file(dir / "a", "data");
    job_spec spec = copying("a", "");
    spec.destination.clear();

    const job_outcome outcome = run(spec);

    EXPECT_EQ(outcome.error.reason, reason::invalid_argument);
    EXPECT_THAT(observer->results, IsEmpty());
}

class CopyOfDevices : public Copy {
protected:
    void SetUp() override {
        if (!source_.available() || !target_.available())
            GTEST_SKIP() << "takes root and loop devices";
    }
    std::filesystem::path image(const std::string& name, std::size_t bytes) {
        write_file(dir / name, some_text(bytes, static_cast<unsigned>(name.size())));
        return dir / name;
    }
    job_spec copying_devices() const {
        job_spec spec = copying("", "");
        spec.sources = {source_.path()};
        spec.destination = target_.path();
        spec.force_device = true;
        return spec;
    }

    test::loop_device source_{image("source", 1 << 20)};
    test::loop_device target_{image("the target", 2 << 20)};
};

TEST_F(CopyOfDevices, CopiesOneIntoTheOtherInPlace) {
    const std::string rest = read_file(dir / "the target").substr(1 << 20);
    job_spec spec = copying_devices();
    spec.verification = verification::full;

    const job_outcome outcome = run(spec);

    EXPECT_EQ(outcome.state, job_state::succeeded) << outcome.error.message;
    EXPECT_FALSE(outcome.warned) << "what had to be said is no warning";
    ASSERT_EQ(only().warnings.size(), 1u);
    EXPECT_EQ(only().warnings[0].reason, reason::target_not_atomic);
    EXPECT_EQ(only().bytes_out, 1u << 20);
    EXPECT_EQ(read_file(dir / "the target"), read_file(dir / "source") + rest);
}

TEST_F(CopyOfDevices, KeepsADeviceWhereItIsNotForced) {
    const std::string before = read_file(dir / "the target");
    job_spec spec = copying_devices();
    spec.force_device = false;
    spec.overwrite = true;

    EXPECT_EQ(run(spec).state, job_state::failed);

    EXPECT_EQ(only_reason(), reason::device_forbidden);
    EXPECT_THAT(only().error.message, HasSubstr("--force-device"));
    EXPECT_EQ(read_file(dir / "the target"), before);
}

TEST_F(CopyOfDevices, RefusesADeviceThatSomebodyHolds) {
    const io::unique_fd holder(::open(target_.path().c_str(), O_RDWR | O_EXCL | O_CLOEXEC));
    ASSERT_TRUE(holder);

    EXPECT_EQ(run(copying_devices()).state, job_state::failed);

    EXPECT_EQ(only_reason(), reason::device_forbidden);
    EXPECT_THAT(only().error.message, HasSubstr("is in use"));
}

TEST_F(CopyOfDevices, RefusesThoseThatAreNotListed) {
    make_context = [this](job_context& made) {
        made.devices.any = false;
        made.devices.listed = {source_.path()};
    };

    EXPECT_EQ(run(copying_devices()).state, job_state::failed);

    EXPECT_EQ(only_reason(), reason::device_forbidden);
    EXPECT_THAT(only().error.message, HasSubstr(target_.path() + " is none of the block devices"));
}

TEST_F(CopyOfDevices, RefusesADeviceThatIsTooSmall) {
    job_spec spec = copying_devices();
    std::swap(spec.sources[0], spec.destination);

    EXPECT_EQ(run(spec).state, job_state::failed);

    EXPECT_EQ(only_reason(), reason::no_space);
    EXPECT_EQ(progress->bytes.bytes_out, 0u);
}

TEST_F(CopyOfDevices, SayThatADeviceWasOverwrittenByWhatChangedMeanwhile) {
    write_file(dir / "a", some_text(8192));
    planner_.meanwhile = [this] { std::filesystem::last_write_time(dir / "a", {}); };
    job_spec spec = copying("a", "b");
    spec.destination = target_.path();
    spec.force_device = true;

    EXPECT_EQ(run(spec).state, job_state::failed);

    EXPECT_EQ(only_reason(), reason::source_changed);
    EXPECT_THAT(only().error.message, HasSubstr(target_.path() + " holds a mixture"));
}

TEST_F(CopyOfDevices, SayThatADeviceHoldsOldAndNewWhenTheSourceShrinks) {
    write_file(dir / "a", some_text(100'000));
    planner_.meanwhile = [this] { std::filesystem::resize_file(dir / "a", 512); };
    job_spec spec = copying("a", "b");
    spec.destination = target_.path();
    spec.force_device = true;

    EXPECT_EQ(run(spec).state, job_state::failed);

    EXPECT_EQ(only_reason(), reason::source_changed);
    EXPECT_THAT(only().error.message, HasSubstr(target_.path() + " holds a mixture"));
    ASSERT_EQ(only().warnings.size(), 1u);
    EXPECT_EQ(only().warnings[0].reason, reason::target_not_atomic);
    EXPECT_THAT(only().warnings[0].message, HasSubstr("old and new data"));
}

TEST_F(CopyOfDevices, TakeAFileWhoseLastBlockIsNotWhole) {
    const std::string content = some_text(100'001);
    const std::string before = read_file(dir / "the target");
    write_file(dir / "a", content);
    job_spec spec = copying_devices();
    spec.sources = {path("a")};

    EXPECT_EQ(run(spec).state, job_state::succeeded);

    EXPECT_EQ(read_file(dir / "the target"), content + before.substr(content.size()));
    ASSERT_EQ(only().paths.size(), 2u);
    EXPECT_EQ(only().paths[0].path, data_path::p2p);
    EXPECT_EQ(only().paths[1].path, data_path::host);
    EXPECT_EQ(only().paths[1].bytes, 100'001u % 512);

    spec.via.fallback = fallback::forbid;
    EXPECT_EQ(run(spec).state, job_state::failed);
    EXPECT_EQ(only_reason(), reason::p2p_unavailable);
    EXPECT_THAT(only().error.message, HasSubstr("no whole block"));
}

TEST_F(CopyOfDevices, TakeOneSourceEach) {
    write_file(dir / "a", "data");
    job_spec spec = copying_devices();
    spec.sources = {path("a"), source_.path()};
    spec.destination.clear();
    spec.destination_dir = target_.path();

    EXPECT_EQ(run(spec).state, job_state::failed);

    EXPECT_EQ(observer->results.at(0).error.reason, reason::output_unwritable);
    EXPECT_THAT(observer->results.at(0).error.message, HasSubstr("takes one source"));
}

TEST_F(CopyOfDevices, DoesNotTakeOneDeviceForBothSides) {
    job_spec spec = copying_devices();
    spec.destination = spec.sources[0];

    EXPECT_EQ(run(spec).state, job_state::failed);

    EXPECT_EQ(only_reason(), reason::source_is_output);
}

TEST_F(CopyOfDevices, MakesAnImageThatOnlyItsOwnerReads) {
    job_spec spec = copying_devices();
    spec.destination = path("image");
    spec.force_device = false;

    EXPECT_EQ(run(spec).state, job_state::succeeded);

    EXPECT_EQ(read_file(dir / "image"), read_file(dir / "source"));
    EXPECT_EQ(test::status_of(dir / "image").st_mode & 0777, 0600u);
}

TEST_F(CopyOfDevices, AreForNoOtherOperation) {
    job_spec spec = compressing({});
    spec.sources = {source_.path()};
    spec.destination = path("x.gz");

    EXPECT_EQ(run(spec).state, job_state::failed);

    EXPECT_EQ(only_reason(), reason::source_not_regular);
}

}  // namespace
}  // namespace peerpress::jobs
