#include "pipeline/copy_setup.hpp"

#include "pipeline/chunk.hpp"
#include "pipeline/copy_plan.hpp"

#include <algorithm>
#include <cstring>
#include <random>
#include <string>

namespace peerpress::pipeline {
namespace {

namespace errc = boost::system::errc;

// Far from where sums with offsets overflow.
constexpr std::uint64_t length_bytes_max = std::uint64_t{1} << 62;

[[noreturn]] void refuse(errc::errc_t why, const std::string& what) {
    throw system_error{make_error_code(why), what};
}

void check_direct(const copy_route& route, const io::storage& storage, const char* name) {
    if (!route.staging.on_device() || storage.traits().direct) return;
    refuse(errc::operation_not_supported,
           std::string(name) + " is not direct: " + storage.traits().buffered_reason);
}

std::uint32_t chunk_bytes(const copy_route& route, const copy_options& options,
                          std::uint32_t block) {
    const std::size_t slot_bytes = route.staging.slot_bytes();
    const std::uint64_t chunk =
        options.chunk_bytes > 0 ? options.chunk_bytes : round_down(slot_bytes, block);
    if (chunk == 0 || chunk > slot_bytes)
        refuse(errc::invalid_argument, "a chunk does not fit a slot");
    if (chunk % block != 0) refuse(errc::invalid_argument, "chunk size and block size");
    return static_cast<std::uint32_t>(chunk);
}

// Up to the end of what is read, or of what is written where nothing is read.
std::uint64_t whole_length(const copy_route& route, const copy_options& options,
                           std::uint32_t chunk) {
    if (options.read) {
        const std::uint64_t size_bytes = route.source.traits().size_bytes.value_or(0);
        // /proc and /sys claim a size of zero for files that have content.
        if (size_bytes == 0 || !route.source.traits().seekable) return copy_plan::unknown_length;
        if (options.source_offset_bytes > size_bytes)
            refuse(errc::result_out_of_range, "the source's end");
        return size_bytes - options.source_offset_bytes;
    }
    if (options.chunks) return std::min(*options.chunks, length_bytes_max / chunk) * chunk;
    const std::uint64_t size_bytes = route.target->traits().size_bytes.value_or(0);
    const std::uint64_t left_bytes = size_bytes - std::min(options.target_offset_bytes, size_bytes);
    const std::uint64_t length_bytes = round_down(left_bytes, chunk);
    if (length_bytes == 0) refuse(errc::invalid_argument, "nothing says how much to write");
    return length_bytes;
}

// For measuring, a pass goes as far as both sides have room.
std::uint64_t clipped(const copy_route& route, const copy_options& options,
                      std::uint64_t length_bytes) {
    const bool measures = options.chunks || options.repeat_for;
    if (!measures || !options.write || !route.target->traits().fixed_size) return length_bytes;
    const std::uint64_t size_bytes = route.target->traits().size_bytes.value_or(0);
    const std::uint64_t room_bytes = size_bytes - std::min(options.target_offset_bytes, size_bytes);
    return std::min(length_bytes, room_bytes);
}

void check_source_end(const copy_route& route, const copy_options& options,
                      std::uint64_t reach_bytes) {
    const io::storage_traits& traits = route.source.traits();
    if (!options.read || !options.length_bytes || !traits.seekable || !traits.size_bytes) return;
    if (options.source_offset_bytes > *traits.size_bytes ||
        *traits.size_bytes - options.source_offset_bytes < reach_bytes)
        refuse(errc::result_out_of_range, "the source's end");
}

void check_target_end(const copy_route& route, const copy_options& options,
                      std::uint64_t reach_bytes) {
    if (!options.write || !route.target->traits().fixed_size) return;
    const std::uint64_t size_bytes = route.target->traits().size_bytes.value_or(0);
    if (options.target_offset_bytes > size_bytes ||
        size_bytes - options.target_offset_bytes < reach_bytes)
        refuse(errc::no_space_on_device, "the target's end");
}

bool in_sequence(const copy_route& route, const copy_options& options) {
    return (options.read && !route.source.traits().seekable) ||
           (options.write && !route.target->traits().seekable);
}

// What is read or written once, in order, is not measured over and over.
void check_sequence(const copy_options& options) {
    if (options.overlap || options.chunks || options.repeat_for || options.source_offset_bytes ||
        options.target_offset_bytes)
        refuse(errc::invalid_argument, "a stream has no offsets and no second pass");
}

// What is skipped is skipped once, and lies at the same place on both sides.
void check_holes(const copy_route& route, const copy_options& options, const copy_setup& setup) {
    if (options.holes.empty()) return;
    const bool plain = options.read && options.write && !options.overlap && !options.chunks &&
                       !options.repeat_for && options.source_offset_bytes == 0 &&
                       options.target_offset_bytes == 0 &&
                       setup.length_bytes != copy_plan::unknown_length;
    if (!plain || route.target->traits().fixed_size)
        refuse(errc::invalid_argument, "holes are for whole files");
    const std::uint32_t block = std::max(setup.source_block_bytes, setup.target_block_bytes);
    std::uint64_t at = 0;
    for (const io::byte_range& hole : options.holes) {
        const std::uint64_t end = hole.offset_bytes + hole.length_bytes;
        if (hole.offset_bytes < at || hole.offset_bytes % block != 0 ||
            (end % block != 0 && end != setup.length_bytes) || end > setup.length_bytes)
            refuse(errc::invalid_argument, "a hole's place");
        at = end;
    }
}

void check_what_moves(const copy_route& route, const copy_options& options) {
    if (!options.read && !options.write) refuse(errc::invalid_argument, "nothing is to be moved");
    if (options.write && !route.target) refuse(errc::invalid_argument, "there is no target");
    if (options.read) check_direct(route, route.source, "the source");
    if (options.write) check_direct(route, *route.target, "the target");
}

}  // namespace

copy_setup set_up_copy(const copy_route& route, const copy_options& options) {
    check_what_moves(route, options);
    copy_setup setup;
    if (options.read) setup.source_block_bytes = block_bytes(route.source.traits().alignment);
    if (options.write) setup.target_block_bytes = block_bytes(route.target->traits().alignment);
    const std::uint32_t block = std::max(setup.source_block_bytes, setup.target_block_bytes);
    setup.bounce_alignment_bytes = std::max(setup.bounce_alignment_bytes, block);
    setup.chunk_bytes = chunk_bytes(route, options, block);
    if (options.source_offset_bytes % setup.source_block_bytes != 0 ||
        options.target_offset_bytes % setup.target_block_bytes != 0)
        refuse(errc::invalid_argument, "an offset is not a multiple of the block size");

    setup.length_bytes =
        options.length_bytes
            ? *options.length_bytes
            : clipped(route, options, whole_length(route, options, setup.chunk_bytes));
    check_holes(route, options, setup);
    const copy_plan plan(options, setup.chunk_bytes, setup.length_bytes, {});
    check_source_end(route, options, plan.reach_bytes());
    if (plan.length_known()) check_target_end(route, options, plan.reach_bytes());
    // Nothing could be read again for the last partial block.
    if (!options.read && setup.length_bytes % setup.target_block_bytes != 0)
        refuse(errc::invalid_argument, "length and block size");

    const std::uint32_t slots = route.staging.options().slots;
    setup.depth = options.depth > 0 ? std::min(options.depth, slots) : slots;
    const bool sequence = in_sequence(route, options);
    if (sequence) check_sequence(options);
    if (sequence || !plan.length_known()) setup.depth = 1;
    return setup;
}

void write_pattern(bytes_span slot) {
    std::mt19937_64 random(reinterpret_cast<std::uintptr_t>(slot.data()));
    for (std::size_t at = 0; at + sizeof(std::uint64_t) <= slot.size();
         at += sizeof(std::uint64_t)) {
        const std::uint64_t word = random();
        std::memcpy(slot.data() + at, &word, sizeof word);
    }
}

}  // namespace peerpress::pipeline
