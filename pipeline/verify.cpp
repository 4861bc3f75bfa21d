#include "pipeline/verify.hpp"

#include "pipeline/comparison.hpp"

namespace peerpress::pipeline {
namespace {

// Names the member that holds the data's byte `data_offset_bytes`: the one in which decoding stops
// when it may go no further than that.
awaitable<format_error> mismatch_at(route via, std::optional<container> container,
                                    std::uint64_t data_offset_bytes) {
    try {
        co_await decompress(via, {.container = container, .output_bytes_max = data_offset_bytes});
    } catch (const format_error& stopped) {
        co_return format_error(format_errc::mismatch, stopped.member_index(),
                               stopped.offset_bytes());
    }
    throw system_error{format_errc::mismatch};  // the compressed file changed in between
}

awaitable<transfer_report> compare(route route, io::storage& compressed,
                                   std::optional<container> container) {
    comparison compared(route.lane.executor(), route.source);
    pipeline::route decoding{.lane = route.lane,
                             .flow = route.flow,
                             .source = compressed,
                             .target = &compared,
                             .stop = route.stop,
                             .progress = route.progress};
    try {
        transfer_report decoded = co_await decompress(decoding, {.container = container});
        // Where the source has more, the member that is missing would have come after the last.
        const bool ended = co_await compared.ends_at(decoded.bytes_out);
        if (!ended) throw format_error(format_errc::mismatch, decoded.members, decoded.bytes_in);
        co_return decoded;
    } catch (const system_error& failure) {
        if (failure.code() != format_errc::mismatch || !compared.mismatch_bytes()) throw;
    }
    decoding.target = nullptr;
    const format_error difference =
        co_await mismatch_at(decoding, container, *compared.mismatch_bytes());
    throw difference;
}

}  // namespace

awaitable<> verify_full(route route, io::storage& compressed, std::optional<container> container) {
    co_await compare(route, compressed, container);
}

awaitable<> verify_output(route route, io::storage& compressed,
                          std::optional<container> container) {
    const transfer_report decoded = co_await compare(route, compressed, container);
    if (decoded.trailing_garbage_bytes > 0)
        throw format_error(format_errc::mismatch, decoded.members,
                           decoded.bytes_in - decoded.trailing_garbage_bytes);
}

}  // namespace peerpress::pipeline
