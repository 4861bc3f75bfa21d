// Jobs that devices compress and decompress: what they do, what software does, and what is said.
#include "fake_planner.hpp"
#include "job_fixture.hpp"
#include "jobs/device_change.hpp"
#include "tests/support/fake_device_engine.hpp"
#include "tests/support/random_bytes.hpp"

namespace peerpress::jobs {
namespace {

using test::fake_device_engine;
using test::read_file;
using test::some_text;
using test::write_file;
using testing::HasSubstr;

constexpr std::size_t span_bytes = 128 << 10;
constexpr std::uint64_t chunk_bytes = 60 << 10;

class DeviceJob : public JobTest {
protected:
    DeviceJob() : planner_(lane.executor()) {
        add_engine("0000:03:00.0");
        make_context = [this](job_context& made) { made.planner = &planner_; };
    }
    ~DeviceJob() override {
        if (observer) planner_.engines.clear();
    }

    void add_engine(const std::string& address) {
        engines_.push_back(
            std::make_shared<fake_device_engine>(lane.executor(), nullptr, span_bytes, address));
        planner_.engines.push_back(engines_.back());
    }
    fake_device_engine& engine(std::size_t index = 0) { return *engines_[index]; }

    job_spec compressing(const std::string& name) const { return job_harness::compressing({name}); }
    job_spec forbidding(job_spec spec) const {
        spec.via.fallback = fallback::forbid;
        return spec;
    }
    const file_result& only() const { return observer->results.at(0); }

