// Copies through the server, carried out for real.
#include "server/convert.hpp"
#include "server/peer_to_peer.hpp"
#include "server/unix_socket.hpp"
#include "tests/server/daemon_fixture.hpp"
#include "tests/support/loop_device.hpp"

#include <gmock/gmock.h>

#include <fstream>
#include <iterator>

namespace peerpress::server {
namespace {

using test::reason_of;
using testing::HasSubstr;

void write_file(const std::string& path, const std::string& content) {
    std::ofstream(path, std::ios::binary) << content;
}
std::string read_file(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}
// Another for each seed.
std::string some_bytes(std::size_t count, unsigned seed = 1) {
    std::string bytes;
    for (std::uint32_t state = seed; bytes.size() < count; state = state * 1664525u + 1013904223u)
        bytes += static_cast<char>(state >> 24);
    return bytes;
}

class ServedCopy : public test::DaemonTest {
protected:
    void start_for_real() {
        daemon_ = std::make_unique<server::daemon>(config_);
        connect_to(daemon_->addresses().front());
    }
    std::string at(const std::string& name) const { return directory_ / name; }
    v1::JobSpec copy_of(const std::string& source, const std::string& target) const {
        v1::JobSpec spec;
        spec.set_operation(v1::OPERATION_COPY);
        spec.add_sources(source);
        spec.set_destination(target);
        return spec;
    }
    v1::FileResult only_file(const v1::Job& job) {
        v1::ListJobFilesRequest request;
        request.set_parent(job.name());
        v1::ListJobFilesResponse response;
        test::call_context context;
        EXPECT_TRUE(jobs_->ListJobFiles(&context, request, &response).ok());
        EXPECT_EQ(response.files_size(), 1);
        return response.files_size() == 1 ? response.files(0) : v1::FileResult();
    }
    std::string reason_of_file(const v1::Job& job) {
        google::rpc::ErrorInfo info;
        const v1::FileResult file = only_file(job);
        if (file.error().details_size() > 0) file.error().details(0).UnpackTo(&info);
        return info.reason();
    }
};

TEST_F(ServedCopy, CopiesAFileAndKeepsWhichWayItsBytesWent) {
    start_for_real();
    const std::string content = some_bytes(300'000);
    write_file(at("a"), content);
    v1::JobSpec spec = copy_of(at("a"), at("b"));
    spec.add_via("host");

    const v1::Job made = create(spec);
    ASSERT_TRUE(reaches(made.name(), v1::JOB_STATE_SUCCEEDED));

    EXPECT_EQ(read_file(at("b")), content);
    EXPECT_EQ(only_file(made).paths(0).data_path(), v1::DATA_PATH_HOST);
    const auto expect_path = [&] {
        const v1::Progress progress = get(made.name()).progress();
        ASSERT_EQ(progress.paths_size(), 1);
        EXPECT_EQ(progress.paths(0).data_path(), v1::DATA_PATH_HOST);
        EXPECT_EQ(progress.paths(0).bytes(), static_cast<std::int64_t>(content.size()));
        EXPECT_EQ(progress.paths(0).reason(), "asked for");
    };
    expect_path();
    stop();
    start_for_real();
    expect_path();
}

TEST_F(ServedCopy, FailsBeforeAByteMovesWherePeerToPeerIsInsistedOn) {
    config_.p2p.enabled = false;
    start_for_real();
    write_file(at("a"), "data");
    v1::JobSpec spec = copy_of(at("a"), at("b"));
    spec.set_fallback(v1::FALLBACK_POLICY_FORBID);

    const v1::Job made = create(spec);

    ASSERT_TRUE(reaches(made.name(), v1::JOB_STATE_FAILED));
    EXPECT_EQ(reason_of_file(made), "P2P_UNAVAILABLE");
    EXPECT_THAT(get(made.name()).error().message(), HasSubstr("p2p.enabled"));
    EXPECT_FALSE(std::filesystem::exists(at("b")));
}

TEST_F(ServedCopy, CopiesListedDevicesOnly) {
    write_file(at("one"), some_bytes(1 << 20, 1));
    write_file(at("two"), some_bytes(1 << 20, 2));
    const test::loop_device one(at("one"));
    const test::loop_device two(at("two"));
    if (!one.available() || !two.available()) GTEST_SKIP() << "takes root and loop devices";
    config_.p2p.devices = {one.path()};
    start_for_real();
    v1::JobSpec spec = copy_of(one.path(), two.path());
    spec.set_force_device(true);

    const v1::Job refused = create(spec);
    ASSERT_TRUE(reaches(refused.name(), v1::JOB_STATE_FAILED));
    EXPECT_EQ(reason_of_file(refused), "DEVICE_FORBIDDEN");

    stop();
    config_.p2p.devices.push_back(two.path());
    start_for_real();
    ASSERT_TRUE(reaches(create(spec).name(), v1::JOB_STATE_SUCCEEDED));
    EXPECT_EQ(read_file(at("two")), read_file(at("one")));
}

TEST_F(ServedCopy, KeepsDevicesFromASocketThatAdmitsOthers) {
    write_file(at("one"), some_bytes(1 << 20, 1));
    const test::loop_device one(at("one"));
    if (!one.available()) GTEST_SKIP() << "takes root and loop devices";
    config_.p2p.devices = {one.path()};
    config_.listen.unix_mode = 0660;
    start_for_real();

    const v1::Job refused = create(copy_of(one.path(), at("image")));

    ASSERT_TRUE(reaches(refused.name(), v1::JOB_STATE_FAILED));
    EXPECT_EQ(reason_of_file(refused), "DEVICE_FORBIDDEN");
    EXPECT_THAT(get(refused.name()).error().message(), HasSubstr("listen.unix_mode"));
}

TEST_F(ServedCopy, RefusesWhatCannotBeACopy) {
    start_for_real();
    const std::vector<std::pair<std::string, std::function<void(v1::JobSpec&)>>> cases{
        {"job.via", [](auto& s) { s.add_via("host"), s.add_via("SERIAL"); }},
        {"job.via", [](auto& s) { s.add_via(""); }},
        {"job.chunk_bytes", [](auto& s) { s.set_chunk_bytes(-1); }},
        {"job.chunk_bytes", [](auto& s) { s.set_chunk_bytes(std::int64_t{1} << 40); }},
        {"job.depth", [](auto& s) { s.set_depth(100000); }},
        {"job.via", [](auto& s) { s.set_operation(v1::OPERATION_COMPRESS), s.add_via("host"); }},
        {"job.force_device",
         [](auto& s) { s.set_operation(v1::OPERATION_TEST), s.set_force_device(true); }},
    };
    for (const auto& [field, spoil] : cases) {
        v1::JobSpec spec = copy_of("/a", "/b");
        spoil(spec);
        const grpc::Status status = create_status(spec);
        EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT) << field;
        EXPECT_EQ(test::error_info(status).metadata().at("field"), field);
    }
    v1::JobSpec nowhere = copy_of("/a", "/b");
    nowhere.clear_destination();
    EXPECT_EQ(reason_of(create_status(nowhere)), "INVALID_ARGUMENT");
}

TEST_F(ServedCopy, SaysWhatItOffers) {
    config_.p2p.budget_bytes = 1 << 20;
    config_.p2p.devices = {"/dev/some"};
    start_for_real();
    v1::ServerInfo info;
    test::call_context context;

    ASSERT_TRUE(server_->GetServerInfo(&context, {}, &info).ok());

    EXPECT_TRUE(info.peer_to_peer().enabled());
    EXPECT_EQ(info.peer_to_peer().budget_bytes(), 1 << 20);
    EXPECT_THAT(info.peer_to_peer().devices(), testing::ElementsAre("/dev/some"));
}

TEST_F(ServedCopy, OffersNoDevicesOnASocketThatAdmitsOthers) {
    config_.p2p.devices = {"/dev/some"};
    EXPECT_EQ(p2p_warning(config_, true), "");
    EXPECT_THAT(p2p_warning(config_, false), testing::HasSubstr("p2p.devices"));
    config_.listen.unix_mode = 0660;
    start_for_real();
    v1::ServerInfo info;
    test::call_context context;

    ASSERT_TRUE(server_->GetServerInfo(&context, {}, &info).ok());

    EXPECT_EQ(info.peer_to_peer().devices_size(), 0);
}

TEST(StoredPaths, KeepReasonsThatNamePathsOfAnyBytes) {
    const std::vector<jobs::path_bytes> stored{
        {.path = jobs::data_path::host, .bytes = 7, .device = {}, .reason = "behind /a\xff"}};

    const auto found = from_stored_paths(to_stored_paths(stored));

    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].bytes, 7u);
    EXPECT_EQ(found[0].reason, "behind /a\\xff");
}

TEST(PrivateSocket, IsToldByItsMode) {
    test::temp_dir directory(PEERPRESS_TEST_DIR);
    const io::unique_fd own(listen_unix(directory / "own.sock", 0600));
    const io::unique_fd open(listen_unix(directory / "open.sock", 0660));

    EXPECT_TRUE(is_private_socket(own.get()));
    EXPECT_FALSE(is_private_socket(open.get()));
    EXPECT_FALSE(is_private_socket(-1));
}

}  // namespace
}  // namespace peerpress::server
