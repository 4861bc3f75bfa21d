// Whole compressed files, however they are cut, read and written: the pipeline's verdict and data
// are strict zlib's.
#include "accel/software/software_engine.hpp"
#include "pipeline/transfer.hpp"
#include "tests/fuzz/require.hpp"
#include "tests/support/memory_storage.hpp"
#include "tests/support/reference_decoder.hpp"

#include <algorithm>
#include <cstdint>
#include <future>
#include <optional>
#include <utility>

using namespace peerpress;
using pipeline::format_errc;

namespace {

constexpr std::uint64_t data_bytes_max = 256 << 10;

std::unique_ptr<accel::accelerator> make_engine(asio::any_io_executor executor) {
    return accel::software::make_engine(std::move(executor), {.threads = 1});
}

// Small slots: what a fuzzer finds is small, and is to be cut all the same.
pipeline::lane& the_lane() {
    pipeline::lane_options options;
    options.ring.queue_depth = 4;
    options.staging = {.slots = 3, .input_bytes = 4096, .slack_bytes = 16 << 10};
    static pipeline::lane lane(make_engine, options);
    return lane;
}

awaitable<pipeline::transfer_report> decompress(io::storage& source, io::storage& target,
                                                pipeline::decompress_options options) {
    pipeline::lane& lane = the_lane();
    const io::flow_id flow = lane.staging().open_flow();
    pipeline::transfer_progress progress;
    pipeline::transfer_report report;
    std::exception_ptr error;
    try {
        report = co_await pipeline::decompress({.lane = lane,
                                                .flow = flow,
                                                .source = source,
                                                .target = &target,
                                                .stop = {},
                                                .progress = progress},
                                               options);
    } catch (...) {
        error = std::current_exception();
    }
    REQUIRE(lane.staging().free_slots() == lane.options().staging.slots);
    lane.staging().close_flow(flow);
    if (error) std::rethrow_exception(error);
    co_return report;
}

// zlib has a header's method and flags before it judges the method: of a file that ends between the
// two it says that it is cut short. We, and gzip, call the method unknown.
bool is_same_error(error_code ours, format_errc theirs) {
    return ours == theirs ||
           (ours == format_errc::unsupported_method && theirs == format_errc::truncated);
}

void check(test::memory_storage& source, test::memory_storage& target,
           pipeline::decompress_options options, const test::reference_file& expected) {
    std::future<pipeline::transfer_report> done = asio::co_spawn(
        the_lane().executor(), decompress(source, target, options), asio::use_future);
    const test::bytes& content = target.content();
    try {
        const pipeline::transfer_report report = done.get();
        REQUIRE(!expected.error);
        REQUIRE(content == expected.data);
        REQUIRE(report.members == expected.members);
        REQUIRE(report.trailing_garbage_bytes == expected.trailing_garbage_bytes);
    } catch (const pipeline::format_error& error) {
        REQUIRE(expected.error && is_same_error(error.code(), *expected.error));
        REQUIRE(error.member_index() == expected.members);
        REQUIRE(error.offset_bytes() == expected.member_offset_bytes);
        REQUIRE(content.size() >= expected.good_data_bytes);
        REQUIRE(content.size() <= expected.data.size());
        REQUIRE(std::equal(content.begin(), content.end(), expected.data.begin()));
    }
}

}  // namespace

// The first byte says how to read the rest.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const unsigned how = data[0];
    const bytes_view file = std::as_bytes(std::span(data + 1, size - 1));
    pipeline::decompress_options options{.output_bytes_max = data_bytes_max};
    if (how % 8 == 6) options.container = pipeline::container::zlib;
    if (how % 8 == 7) options.container = pipeline::container::deflate;
    const io::alignment blocks{.memory_bytes = 512, .offset_bytes = 512};

    test::memory_storage source({file.begin(), file.end()}, how & 16 ? blocks : io::alignment{});
    test::memory_storage target({}, how & 32 ? blocks : io::alignment{});
    if (how & 64 && !(how & 16)) source.make_sequential();
    if (how & 128 && !(how & 32)) target.make_sequential();

    check(source, target, options,
          test::reference_decode(file, options.container, options.output_bytes_max));
    return 0;
}
