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

attempt try_libdeflate(workbench& bench, int level, const deflate_request& request,
                       bytes_span output) {
    std::size_t bytes = bench.libdeflate().deflate(level, request.input, output);
    if (bytes > 0 && !request.last) {
        bytes = open_end(bench.inflater(), output, bytes, bench.scratch(request.input.size()));
    }
    return {bytes, method::libdeflate};
}

attempt try_choice(workbench& bench, codec_choice choice, const deflate_request& request,
                   bytes_span output) {
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

// Noise costs libdeflate 10 to 25 ms per MiB, and ISA-L's level 3 still 3 ms, only to be stored in
// the end; ISA-L's level 1 finds that out in 1 ms. Whoever asks for zlib gets zlib.
bool worth_a_quick_attempt(codec_choice choice, bytes_view input) {
    const bool slow = choice.library == library::libdeflate ||
                      (choice.library == library::isal && choice.native_level > 2);
    return slow && looks_incompressible(input);
}

attempt try_codec(workbench& bench, const deflate_request& request, std::uint32_t checksum,
                  bytes_span output) {
    if (request.input.empty()) return {};
    const codec_choice choice = choose_codec(request.level, request.codec, checksum);
    if (worth_a_quick_attempt(choice, request.input)) {
        const attempt quick = try_isal(bench, 1, request, output);
        // A saving, however small, promises more to a codec that looks harder.
        const std::size_t saving_bytes_min = request.input.size() / 100;
        if (quick.bytes == 0 || quick.bytes + saving_bytes_min > request.input.size()) return quick;
    }
    return try_choice(bench, choice, request, output);
}

}  // namespace

deflate_outcome deflate_chunk(workbench& bench, const deflate_request& request) {
    // No codec may use more than storing would, so that the bound holds for all of them alike.
    const bytes_span output = request.output.first(stored_bytes(request.input.size()));
    const std::uint32_t checksum = checksum_of(request.checksum, request.input);
    attempt best = try_codec(bench, request, checksum, output);
    if (best.bytes == 0) {
        best = {store(request.input, output, request.last), method::stored};
    }
    return {.deflated = {.bytes = best.bytes, .checksum = checksum}, .method = best.method};
}

}  // namespace peerpress::accel::software
