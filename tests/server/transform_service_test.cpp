#include "tests/server/daemon_fixture.hpp"
#include "tests/support/random_bytes.hpp"

#include <zlib.h>

#include <atomic>
#include <future>

namespace peerpress::server {
namespace {

using test::call_context;
using test::reason_of;

struct transform_result {
    grpc::Status status;
    v1::TransformOpened opened;
    std::string data;
    std::optional<v1::TransformSummary> summary;
};

std::uint32_t crc_of(std::string_view text) {
    return static_cast<std::uint32_t>(
        crc32_z(0, reinterpret_cast<const Bytef*>(text.data()), text.size()));
}

std::string text_of(std::size_t bytes, unsigned seed = 1) {
    std::string text;
    std::uint32_t state = seed;
    while (text.size() < bytes) {
        state = state * 1664525 + 1013904223;
        text += "line " + std::to_string(state >> 20) + " of a text that compresses\n";
    }
    text.resize(bytes);
    return text;
}

class TransformService : public test::DaemonTest {
protected:
    using stream = grpc::ClientReaderWriter<v1::TransformRequest, v1::TransformResponse>;

    TransformService() {
        config_.transform.idle_seconds = 2;
        start();
    }

    static v1::TransformOpen open_of(v1::Operation operation) {
        v1::TransformOpen open;
        open.set_operation(operation);
        return open;
    }
    static void send_data(stream& to, std::string_view data, std::size_t piece_bytes) {
        v1::TransformRequest request;
        for (std::size_t at = 0; at < data.size(); at += piece_bytes) {
            const std::string_view piece = data.substr(at, piece_bytes);
            request.set_data(piece.data(), piece.size());
            if (!to.Write(request)) return;
        }
    }
    static void send_finish(stream& to, std::size_t bytes, std::uint32_t crc32) {
        v1::TransformRequest request;
        request.mutable_finish()->set_bytes(static_cast<std::int64_t>(bytes));
        request.mutable_finish()->set_crc32(crc32);
        to.Write(request);
        to.WritesDone();
    }
    static void receive(stream& from, transform_result& into) {
        v1::TransformResponse response;
        while (from.Read(&response)) {
            if (response.has_opened()) into.opened = response.opened();
            if (response.has_summary()) into.summary = response.summary();
            into.data += response.data();
        }
        into.status = from.Finish();
    }

