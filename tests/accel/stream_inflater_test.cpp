// Streams decoded in pieces, against zlib in the same pieces or in one.
#include "accel/software/stream_inflater.hpp"

#include "tests/support/random_bytes.hpp"
#include "tests/support/reference_zlib.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>
#include <string>

namespace peerpress::accel::software {
namespace {

using test::bytes;
using test::reference_stream;
using test::reference_verdict;
using status = deflate_decoder::status;

// Sizes of inputs and outputs: mostly small, now and then none at all or a lot.
class random_sizes {
public:
    explicit random_sizes(std::uint32_t seed) : random_(seed) {}

    std::size_t next() {
        switch (random_() % 8) {
            case 0:
                return random_() % 2;
            case 1:
                return random_() % 100'000;
            case 2:
                return random_() % 3'000;
            default:
                return 1 + random_() % 40;
        }
    }

private:
    std::mt19937 random_;
};

reference_verdict verdict_of(status status) {
    switch (status) {
        case status::ended:
            return reference_verdict::complete;
        case status::bad_data:
            return reference_verdict::invalid;
        case status::more:
            break;
    }
    return reference_verdict::incomplete;
}

class StreamInflater : public testing::Test {
protected:
    // In pieces, until it ends, goes wrong, or wants more than there is.
    reference_stream inflate(bytes_view stream, random_sizes& sizes) {
        inflater.reset();
        reference_stream result;
        for (;;) {
            const bytes_view rest = stream.subspan(result.input_bytes);
            const bytes_view piece = rest.first(std::min(rest.size(), sizes.next()));
            // Room of its own, so that a write beyond it is seen by sanitizers, and nothing of
            // earlier data can be read but what is kept.
            bytes room(sizes.next());
            const deflate_decoder::step step = inflater.inflate(piece, room);
            EXPECT_LE(step.input_bytes, piece.size());
            EXPECT_TRUE(step.status != status::more || step.input_bytes == piece.size() ||
                        step.output_bytes == room.size());
            result.input_bytes += step.input_bytes;
            result.data.insert(result.data.end(), room.begin(),
                               room.begin() + static_cast<std::ptrdiff_t>(step.output_bytes));
            result.verdict = verdict_of(step.status);
            const bool stuck = piece.size() == rest.size() && step.output_bytes < room.size();
            if (step.status != status::more || stuck) return result;
        }
    }

    void expect_like_zlib(bytes_view stream, random_sizes& sizes) {
        const reference_stream expected = test::reference_inflate(stream, test::raw_window);
        const reference_stream actual = inflate(stream, sizes);
        ASSERT_EQ(actual.verdict, expected.verdict);
        ASSERT_EQ(actual.data, expected.data);
        if (expected.verdict == reference_verdict::complete) {
            ASSERT_EQ(actual.input_bytes, expected.input_bytes);
        }
    }