    fake_planner planner_;
    std::vector<std::shared_ptr<fake_device_engine>> engines_;
    const std::string content = some_text(1'000'000);
};

TEST_F(DeviceJob, CompressesByTheDeviceAndSaysSo) {
    write_file(dir / "a", content);

    EXPECT_EQ(run(compressing("a")).state, job_state::succeeded);

    EXPECT_EQ(gunzipped(dir / "a.gz"), content);
    EXPECT_EQ(only().bytes_in, content.size());
    EXPECT_EQ(only().bytes_out, std::filesystem::file_size(dir / "a.gz"));
    ASSERT_EQ(only().paths.size(), 1u);
    EXPECT_EQ(only().paths[0].path, data_path::p2p);
    EXPECT_EQ(only().paths[0].bytes, content.size());
    EXPECT_EQ(only().paths[0].device, "nvme2 (0000:03:00.0)");
    EXPECT_EQ(only().paths[0].reason, "");
    const std::vector<path_bytes> counted = progress->paths.snapshot();
    ASSERT_EQ(counted.size(), 1u);
    EXPECT_EQ(counted[0].path, data_path::p2p);
    EXPECT_EQ(counted[0].bytes, content.size());
    EXPECT_EQ(progress->bytes.bytes_in, content.size());
    EXPECT_EQ(progress->bytes.bytes_out, only().bytes_out);
}

TEST_F(DeviceJob, HasMembersCheckedUnlessThatIsNotWanted) {
    write_file(dir / "a", content);
    run(compressing("a"));
    EXPECT_TRUE(engine().requests.at(0).checked);

    engine().requests.clear();
    job_spec unchecked = compressing("a");
    unchecked.overwrite = true;
    unchecked.verification = verification::off;
    run(unchecked);
    EXPECT_FALSE(engine().requests.at(0).checked);
}

TEST_F(DeviceJob, DecompressesByTheDevice) {
    write_file(dir / "a", content);
    run(compressing("a"));
    std::filesystem::remove(dir / "a");

    EXPECT_EQ(run(decompressing({"a.gz"})).state, job_state::succeeded);

    EXPECT_EQ(read_file(dir / "a"), content);
    ASSERT_EQ(only().paths.size(), 1u);
    EXPECT_EQ(only().paths[0].path, data_path::p2p);
    EXPECT_EQ(only().paths[0].bytes, only().bytes_in);
    EXPECT_EQ(only().bytes_out, content.size());
}

TEST_F(DeviceJob, TestsByTheDevice) {
    write_file(dir / "a", content);
    run(compressing("a"));
    job_spec testing = job_harness::compressing({"a.gz"});
    testing.operation = operation::test;

    EXPECT_EQ(run(testing).state, job_state::succeeded);

    EXPECT_EQ(only().paths.at(0).path, data_path::p2p);
}

TEST_F(DeviceJob, LeavesToSoftwareWhatDoesNotFitADevice) {
    write_gzip(dir / "a.gz", content);

    EXPECT_EQ(run(decompressing({"a.gz"})).state, job_state::succeeded);

    EXPECT_EQ(read_file(dir / "a"), content);
    ASSERT_EQ(only().paths.size(), 1u);
    EXPECT_EQ(only().paths[0].path, data_path::cpu);
    EXPECT_EQ(only().paths[0].reason, "software engine: its members carry no sizes");
}

TEST_F(DeviceJob, SaysWhyNoDeviceCouldDoIt) {
    write_file(dir / "a", content);
    planner_.obstacle = "the route does not work";

    EXPECT_EQ(run(compressing("a")).state, job_state::succeeded);

    EXPECT_EQ(gunzipped(dir / "a.gz"), content);
    ASSERT_EQ(only().paths.size(), 1u);
    EXPECT_EQ(only().paths[0].path, data_path::cpu);
    EXPECT_EQ(only().paths[0].reason, "software engine: the route does not work");
    EXPECT_EQ(progress->paths.snapshot().at(0).bytes, content.size());
}

TEST_F(DeviceJob, FailsBeforeAByteMovesWhereSoftwareIsForbidden) {
    write_file(dir / "a", content);
    const auto before = test::listing(dir.path());
    planner_.obstacle = "the route does not work";

    EXPECT_EQ(run(forbidding(compressing("a"))).state, job_state::failed);

    EXPECT_EQ(only_reason(), reason::p2p_unavailable);
    EXPECT_EQ(only().error.message,
              path("a") +
                  ": not by a device: the route does not work; do something (--fallback "
                  "allow has software do it)");
    EXPECT_EQ(test::listing(dir.path()), before);
    EXPECT_EQ(progress->bytes.bytes_in, 0u);
}

TEST_F(DeviceJob, FailsWithoutADeviceWhereSoftwareIsForbidden) {
    write_file(dir / "a", content);
    make_context = nullptr;

    EXPECT_EQ(run(forbidding(compressing("a"))).state, job_state::failed);

    EXPECT_EQ(only_reason(), reason::p2p_unavailable);
    EXPECT_THAT(only().error.message, HasSubstr("there is no accelerator"));
}

TEST_F(DeviceJob, LooksAtAllFilesBeforeItBeginsWithOne) {
    write_file(dir / "in/a", content);
    write_file(dir / "in/b", content);
    std::filesystem::resize_file(dir / "in/b", 4 << 20);  // the rest is a hole
    job_spec spec = forbidding(job_harness::compressing({"in"}));
    spec.recursive = true;

    const job_outcome outcome = run(spec);

    EXPECT_EQ(outcome.error.reason, reason::p2p_unavailable);
    EXPECT_THAT(outcome.error.message, HasSubstr("no file was begun"));
    EXPECT_FALSE(std::filesystem::exists(dir / "in/a.gz"));
}

TEST_F(DeviceJob, LetsEmptyFilesBeAndNoneThatOnlySayTheyAre) {
    write_file(dir / "empty", "");
    EXPECT_EQ(run(forbidding(compressing("empty"))).state, job_state::succeeded);
    EXPECT_EQ(gunzipped(dir / "empty.gz"), "");

    job_spec made_up = forbidding(compressing("x"));
    made_up.sources = {"/proc/self/status"};
    made_up.destination = path("status.gz");
    EXPECT_EQ(run(made_up).state, job_state::failed);
    EXPECT_EQ(only_reason(), reason::p2p_unavailable);
    EXPECT_FALSE(std::filesystem::exists(dir / "status.gz"));
}

TEST_F(DeviceJob, DoesWithoutDevicesAsEver) {
    write_file(dir / "a", content);
    planner_.engines.clear();

    EXPECT_EQ(run(compressing("a")).state, job_state::succeeded);

    EXPECT_EQ(only().paths.at(0).reason, "software engine");
    EXPECT_TRUE(progress->paths.snapshot().empty());
}

TEST_F(DeviceJob, AsksNoDeviceWhereSoftwareIsWanted) {
    write_file(dir / "a", content);
    job_spec spec = compressing("a");
    spec.engine = engine_choice::software;

    EXPECT_EQ(run(spec).state, job_state::succeeded);

    EXPECT_TRUE(planner_.questions.empty());
    EXPECT_EQ(only().paths.at(0).reason, "software engine");
}

TEST_F(DeviceJob, LeavesHolesToTheProcessorAndCountsThem) {
    write_file(dir / "a", some_text(256 << 10));
    std::filesystem::resize_file(dir / "a", 1 << 20);

    EXPECT_EQ(run(compressing("a")).state, job_state::succeeded);

    EXPECT_EQ(gunzipped(dir / "a.gz"), read_file(dir / "a"));
    ASSERT_EQ(only().paths.size(), 2u) << "on a file system with holes";
    EXPECT_EQ(only().paths[0].path, data_path::p2p);
    EXPECT_EQ(only().paths[0].bytes, 256u << 10);
    EXPECT_EQ(only().paths[1].path, data_path::cpu);
    EXPECT_EQ(only().paths[1].bytes, 768u << 10);
    EXPECT_THAT(only().paths[1].reason, HasSubstr("holes"));
    const std::vector<path_bytes> counted = progress->paths.snapshot();
    ASSERT_EQ(counted.size(), 2u);
    for (const path_bytes& way : only().paths)
        EXPECT_TRUE(std::ranges::any_of(counted, [&](const path_bytes& found) {
            return found.same_way(way) && found.bytes == way.bytes;
        })) << way.reason;

    std::filesystem::remove(dir / "a.gz");
    EXPECT_EQ(run(forbidding(compressing("a"))).state, job_state::failed);
    EXPECT_EQ(only_reason(), reason::p2p_unavailable);
}

TEST_F(DeviceJob, RedoesInSoftwareTheChunksThatADeviceCannotDo) {
    write_file(dir / "a", content);
    engine().fail_next(accel::device_errc::redo_elsewhere, 3);

    EXPECT_EQ(run(compressing("a")).state, job_state::succeeded);

    EXPECT_EQ(gunzipped(dir / "a.gz"), content);
    ASSERT_EQ(only().paths.size(), 2u);
    EXPECT_EQ(only().paths[0].path, data_path::p2p);
    EXPECT_EQ(only().paths[0].bytes, content.size() - chunk_bytes);
    EXPECT_EQ(only().paths[1].path, data_path::cpu);
    EXPECT_EQ(only().paths[1].bytes, chunk_bytes);
    EXPECT_EQ(only().paths[1].reason, "software engine; nvme2: told to fail");
}

TEST_F(DeviceJob, LeavesNoOutputWhereADeviceFailsAndSoftwareIsForbidden) {
    write_file(dir / "a", content);
    const auto before = test::listing(dir.path());
    engine().fail_next(accel::device_errc::redo_elsewhere, 3);

    EXPECT_EQ(run(forbidding(compressing("a"))).state, job_state::failed);

    EXPECT_EQ(only_reason(), reason::p2p_unavailable);
    EXPECT_THAT(only().error.message, HasSubstr("nvme2: told to fail"));
    EXPECT_EQ(test::listing(dir.path()), before);
    EXPECT_EQ(progress->bytes.bytes_in, 0u);
    EXPECT_TRUE(progress->paths.snapshot().empty());
}

// The first chunk is a sample.
TEST_F(DeviceJob, BeginsAgainInSoftwareWhereASampleIsWrong) {
    write_file(dir / "a", content);
    engine().compress_stale_input = true;

    EXPECT_EQ(run(compressing("a")).state, job_state::succeeded);

    EXPECT_EQ(gunzipped(dir / "a.gz"), content);
    ASSERT_EQ(only().paths.size(), 1u);
    EXPECT_EQ(only().paths[0].path, data_path::cpu);
    EXPECT_EQ(only().paths[0].bytes, content.size());
    EXPECT_EQ(engine().distrusted.size(), 1u);
    EXPECT_EQ(progress->bytes.bytes_in, content.size());
    EXPECT_EQ(progress->bytes.bytes_out, only().bytes_out);
}

TEST_F(DeviceJob, BlamesNoDeviceWhereTheSourceChanged) {
    write_file(dir / "a", content);
    engine().compress_stale_input = true;
    engine().spoil = [&](bytes_span) {
        std::filesystem::resize_file(dir / "a", content.size() + 1);
    };

    EXPECT_EQ(run(compressing("a")).state, job_state::failed);

    EXPECT_EQ(only_reason(), reason::source_changed);
    EXPECT_TRUE(engine().distrusted.empty());
    EXPECT_FALSE(std::filesystem::exists(dir / "a.gz"));
}

TEST_F(DeviceJob, CommitsNothingWrongWithFullVerification) {
    write_file(dir / "a", content);
    unsigned members = 0;
    engine().spoil = [&](bytes_span member) {
        if (++members == 7) member[member.size() - 1] ^= std::byte{1};
    };
    job_spec spec = compressing("a");
    spec.verification = verification::full;

    EXPECT_EQ(run(spec).state, job_state::succeeded);

    EXPECT_EQ(gunzipped(dir / "a.gz"), content);
    EXPECT_EQ(only().paths.at(0).path, data_path::cpu);
    EXPECT_EQ(engine().distrusted.size(), 1u);
    EXPECT_EQ(progress->bytes.bytes_in, content.size());
    EXPECT_EQ(progress->bytes.bytes_out, only().bytes_out);
}

TEST_F(DeviceJob, FailsWhereVerificationFindsSomethingAndSoftwareIsForbidden) {
    write_file(dir / "a", content);
    engine().compress_stale_input = true;
    job_spec spec = forbidding(compressing("a"));
    spec.verification = verification::full;

    EXPECT_EQ(run(spec).state, job_state::failed);

    EXPECT_EQ(only_reason(), reason::checksum_mismatch);
    EXPECT_FALSE(std::filesystem::exists(dir / "a.gz"));
}

TEST_F(DeviceJob, HasSoftwareSayWhatIsWrongWithAFile) {
    write_file(dir / "a", content);
    run(compressing("a"));
    std::string file = read_file(dir / "a.gz");
    file[file.size() / 2] ^= 0x10;
    write_file(dir / "b.gz", file);

    EXPECT_EQ(run(decompressing({"b.gz"})).state, job_state::failed);

    EXPECT_THAT(only().error.message, HasSubstr("member"));
    EXPECT_FALSE(std::filesystem::exists(dir / "b"));
}

TEST_F(DeviceJob, UsesSeveralDevicesForOneFile) {
    add_engine("0000:04:00.0");
    write_file(dir / "a", content);

    EXPECT_EQ(run(compressing("a")).state, job_state::succeeded);

    EXPECT_EQ(gunzipped(dir / "a.gz"), content);
    ASSERT_EQ(only().paths.size(), 2u);
    EXPECT_EQ(only().paths[0].bytes + only().paths[1].bytes, content.size());
    EXPECT_EQ(only().paths[1].device, "nvme2 (0000:04:00.0)");
}

TEST(ObjectionToDevices, LeavesToSoftwareWhatItDoesBetterUnlessDevicesAreInsistedOn) {
    constexpr std::uint64_t large = 1 << 20;
    job_spec spec;
    EXPECT_EQ(objection_to_devices(spec, large), "");
    EXPECT_EQ(objection_to_devices(spec, 64 << 10), "it is small");
    spec.level = 7;
    EXPECT_EQ(objection_to_devices(spec, large), "level 7 asks for density");
    spec.level = 1;
    spec.level_auto = true;
    EXPECT_EQ(objection_to_devices(spec, large), "an automatic level is software's");
    spec.level_auto = false;
    spec.level = 7;

    spec.engine = engine_choice::noload;
    EXPECT_EQ(objection_to_devices(spec, large), "");
    EXPECT_EQ(objection_to_devices(spec, 1), "");
    spec.engine = engine_choice::automatic;
    spec.via.fallback = fallback::forbid;
    EXPECT_EQ(objection_to_devices(spec, 1), "");
}

TEST(ObjectionToDevices, NamesTheFormatsThatDevicesDoNotHave) {
    constexpr std::uint64_t large = 1 << 20;
    job_spec spec;
    spec.engine = engine_choice::noload;
    spec.container = pipeline::container::bgzf;
    EXPECT_EQ(objection_to_devices(spec, large), "devices make gzip members, not bgzf");
    spec.operation = operation::decompress;
    EXPECT_EQ(objection_to_devices(spec, large), "");
    spec.container_given = true;
    EXPECT_EQ(objection_to_devices(spec, large), "devices decode gzip members, not bgzf");
    spec = {};
    spec.codec = accel::codec::zlib;
    EXPECT_EQ(objection_to_devices(spec, large), "a codec was asked for by name");
    spec.engine = engine_choice::software;
    EXPECT_EQ(objection_to_devices(spec, large), "asked for");
}

}  // namespace
}  // namespace peerpress::jobs