    transform_result transform(const v1::TransformOpen& open, std::string_view data,
                               std::size_t piece_bytes = 256 << 10) {
        call_context context;
        auto both = transforms_->Transform(&context);
        v1::TransformRequest first;
        *first.mutable_open() = open;
        both->Write(first);
        std::thread sender([&] {
            send_data(*both, data, piece_bytes);
            send_finish(*both, data.size(), crc_of(data));
        });
        transform_result result;
        receive(*both, result);
        sender.join();
        return result;
    }
    transform_result gunzip(std::string_view data, std::int64_t output_bytes_max = 0) {
        v1::TransformOpen open = open_of(v1::OPERATION_DECOMPRESS);
        open.set_output_bytes_max(output_bytes_max);
        return transform(open, data);
    }
    v1::ServerInfo info() {
        v1::ServerInfo info;
        call_context context;
        EXPECT_TRUE(server_->GetServerInfo(&context, {}, &info).ok());
        return info;
    }
    // A number of WatchStats.
    double stat(const std::string& name, const std::string& label = "",
                const std::string& value = "") {
        call_context context;
        auto reader = server_->WatchStats(&context, {});
        v1::StatsSample sample;
        EXPECT_TRUE(reader->Read(&sample));
        context.TryCancel();
        while (reader->Read(&sample)) {
        }
        reader->Finish();
        double sum = 0;
        for (const auto& metric : sample.metrics()) {
            if (metric.name() != name) continue;
            const auto found = metric.labels().find(label);
            if (label.empty() || (found != metric.labels().end() && found->second == value))
                sum += metric.value();
        }
        return sum;
    }
};

TEST_F(TransformService, BringsBackWhatItCompressed) {
    for (const std::size_t bytes :
         {std::size_t{0}, std::size_t{1}, std::size_t{1} << 20, std::size_t{9'000'001}}) {
        const std::string text = text_of(bytes);

        const transform_result packed = transform(open_of(v1::OPERATION_COMPRESS), text);
        ASSERT_TRUE(packed.status.ok()) << packed.status.error_message();
        ASSERT_TRUE(packed.summary);
        EXPECT_EQ(packed.opened.device(), "software");
        EXPECT_EQ(packed.summary->bytes(), static_cast<std::int64_t>(packed.data.size()));
        EXPECT_EQ(packed.summary->crc32(), crc_of(packed.data));
        EXPECT_EQ(packed.summary->paths(0).data_path(), v1::DATA_PATH_CPU);

        const transform_result plain = gunzip(packed.data);
        ASSERT_TRUE(plain.status.ok()) << plain.status.error_message();
        EXPECT_TRUE(plain.data == text);
        EXPECT_EQ(plain.summary->crc32(), crc_of(text));
    }
}

TEST_F(TransformService, TakesMessagesOfEverySize) {
    const std::string text = text_of(300'000);
    for (const std::size_t piece : {std::size_t{1000}, std::size_t{65537}, std::size_t{1} << 20}) {
        const transform_result packed = transform(open_of(v1::OPERATION_COMPRESS), text, piece);
        ASSERT_TRUE(packed.status.ok()) << packed.status.error_message();
        EXPECT_TRUE(gunzip(packed.data).data == text);
    }
}

TEST_F(TransformService, ChecksWithoutSendingData) {
    const std::string packed = transform(open_of(v1::OPERATION_COMPRESS), text_of(100'000)).data;

    const transform_result good = transform(open_of(v1::OPERATION_TEST), packed);
    EXPECT_TRUE(good.status.ok());
    EXPECT_EQ(good.data, "");
    EXPECT_TRUE(good.summary);

    std::string bad = packed;
    bad[bad.size() - 6] ^= 1;  // in the last CRC
    EXPECT_EQ(reason_of(transform(open_of(v1::OPERATION_TEST), bad).status), "CORRUPT_INPUT");
}

TEST_F(TransformService, RefusesWhatIsNotCompressed) {
    EXPECT_EQ(reason_of(gunzip("certainly not a gzip file").status), "UNKNOWN_FORMAT");
}

TEST_F(TransformService, ReportsTrailingGarbage) {
    const std::string packed = transform(open_of(v1::OPERATION_COMPRESS), text_of(1000)).data;
    const transform_result plain = gunzip(packed + "garbage");
    ASSERT_TRUE(plain.status.ok()) << plain.status.error_message();
    EXPECT_EQ(plain.summary->trailing_garbage_bytes(), 7);
}

TEST_F(TransformService, StopsABombAtItsLimit) {
    const std::string packed =
        transform(open_of(v1::OPERATION_COMPRESS), std::string(20'000'000, '\0')).data;
    EXPECT_LT(packed.size(), 200'000u);

    const transform_result plain = gunzip(packed, 1'000'000);

    EXPECT_EQ(plain.status.error_code(), grpc::StatusCode::OUT_OF_RANGE);
    EXPECT_EQ(reason_of(plain.status), "OUTPUT_LIMIT");
    EXPECT_FALSE(plain.summary);
}

TEST_F(TransformService, NoticesThatDataWereLostOnTheWay) {
    call_context context;
    auto both = transforms_->Transform(&context);
    v1::TransformRequest first;
    *first.mutable_open() = open_of(v1::OPERATION_COMPRESS);
    both->Write(first);
    send_data(*both, "some data", 100);
    send_finish(*both, 9, crc_of("other data"));
    transform_result result;
    receive(*both, result);

    EXPECT_EQ(result.status.error_code(), grpc::StatusCode::DATA_LOSS);
    EXPECT_EQ(reason_of(result.status), "CHECKSUM_MISMATCH");
    EXPECT_FALSE(result.summary);
}

TEST_F(TransformService, RefusesMessagesOutOfOrder) {
    const auto status_after = [&](const std::vector<v1::TransformRequest>& messages) {
        call_context context;
        auto both = transforms_->Transform(&context);
        for (const auto& message : messages) both->Write(message);
        both->WritesDone();
        transform_result result;
        receive(*both, result);
        return result.status;
    };
    v1::TransformRequest open;
    *open.mutable_open() = open_of(v1::OPERATION_COMPRESS);
    v1::TransformRequest data;
    data.set_data("x");
    v1::TransformRequest large;
    large.set_data(std::string((1 << 20) + 1, 'x'));
    v1::TransformRequest no_operation;
    no_operation.mutable_open();

    EXPECT_EQ(reason_of(status_after({})), "INVALID_ARGUMENT");
    EXPECT_EQ(reason_of(status_after({data})), "INVALID_ARGUMENT");
    EXPECT_EQ(reason_of(status_after({no_operation})), "INVALID_ARGUMENT");
    EXPECT_EQ(reason_of(status_after({open, open})), "INVALID_ARGUMENT");
    EXPECT_EQ(reason_of(status_after({open, data})), "INVALID_ARGUMENT");  // no finish
    EXPECT_EQ(reason_of(status_after({open, v1::TransformRequest()})), "INVALID_ARGUMENT");
    EXPECT_EQ(reason_of(status_after({open, large})), "INVALID_ARGUMENT");
}

TEST_F(TransformService, GivesItsSlotsBackWhenTheClientVanishes) {
    for (const bool reads : {false, true}) {
        call_context context;
        auto both = transforms_->Transform(&context);
        v1::TransformRequest first;
        *first.mutable_open() = open_of(v1::OPERATION_COMPRESS);
        both->Write(first);
        send_data(*both, text_of(reads ? 3'000'000 : 300'000), 1 << 18);
        v1::TransformResponse response;
        ASSERT_TRUE(both->Read(&response));
        context.TryCancel();
        both->Finish();
    }

    EXPECT_TRUE(test::eventually([&] { return stat("peerpress_streams") == 0; }));
    EXPECT_TRUE(
        test::eventually([&] { return stat("peerpress_staging_slots", "state", "leased") == 0; }));
    EXPECT_EQ(stat("peerpress_streams_ended_total", "result", "failed"), 2);
    EXPECT_TRUE(transform(open_of(v1::OPERATION_COMPRESS), text_of(100'000)).status.ok());
}

TEST_F(TransformService, SendsAnIdleClientAway) {
    call_context context;
    auto both = transforms_->Transform(&context);
    v1::TransformRequest first;
    *first.mutable_open() = open_of(v1::OPERATION_COMPRESS);
    both->Write(first);
    transform_result result;
    receive(*both, result);  // sends nothing

    EXPECT_EQ(reason_of(result.status), "CANCELLED");
    EXPECT_TRUE(test::eventually([&] { return stat("peerpress_streams") == 0; }));
}

TEST_F(TransformService, SendsAClientAwayThatDoesNotRead) {
    call_context context;
    auto both = transforms_->Transform(&context);
    v1::TransformRequest first;
    *first.mutable_open() = open_of(v1::OPERATION_COMPRESS);
    both->Write(first);
    const std::vector<std::byte> noise = test::incompressible_bytes(1 << 20, 1);
    v1::TransformRequest data;
    data.set_data(noise.data(), noise.size());
    // Until the windows of flow control are full, and then until the server gives up.
    while (both->Write(data)) {
    }

    // What was sent before lies ready still, and has to be taken before the status can be.
    transform_result result;
    receive(*both, result);
    EXPECT_EQ(result.status.error_code(), grpc::StatusCode::CANCELLED);
    EXPECT_TRUE(test::eventually([&] { return stat("peerpress_streams") == 0; }));
}

TEST_F(TransformService, ServesAStreamWhateverTheOthersHold) {
    stop();
    config_.codec.threads = 4;  // lets a stream hold six slots: more than there are
    config_.transform.slots = 4;
    config_.transform.idle_seconds = 60;
    start();
    call_context context;
    auto stalled = transforms_->Transform(&context);
    v1::TransformRequest first;
    *first.mutable_open() = open_of(v1::OPERATION_COMPRESS);
    stalled->Write(first);
    std::thread sender([&] {
        const std::vector<std::byte> noise = test::incompressible_bytes(1 << 20, 1);
        v1::TransformRequest data;
        data.set_data(noise.data(), noise.size());
        while (stalled->Write(data)) {
        }
    });
    EXPECT_TRUE(
        test::eventually([&] { return stat("peerpress_staging_slots", "state", "leased") == 3; }));

    const std::string text = text_of(5'000'000);
    const transform_result packed = transform(open_of(v1::OPERATION_COMPRESS), text);
    ASSERT_TRUE(packed.status.ok()) << packed.status.error_message();
    EXPECT_TRUE(gunzip(packed.data).data == text);

    context.TryCancel();
    sender.join();
    transform_result rest;
    receive(*stalled, rest);
}

TEST_F(TransformService, RefusesMoreStreamsThanAllowed) {
    call_context contexts[3];
    std::vector<std::unique_ptr<stream>> streams;
    v1::TransformRequest first;
    *first.mutable_open() = open_of(v1::OPERATION_COMPRESS);
    v1::TransformResponse response;
    for (int i = 0; i < 2; ++i) {
        streams.push_back(transforms_->Transform(&contexts[i]));
        streams.back()->Write(first);
        ASSERT_TRUE(streams.back()->Read(&response));
    }

    auto third = transforms_->Transform(&contexts[2]);
    third->Write(first);
    transform_result result;
    receive(*third, result);

    EXPECT_EQ(result.status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
    EXPECT_EQ(reason_of(result.status), "TOO_MANY_JOBS");
    for (int i = 0; i < 2; ++i) {
        send_finish(*streams[i], 0, 0);
        transform_result rest;
        receive(*streams[i], rest);
        EXPECT_TRUE(rest.status.ok());
    }
}

TEST_F(TransformService, EndsItsStreamsWhenTheServerStops) {
    call_context context;
    auto both = transforms_->Transform(&context);
    v1::TransformRequest first;
    *first.mutable_open() = open_of(v1::OPERATION_COMPRESS);
    both->Write(first);
    v1::TransformResponse response;
    ASSERT_TRUE(both->Read(&response));
    transform_result result;
    std::thread reader([&] { receive(*both, result); });

    stop();
    reader.join();

    EXPECT_EQ(result.status.error_code(), grpc::StatusCode::UNAVAILABLE);
    EXPECT_EQ(reason_of(result.status), "DRAINING");
    EXPECT_FALSE(result.summary);
}

TEST_F(TransformService, TellsClientsThatAreSendingWhyTheirStreamsEnd) {
    transform_result results[2];
    std::atomic<int> began{0};
    std::vector<std::thread> clients;
    for (transform_result& result : results)
        clients.emplace_back([&] {
            call_context context;
            auto both = transforms_->Transform(&context);
            v1::TransformRequest first;
            *first.mutable_open() = open_of(v1::OPERATION_COMPRESS);
            both->Write(first);
            v1::TransformResponse response;
            both->Read(&response);
            ++began;
            std::thread sender([&] {
                v1::TransformRequest data;
                data.set_data(text_of(10'000));
                while (both->Write(data)) {
                }
            });
            receive(*both, result);
            sender.join();
        });
    ASSERT_TRUE(test::eventually([&] { return began == 2; }));

    stop();
    for (std::thread& client : clients) client.join();

    for (const transform_result& result : results)
        EXPECT_EQ(reason_of(result.status), "DRAINING") << result.status.error_message();
}

TEST_F(TransformService, GivesASlowReaderTimeToLearnThatTheServerStops) {
    stop();
    config_.transform.idle_seconds = 60;
    start();
    call_context context;
    auto both = transforms_->Transform(&context);
    v1::TransformRequest first;
    *first.mutable_open() = open_of(v1::OPERATION_COMPRESS);
    both->Write(first);
    // Until the windows of flow control are full: then the server waits for us to read.
    std::atomic<int> sent{0};
    std::thread sender([&] {
        const std::vector<std::byte> noise = test::incompressible_bytes(1 << 20, 1);
        v1::TransformRequest data;
        data.set_data(noise.data(), noise.size());
        while (both->Write(data)) ++sent;
    });
    int before = -1;
    while (std::exchange(before, sent.load()) != sent || before == 0)
        std::this_thread::sleep_for(std::chrono::milliseconds(300));

    std::thread stopper([this] { stop(); });
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    transform_result result;
    receive(*both, result);
    stopper.join();
    sender.join();

    EXPECT_EQ(reason_of(result.status), "DRAINING") << result.status.error_message();
}

TEST_F(TransformService, CountsItsBytes) {
    const std::string text = text_of(500'000);
    const transform_result packed = transform(open_of(v1::OPERATION_COMPRESS), text);
    ASSERT_TRUE(packed.status.ok());

    EXPECT_TRUE(test::eventually(
        [&] { return stat("peerpress_bytes_in_total", "operation", "compress") == 500'000; }));
    EXPECT_EQ(stat("peerpress_bytes_out_total", "operation", "compress"),
              static_cast<double>(packed.data.size()));
    EXPECT_EQ(stat("peerpress_streams_ended_total", "result", "succeeded"), 1);
}

}  // namespace
}  // namespace peerpress::server
