// How a device shows that it is well: data that are known are summed, compressed and decoded by
// each of its cores. The one place where a processor stores into the device's memory: a piece of it
// that is the test's alone.
#include "accel/noload/device.hpp"

#include <zlib.h>

#include <cerrno>
#include <cstring>
#include <exception>

namespace peerpress::accel::noload {
namespace {

// A span too small to be worth a command.
constexpr std::size_t span_bytes_min = 64 << 10;

// Half of it compresses; the rest is noise.
std::vector<std::byte> make_pattern(std::size_t bytes) {
    std::vector<std::byte> pattern(bytes);
    std::uint32_t state = 0x9e3779b9;
    for (std::size_t at = 0; at < bytes; ++at) {
        state = state * 1664525 + 1013904223;
        const bool noise = at / 4096 % 2 == 1;
        pattern[at] = static_cast<std::byte>(noise ? state >> 24 : state >> 29);
    }
    return pattern;
}

std::uint32_t crc32_of(bytes_view data) {
    return static_cast<std::uint32_t>(
        ::crc32(0, reinterpret_cast<const Bytef*>(data.data()), static_cast<uInt>(data.size())));
}

void store(bytes_span memory, bytes_view pattern) {
    std::memcpy(memory.data(), pattern.data(), pattern.size());
    // Stores to a device wait in buffers and on the bus; a load from it comes back behind them.
    __sync_synchronize();
    volatile const std::byte* const last = &memory[pattern.size() - 1];
    static_cast<void>(*last);
}

[[noreturn]] void fail(const std::string& why) {
    throw device_error(device_errc::implausible_answer, why);
}

bool means_too_long(error_code failed) {
    return failed == boost::system::errc::invalid_argument;
}

}  // namespace

awaitable<> device::admit() {
    const auto held = shared_from_this();
    if (!co_await pass_test()) start_recovery();
}

awaitable<bool> device::pass_test() {
    std::string why;
    try {
        co_await test_device();
    } catch (const std::exception& failed) {
        why = failed.what();
    }
    well_ = why.empty();
    reason_ = well_ ? "" : "its test failed: " + why;
    if (!well_) ++setbacks_;
    co_return well_;
}

awaitable<> device::test_device() {
    const std::unique_ptr<io::slot_memory> memory = memory_(identity_.span_bytes);
    const bytes_span span = memory->slot(0);
    identity_.span_bytes = co_await confirm_span(span.first(identity_.span_bytes));

    const bytes_span tested = span.first(identity_.span_bytes);
    store(tested, make_pattern(tested.size()));
    std::optional<member_made> made;
    for (std::size_t core = 0; core < table_.size(); ++core)
        if (table_.state(core).kind == core_kind::compress)
            made = co_await test_compressing(core, tested);
    for (std::size_t core = 0; core < table_.size() && made; ++core)
        if (table_.state(core).kind == core_kind::decompress)
            co_await test_decoding(core, tested, *made);
}

// The kernel and the device each have limits that nothing shows before a command meets them.
awaitable<std::size_t> device::confirm_span(bytes_span memory) {
    const std::vector<std::byte> pattern = make_pattern(memory.size());
    store(memory, pattern);
    for (std::size_t bytes = memory.size();; bytes /= 2) {
        const bytes_span span = memory.first(bytes);
        const work wanted{.kind = table_.state(0).kind,
                          .command = checksum_command(span),
                          .input_bytes = static_cast<std::uint32_t>(bytes),
                          .output_bytes_max = static_cast<std::uint32_t>(bytes),
                          .core = 0};
        const tried summed = co_await try_on(0, wanted);
        if (means_too_long(summed.error) && bytes / 2 >= span_bytes_min) continue;
        if (summed.error) throw system_error{summed.error};
        if (summed.value.crc32 != crc32_of(bytes_view(pattern).first(bytes)))
            fail("its checksum of known data is wrong");
        co_return bytes;
    }
}

awaitable<member_made> device::test_compressing(std::size_t core, bytes_span span) {
    const std::uint32_t input_bytes = member_input_bytes(span.size());
    const member_request request{
        .span = span, .input_bytes = input_bytes, .output_offset_bytes = input_bytes};
    const answer done = co_await carry_out(
        {.kind = core_kind::compress,
         .command = compress_command(request),
         .input_bytes = input_bytes,
         .output_bytes_max = static_cast<std::uint32_t>(span.size() - input_bytes),
         .alignment_bytes = request.alignment_bytes,
         .core = core});
    const std::vector<std::byte> pattern = make_pattern(span.size());
    if (done.crc32 != crc32_of(bytes_view(pattern).first(input_bytes)))
        fail("a core compresses something else than known data");
    co_return member_made{.bytes = done.bytes, .crc32 = done.crc32};
}

awaitable<> device::test_decoding(std::size_t core, bytes_span span, member_made made) {
    const std::uint32_t input_bytes = member_input_bytes(span.size());
    const member_request request{
        .span = span, .input_bytes = input_bytes, .output_offset_bytes = input_bytes};
    const answer decoded = co_await carry_out({.kind = core_kind::decompress,
                                               .command = check_command(request, made),
                                               .input_bytes = made.bytes,
                                               .output_bytes_max = input_bytes,
                                               .core = core});
    if (decoded.bytes != input_bytes || decoded.crc32 != made.crc32)
        fail("one core does not decode what another compressed");
}

}  // namespace peerpress::accel::noload
