#include "accel/software/deflate_chunk.hpp"

#include "accel/software/checksum.hpp"
#include "accel/software/compressibility.hpp"
#include "accel/software/level_table.hpp"
#include "accel/software/open_end.hpp"
#include "accel/software/stored.hpp"

#include <cassert>

namespace peerpress::accel::software {
namespace {

struct attempt {
    std::size_t bytes = 0;  // 0: the result would have been larger than stored
    software::method method = method::stored;
};

attempt try_isal(workbench& bench, int level, const deflate_request& request, bytes_span output) {
    return {bench.isal().deflate(level, request.input, output, request.last), method::isal};
}

// libdeflate spends 10 to 13 ms on a MiB of noise, at level 10 and above 25 and more, only to store
// it in the end; ISA-L finds that out in 1 ms. So data that look like noise go to ISA-L first, and
// to libdeflate only where ISA-L saved enough to promise more.
attempt try_libdeflate(workbench& bench, int level, const deflate_request& request,
                       bytes_span output) {
    if (looks_incompressible(request.input)) {
        const attempt quick = try_isal(bench, 1, request, output);
        const std::size_t saving_bytes_min = request.input.size() / 100;
        if (quick.bytes == 0 || quick.bytes + saving_bytes_min > request.input.size()) return quick;
    }
    std::size_t bytes = bench.libdeflate().deflate(level, request.input, output);
    if (bytes > 0 && !request.last) {
        bytes = open_end(bench.inflater(), output, bytes, bench.scratch(request.input.size()));
    }
    return {bytes, method::libdeflate};
}

attempt try_codec(workbench& bench, const deflate_request& request, bytes_span output) {
    if (request.input.empty()) return {};
    const codec_choice choice = choose_codec(request.level, request.codec);
    switch (choice.library) {
        case library::isal:
            return try_isal(bench, choice.native_level, request, output);
        case library::libdeflate:
            return try_libdeflate(bench, choice.native_level, request, output);
        case library::zlib:
            return {bench.zlib().deflate(choice.native_level, request.input, output, request.last),
                    method::zlib};
    }
    return {};
}

}  // namespace

deflate_outcome deflate_chunk(workbench& bench, const deflate_request& request) {
    // No codec may use more than storing would, so that the bound holds for all of them alike.
    const bytes_span output = request.output.first(stored_bytes(request.input.size()));
    attempt best = try_codec(bench, request, output);
    if (best.bytes == 0) {
        best = {store(request.input, output, request.last), method::stored};
    }
    return {
        .deflated = {.bytes = best.bytes, .checksum = checksum_of(request.checksum, request.input)},
        .method = best.method};
}

}  // namespace peerpress::accel::software
