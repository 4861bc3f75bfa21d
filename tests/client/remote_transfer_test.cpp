// Files whose bytes a server changes: they are opened, committed and verified here.
#include "client/remote/remote_transfer.hpp"

#include "client/in_process/in_process.hpp"
#include "tests/client/command_fixture.hpp"
#include "tests/client/fake_server.hpp"

#include <gmock/gmock.h>

namespace peerpress::client {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class RemoteTransfer : public CommandFixture {
protected:
    class listener final : public job_listener {
    public:
        void on_progress(const progress_sample&) override {}
        void on_file(const jobs::file_result& file) override { files.push_back(file); }
        std::vector<jobs::file_result> files;
    };

    jobs::job_outcome run(jobs::operation operation, words sources) {
        jobs::job_spec spec;
        spec.operation = operation;
        for (const std::string& source : sources) spec.sources.push_back(at(source));
        return backend_.run(spec, {}, listener_, interrupted_);
    }

    fake_server fake_;
    interruption interrupted_;
    in_process backend_{{.threads = 1,
                         .transfer = remote_transfer(fake_.connect(), 2),
                         .name = "remote",
                         .device = "remote"}};
    listener listener_;
};

TEST_F(RemoteTransfer, MakesTheFilesThatTheServersBytesMake) {
    for (const int count : {0, 1, 100'000, 700'000}) {
        write_file(at("a"), numbers(count));

        ASSERT_EQ(run(jobs::operation::compress, {"a"}).state, jobs::job_state::succeeded) << count;
        EXPECT_EQ(read_file(at("a.gz")), zlib_gzip(numbers(count)));
        std::filesystem::remove(at("a"));
        ASSERT_EQ(run(jobs::operation::decompress, {"a.gz"}).state, jobs::job_state::succeeded)
            << count;
        EXPECT_EQ(read_file(at("a")), numbers(count));
        std::filesystem::remove(at("a.gz"));
    }
}

TEST_F(RemoteTransfer, WorksOnMoreFilesThanThereAreStreams) {
    words names;
    for (int i = 0; i < 40; ++i) {
        names.push_back("f" + std::to_string(i));
        write_file(at(names.back()), numbers(i * 100));
    }

    EXPECT_EQ(run(jobs::operation::compress, names).state, jobs::job_state::succeeded);

    for (const std::string& name : names) {
        EXPECT_EQ(zlib_gunzip(read_file(at(name + ".gz"))), read_file(at(name)));
    }
}

TEST_F(RemoteTransfer, VerifiesHereWhatTheServerMade) {
    write_file(at("a"), numbers(1000));
    fake_.transform = [](const auto&, auto& stream) {
        v1::TransformRequest request;
        while (stream.Read(&request)) {
        }
        fake_server::send_all(stream, zlib_gzip("something else"));
        return grpc::Status::OK;
    };
    jobs::job_spec spec;
    spec.sources = {at("a")};
    spec.verification = jobs::verification::full;

    const auto outcome = backend_.run(spec, {}, listener_, interrupted_);

    EXPECT_EQ(outcome.error.reason, jobs::reason::checksum_mismatch);
    EXPECT_THAT(names(), ElementsAre("a"));
}

TEST_F(RemoteTransfer, NoticesDataThatWereDamagedOnTheirWay) {
    write_file(at("a"), numbers(1000));
    fake_.transform = [](const auto&, auto& stream) {
        v1::TransformRequest request;
        while (stream.Read(&request)) {
        }
        fake_server::send_all(stream, "data", 1);
        return grpc::Status::OK;
    };

    const auto outcome = run(jobs::operation::compress, {"a"});

    EXPECT_EQ(outcome.error.reason, jobs::reason::checksum_mismatch);
    EXPECT_THAT(names(), ElementsAre("a"));
}

TEST_F(RemoteTransfer, PassesOnTheServersReason) {
    write_file(at("a.gz"), "not compressed");
    fake_.transform = [](const auto&, auto&) {
        return refusal(grpc::StatusCode::DATA_LOSS, "CORRUPT_INPUT",
                       "member 0 at offset 0: invalid data");
    };

    const auto outcome = run(jobs::operation::decompress, {"a.gz"});

    EXPECT_EQ(outcome.error.reason, jobs::reason::corrupt_input);
    EXPECT_THAT(outcome.error.message, HasSubstr("member 0 at offset 0"));
    EXPECT_THAT(outcome.error.message, HasSubstr("a.gz"));
    EXPECT_THAT(names(), ElementsAre("a.gz"));
}

TEST_F(RemoteTransfer, FailsWhereTheServerGoesAwayInTheMiddle) {
    write_file(at("a"), numbers(1'000'000));
    fake_.transform = [](const auto&, auto& stream) -> grpc::Status {
        v1::TransformRequest request;
        stream.Read(&request);
        return {grpc::StatusCode::UNAVAILABLE, "gone"};
    };

    const auto outcome = run(jobs::operation::compress, {"a"});

    EXPECT_EQ(outcome.state, jobs::job_state::failed);
    EXPECT_THAT(outcome.error.message, HasSubstr("does not answer"));
    EXPECT_THAT(names(), ElementsAre("a"));
}

TEST_F(RemoteTransfer, EndsWhereTheServerEndsWithoutASummary) {
    write_file(at("a"), numbers(1000));
    fake_.transform = [](const auto&, auto& stream) {
        v1::TransformRequest request;
        while (stream.Read(&request)) {
        }
        return grpc::Status::OK;
    };

    EXPECT_EQ(run(jobs::operation::compress, {"a"}).state, jobs::job_state::failed);
    EXPECT_THAT(names(), ElementsAre("a"));
}

TEST_F(RemoteTransfer, IsCancelledInTheMiddle) {
    write_file(at("a"), numbers(1'000'000));
    fake_.transform = [this](const auto&, auto& stream) {
        interrupted_.request_stop();
        v1::TransformRequest request;
        while (stream.Read(&request)) {
        }
        return grpc::Status::OK;
    };

    EXPECT_EQ(run(jobs::operation::compress, {"a"}).state, jobs::job_state::cancelled);
    EXPECT_THAT(names(), ElementsAre("a"));
}

}  // namespace
}  // namespace peerpress::client
