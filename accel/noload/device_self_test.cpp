// How a device shows that it is well: data that are known are summed, compressed and decoded by
// each of its cores. The one place where a processor stores into the device's memory: a piece of it
// that is the test's alone.
#include "accel/noload/device.hpp"

#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <exception>

namespace peerpress::accel::noload {
namespace {

// A span too small to be worth a command.
constexpr std::size_t span_bytes_min = 64 << 10;

// What the lane does for a test at a time, beside everything else it has to do: storing so much to
// a slow device takes it a millisecond.
constexpr std::size_t piece_bytes = 64 << 10;

// Half of it compresses; the rest is noise.
class pattern_source {
public:
    void fill(bytes_span piece) {
        for (std::byte& made : piece) {
            state_ = state_ * 1664525 + 1013904223;
            const bool noise = at_++ / 4096 % 2 == 1;
            made = static_cast<std::byte>(noise ? state_ >> 24 : state_ >> 29);
        }
    }

private:
    std::uint32_t state_ = 0x9e3779b9;
    std::size_t at_ = 0;
};

// Calls `work` with one piece of `data` after the other, and lets others run in between.
template <class Span, class Work>
awaitable<> piecewise(Span data, Work& work) {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    for (std::size_t at = 0; at < data.size(); at += piece_bytes) {
        work(data.subspan(at, std::min(piece_bytes, data.size() - at)));
        co_await asio::post(executor, asio::use_awaitable);
    }
}

awaitable<std::vector<std::byte>> make_pattern(std::size_t bytes) {
    std::vector<std::byte> pattern(bytes);
    pattern_source source;
    auto fill = [&source](bytes_span piece) { source.fill(piece); };
    co_await piecewise(bytes_span(pattern), fill);
    co_return pattern;
}

awaitable<std::uint32_t> crc32_of(bytes_view data) {
    uLong sum = ::crc32(0, nullptr, 0);
    auto add = [&sum](bytes_view piece) {
        sum = ::crc32(sum, reinterpret_cast<const Bytef*>(piece.data()),
                      static_cast<uInt>(piece.size()));
    };
    co_await piecewise(data, add);
    co_return static_cast<std::uint32_t>(sum);
}

awaitable<> store(bytes_span memory, bytes_view pattern) {
    auto copy = [to = memory.data()](bytes_view piece) mutable {
        std::memcpy(to, piece.data(), piece.size());
        to += piece.size();
    };
    co_await piecewise(pattern, copy);
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
    const std::unique_ptr<io::slot_memory> memory = memory_(claimed_span_bytes_);
    const bytes_span all = memory->slot(0).first(claimed_span_bytes_);
    const std::vector<std::byte> pattern = co_await make_pattern(all.size());
    co_await store(all, pattern);
    identity_.span_bytes = co_await confirm_span(all, pattern);

    const bytes_span tested = all.first(identity_.span_bytes);
    const std::uint32_t crc32 =
        co_await crc32_of(bytes_view(pattern).first(member_input_bytes(tested.size())));
    std::optional<member_made> made;
    for (std::size_t core = 0; core < table_.size(); ++core)
        if (table_.state(core).kind == core_kind::compress)
            made = co_await test_compressing(core, tested, crc32);
    for (std::size_t core = 0; core < table_.size() && made; ++core)
        if (table_.state(core).kind == core_kind::decompress)
            co_await test_decoding(core, tested, *made);
}

// The kernel and the device each have limits that nothing shows before a command meets them. They
// are found out anew by each test: what was in the way may have gone.
awaitable<std::size_t> device::confirm_span(bytes_span memory, bytes_view pattern) {
    for (std::size_t bytes = memory.size();; bytes = whole_pages(bytes / 2)) {
        const bytes_span span = memory.first(bytes);
        const work wanted{.kind = table_.state(0).kind,
                          .command = checksum_command(span),
                          .input_bytes = static_cast<std::uint32_t>(bytes),
                          .output_bytes_max = static_cast<std::uint32_t>(bytes),
                          .core = 0};
        const tried summed = co_await try_on(0, wanted);
        if (means_too_long(summed.error) && whole_pages(bytes / 2) >= span_bytes_min) continue;
        if (summed.error) throw system_error{summed.error};
        const std::uint32_t crc32 = co_await crc32_of(pattern.first(bytes));
        if (summed.value.crc32 != crc32) fail("its checksum of known data is wrong");
        co_return bytes;
    }
}

awaitable<member_made> device::test_compressing(std::size_t core, bytes_span span,
                                                std::uint32_t crc32) {
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
    if (done.crc32 != crc32) fail("a core compresses something else than known data");
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
