#include "accel/software/software_engine.hpp"

#include "io/cores.hpp"
#include "tests/support/random_bytes.hpp"
#include "tests/support/reference_zlib.hpp"
#include "tests/support/run.hpp"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace peerpress::accel::software {
namespace {

using test::bytes;

class SoftwareEngine : public testing::Test {
protected:
    bytes deflate(const bytes& input, int level = 1) {
        bytes output(engine->deflate_bound(input.size()));
        const deflated deflated =
            test::run(context, engine->deflate({.input = input, .output = output, .level = level}));
        output.resize(deflated.bytes);
        return output;
    }

    asio::io_context context;
    std::unique_ptr<accelerator> engine = make_engine(context.get_executor(), {.threads = 2});
};

TEST_F(SoftwareEngine, SaysWhatItIs) {
    EXPECT_EQ(engine->name(), "software");
    EXPECT_EQ(engine->parallelism(), 2u);
    EXPECT_EQ(codec_name(1, codec::automatic), "ISA-L 1");
    EXPECT_EQ(codec_name(6, codec::automatic), "libdeflate 6");
    EXPECT_EQ(codec_name(12, codec::zlib), "zlib 9");
}

TEST_F(SoftwareEngine, UsesEveryCoreItMayWhereNotToldHowMany) {
    const auto unbounded = make_engine(context.get_executor());

    EXPECT_EQ(unbounded->parallelism(), io::usable_cores());
}

TEST_F(SoftwareEngine, InflatesWhatItDeflated) {
    const bytes input = test::compressible_bytes(300'000, 1);
    const bytes stream = deflate(input);
    bytes output(input.size());

    const inflated inflated =
        test::run(context, engine->inflate({.input = stream, .output = output}));

    EXPECT_EQ(inflated.input_bytes, stream.size());
    EXPECT_EQ(inflated.bytes, input.size());
    EXPECT_EQ(inflated.checksum, test::reference_crc32(input));
    EXPECT_EQ(output, input);
}

TEST_F(SoftwareEngine, ThrowsTheCodecsErrors) {
    const bytes input = test::compressible_bytes(10'000, 1);
    bytes stream = deflate(input);
    bytes output(input.size());

    EXPECT_EQ(
        test::run_error(
            context, engine->inflate({.input = stream, .output = bytes_span(output).first(9'999)})),
        codec_errc::output_too_small);
    stream[0] = std::byte{7};  // a block type that does not exist
    EXPECT_EQ(test::run_error(context, engine->inflate({.input = stream, .output = output})),
              codec_errc::bad_data);
}

TEST_F(SoftwareEngine, KeepsItsContextRunningWhileTheThreadsWork) {
    const bytes input = test::compressible_bytes(1 << 20, 1);
    bytes output(engine->deflate_bound(input.size()));
    std::size_t done_bytes = 0;
    asio::co_spawn(context, engine->deflate({.input = input, .output = output, .level = 6}),
                   [&](std::exception_ptr, deflated deflated) { done_bytes = deflated.bytes; });

    context.run();  // returns when there is no work left

    EXPECT_GT(done_bytes, 0u);
}

TEST_F(SoftwareEngine, CompletesOnTheLanesThread) {
    const bytes input = test::compressible_bytes(1 << 20, 1);
    bytes output(engine->deflate_bound(input.size()));
    std::thread::id completed_on;
    asio::co_spawn(
        context, engine->deflate({.input = input, .output = output}),
        [&](std::exception_ptr, deflated) { completed_on = std::this_thread::get_id(); });

    context.run();

    EXPECT_EQ(completed_on, std::this_thread::get_id());
}

TEST_F(SoftwareEngine, TakesChecksumsOfAnySizeFromAnySeed) {
    for (const std::size_t size : {0, 1, 1000, 65'536, 65'537, 2'000'000}) {
        const bytes data = test::incompressible_bytes(size, size);
        for (const std::uint32_t seed : {0u, 1u, 0x12345678u}) {
            EXPECT_EQ(test::run(context, engine->checksum(checksum_kind::crc32, seed, data, {})),
                      test::reference_crc32(data, seed));
        }
        const std::uint32_t adler_seed = test::reference_adler32(test::compressible_bytes(100, 1));
        EXPECT_EQ(
            test::run(context, engine->checksum(checksum_kind::adler32, adler_seed, data, {})),
            test::reference_adler32(data, adler_seed));
    }
}

// Two flows on one thread. The first has queued a whole job when the second, with one chunk,
// arrives.
TEST(SoftwareEngineFairness, LetsASmallJobWaitForNoMoreThanAChunkOfABigOne) {
    asio::io_context context;
    const auto engine = make_engine(context.get_executor(), {.threads = 1});
    const bytes input = test::compressible_bytes(100'000, 1);
    constexpr int big_chunks = 12;
    std::vector<bytes> outputs(big_chunks + 1, bytes(engine->deflate_bound(input.size())));
    std::string order;
    const auto start = [&](int index, char name, std::uint64_t flow) {
        asio::co_spawn(context,
                       engine->deflate({.input = input,
                                        .output = outputs[static_cast<std::size_t>(index)],
                                        .level = 9,
                                        .flow = io::flow_id{flow}}),
                       [&order, name](std::exception_ptr, deflated) { order += name; });
    };

    for (int index = 0; index < big_chunks; ++index) start(index, 'b', 1);
    start(big_chunks, 's', 2);
    context.run();

    ASSERT_EQ(order.size(), big_chunks + 1u);
    // One chunk may be under way and one may have its turn before.
    EXPECT_LE(order.find('s'), 2u) << order;
}

class SerialInflater : public SoftwareEngine {
protected:
    std::unique_ptr<serial_inflater> serial = engine->serial({});
};

TEST_F(SerialInflater, DecodesAStreamInPiecesOfAnySize) {
    const bytes input = test::compressible_bytes(200'000, 1);
    const bytes stream = deflate(input, 6);
    bytes output;
    bytes room(1'777);

    bytes_view rest = stream;
    std::uint32_t checksum = checksum_seed(checksum_kind::adler32);
    bool ended = false;
    while (!ended) {
        const bytes_view piece = rest.first(std::min<std::size_t>(rest.size(), 511));
        const auto step = test::run(context, serial->inflate({.input = piece,
                                                              .output = room,
                                                              .checksum = checksum_kind::adler32,
                                                              .checksum_before = checksum}));
        ended = step.status == serial_inflater::status::ended;
        ASSERT_TRUE(step.input_bytes > 0 || step.output_bytes > 0 || ended);
        checksum = step.checksum;
        output.insert(output.end(), room.begin(),
                      room.begin() + static_cast<std::ptrdiff_t>(step.output_bytes));
        rest = rest.subspan(step.input_bytes);
    }

    EXPECT_EQ(output, input);
    EXPECT_EQ(checksum, test::reference_adler32(input));
    EXPECT_TRUE(rest.empty());
}

TEST_F(SerialInflater, StopsWhereTheStreamEndsAndStartsTheNextAfterReset) {
    const bytes first = test::compressible_bytes(1'000, 1);
    const bytes second = test::compressible_bytes(2'000, 2);
    bytes stream = deflate(first);
    const std::size_t first_bytes = stream.size();
    const bytes tail = deflate(second);
    stream.insert(stream.end(), tail.begin(), tail.end());
    bytes room(10'000);

    const auto one = test::run(context, serial->inflate({.input = stream, .output = room}));
    serial->reset();
    const bytes_view rest = bytes_view(stream).subspan(one.input_bytes);
    const auto two = test::run(context, serial->inflate({.input = rest, .output = room}));

    EXPECT_EQ(one.status, serial_inflater::status::ended);
    EXPECT_EQ(two.status, serial_inflater::status::ended);
    EXPECT_EQ(one.input_bytes, first_bytes);
    EXPECT_EQ(one.output_bytes, first.size());
    EXPECT_EQ(two.output_bytes, second.size());
}

TEST_F(SerialInflater, MakesNoProgressWithoutInputAndSaysSo) {
    bytes room(100);

    const auto step = test::run(context, serial->inflate({.input = {}, .output = room}));

    EXPECT_EQ(step.input_bytes, 0u);
    EXPECT_EQ(step.output_bytes, 0u);
    EXPECT_EQ(step.status, serial_inflater::status::more);
}

TEST_F(SerialInflater, RefusesWhatIsNoDeflateStream) {
    const bytes invalid(10, std::byte{0xff});
    bytes room(100);

    const auto step = test::run(context, serial->inflate({.input = invalid, .output = room}));

    EXPECT_EQ(step.status, serial_inflater::status::bad_data);
}

}  // namespace
}  // namespace peerpress::accel::software