    stream_inflater inflater;
};

// Text whose matches reach back as far as the window does.
bytes far_reaching_bytes(std::size_t size, std::uint32_t seed) {
    bytes data = test::incompressible_bytes(std::min<std::size_t>(size, 32'760), seed);
    std::mt19937 random(seed);
    while (data.size() < size) {
        const std::size_t length = std::min<std::size_t>(3 + random() % 300, size - data.size());
        const std::size_t distance = std::min<std::size_t>(data.size(), 1 + random() % 32'768);
        for (std::size_t i = 0; i < length; ++i) data.push_back(data[data.size() - distance]);
    }
    return data;
}

TEST_F(StreamInflater, DecodesWhatZlibMadeWhereverItIsCut) {
    random_sizes sizes(1);
    const std::array inputs{test::compressible_bytes(300'000, 1), far_reaching_bytes(300'000, 2),
                            test::incompressible_bytes(150'000, 3), bytes(400'000)};
    for (const bytes& data : inputs) {
        for (const int level : {0, 1, 6, 9}) {
            for (const int strategy : {Z_DEFAULT_STRATEGY, Z_HUFFMAN_ONLY, Z_RLE, Z_FIXED}) {
                SCOPED_TRACE(std::to_string(level) + ", strategy " + std::to_string(strategy));
                const bytes stream =
                    test::reference_deflate(data, level, test::raw_window, strategy);

                const reference_stream actual = inflate(stream, sizes);

                ASSERT_EQ(actual.verdict, reference_verdict::complete);
                ASSERT_EQ(actual.input_bytes, stream.size());
                ASSERT_EQ(actual.data, data);
            }
        }
    }
}

TEST_F(StreamInflater, TakesNothingOfWhatFollowsTheStream) {
    random_sizes sizes(2);
    for (std::size_t size = 0; size < 600; ++size) {
        SCOPED_TRACE(size);
        bytes stream = test::reference_deflate(test::compressible_bytes(size, 1), 6,
                                               test::raw_window, size % 2 ? Z_FIXED : 0);
        const std::size_t stream_bytes = stream.size();
        stream.resize(stream_bytes + 100, std::byte{0xff});

        const reference_stream actual = inflate(stream, sizes);

        ASSERT_EQ(actual.verdict, reference_verdict::complete);
        ASSERT_EQ(actual.input_bytes, stream_bytes);
    }
}

TEST_F(StreamInflater, WaitsForMoreWhereZlibDoesHoweverTheStreamIsCutShort) {
    random_sizes sizes(3);
    const bytes stream =
        test::reference_deflate(test::compressible_bytes(3'000, 1), 6, test::raw_window);
    for (std::size_t length = 0; length < stream.size(); ++length) {
        SCOPED_TRACE(length);
        expect_like_zlib(bytes_view(stream).first(length), sizes);
        if (HasFatalFailure()) return;
    }
}

// Every kind of block, damaged at random and cut short, so that what zlib still waits for and what
// it has seen already is put to the test, too. Most damage is done near the front, where a block's
// codes are.
TEST_F(StreamInflater, ReachesZlibsVerdictOnDamagedStreams) {
    std::mt19937 random(4);
    random_sizes sizes(4);
    const std::array streams{
        test::reference_deflate(test::compressible_bytes(3'000, 1), 6, test::raw_window),
        test::reference_deflate(test::compressible_bytes(300, 2), 6, test::raw_window, Z_FIXED),
        test::reference_deflate(test::incompressible_bytes(300, 3), 6, test::raw_window),
        test::reference_deflate(test::compressible_bytes(2'000, 4), 6, test::raw_window,
                                Z_HUFFMAN_ONLY),
        test::reference_deflate(far_reaching_bytes(60'000, 5), 6, test::raw_window),
    };
    std::array<int, 3> verdicts{};
    for (int round = 0; round < 10'000; ++round) {
        SCOPED_TRACE(round);
        bytes stream = streams[random() % streams.size()];
        for (unsigned flips = 1 + random() % 3; flips > 0; --flips) {
            const std::size_t reach =
                random() % 2 ? stream.size() : std::min<std::size_t>(stream.size(), 80);
            stream[random() % reach] ^= static_cast<std::byte>(1u << random() % 8);
        }
        if (random() % 3 == 0) stream.resize(random() % std::min<std::size_t>(stream.size(), 400));
        verdicts[static_cast<std::size_t>(
            test::reference_inflate(stream, test::raw_window).verdict)]++;
        expect_like_zlib(stream, sizes);
        if (HasFatalFailure()) return;
    }
    for (const int count : verdicts) EXPECT_GT(count, 500);
}

// A block that begins with random bits is nearly always refused while its codes are read: as soon
// as zlib does, not sooner.
TEST_F(StreamInflater, RefusesRandomCodesWhenZlibDoes) {
    std::mt19937 random(5);
    random_sizes sizes(5);
    for (int round = 0; round < 10'000; ++round) {
        SCOPED_TRACE(round);
        bytes stream =
            test::incompressible_bytes(1 + random() % 120, static_cast<std::uint32_t>(random()));
        stream[0] = (stream[0] & std::byte{0xf8}) | std::byte{4};  // a block with codes of its own
        // Few codes for code lengths, or none at all.
        if (round % 4 == 0)
            std::fill_n(stream.begin() + 1, std::min<std::size_t>(stream.size() - 1, 3 + round % 7),
                        std::byte{0});
        expect_like_zlib(stream, sizes);
        if (HasFatalFailure()) return;
    }
}

TEST_F(StreamInflater, SaysAgainThatDataAreBad) {
    const bytes invalid(10, std::byte{0xff});
    bytes room(100);

    EXPECT_EQ(inflater.inflate(invalid, room).status, status::bad_data);
    EXPECT_EQ(inflater.inflate({}, room).status, status::bad_data);
    inflater.reset();
    EXPECT_EQ(inflater.inflate({}, room).status, status::more);
}

}  // namespace
}  // namespace peerpress::accel::software
