#include "tests/simulation/simulated_core.hpp"

#include "accel/software/checksum.hpp"
#include "accel/software/deflate_chunk.hpp"
#include "tests/simulation/flip.hpp"
#include "tests/support/device_member.hpp"
#include "tests/support/reference_zlib.hpp"

#include <algorithm>
#include <cerrno>

namespace peerpress::simulation {
namespace {

using accel::checksum_kind;
using accel::noload::completion;
using accel::noload::opcode;
using accel::software::checksum_of;

class borrowed {
public:
    borrowed(ledger& of, bytes_view memory)
        : of_(of), loan_(of.lend(memory, ledger::use::writes)) {}
    borrowed(const borrowed&) = delete;
    borrowed& operator=(const borrowed&) = delete;
    ~borrowed() { of_.give_back(loan_); }

private:
    ledger& of_;
    std::uint64_t loan_;
};

io::command_result success(std::size_t bytes, std::uint32_t crc32, const fault& how) {
    completion done{.bytes = static_cast<std::uint32_t>(bytes), .crc32 = crc32};
    if (how.told == lie::checksum) done.crc32 ^= 0x10;
    if (how.told == lie::length) done.bytes += done.bytes > 4096 ? -4096 : 4096;
    return {.status = 0, .value = encode_completion(done)};
}

}  // namespace

awaitable<io::command_result> simulated_core::send(io::nvme_command command) {
    const fault how = in_.next(occasion::command);
    const borrowed span(in_.ledger, command.data);
    const nanoseconds now = virtual_time::instance().since_enter();
    // One that is lost comes back when the kernel gives it up.
    const nanoseconds time = how.error == EINTR ? std::chrono::milliseconds(command.timeout_ms)
                                                : in_.some_time(std::chrono::microseconds(50), how);
    free_at_ = std::max(free_at_, now) + time;
    co_await sleep_for(free_at_ - now);

    if (how.error != 0) throw system_error{how.error, boost::system::system_category()};
    const auto wanted =
        accel::noload::decode({.opcode = command.opcode,
                               .cdw10 = {command.cdw10, command.cdw11, command.cdw12, command.cdw13,
                                         command.cdw14, command.cdw15}});
    if (!wanted || !fits_span(*wanted) || wanted->span_bytes != command.data.size())
        co_return io::command_result{.status = accel::noload::status::invalid_field};
    if (how.status != 0) co_return io::command_result{.status = how.status};
    co_return carry_out(*wanted, command.data, how);
}

io::command_result simulated_core::carry_out(const operation& wanted, bytes_span span,
                                             const fault& how) {
    switch (wanted.opcode) {
        case opcode::checksum:
            return success(wanted.input_bytes,
                           checksum_of(checksum_kind::crc32,
                                       span.subspan(wanted.skip_bytes, wanted.input_bytes)),
                           how);
        case opcode::compress:
            return compress(wanted, span, how);
        case opcode::decompress:
            return decompress(wanted, span, how);
    }
    return {.status = accel::noload::status::invalid_opcode};
}

io::command_result simulated_core::compress(const operation& wanted, bytes_span span,
                                            const fault& how) {
    const bytes_view input = span.subspan(wanted.skip_bytes, wanted.input_bytes);
    std::vector<std::byte> data(input.begin(), input.end());
    if (how.told == lie::stale) flip_a_bit(data, in_.random());
    std::vector<std::byte> stream(data.size() + data.size() / 8 + 1024);
    const accel::deflated made =
        accel::software::deflate_chunk(bench_, {.input = data, .output = stream, .level = 1})
            .deflated;
    const bytes_span room = span.subspan(wanted.output_offset_bytes);
    const auto total = test::write_device_member(room, bytes_view(stream).first(made.bytes),
                                                 made.checksum, wanted.input_bytes,
                                                 std::size_t{1} << wanted.output_alignment_log2);
    if (!total) return {.status = accel::noload::status::output_too_small};
    if (how.told == lie::data) flip_a_bit(room.first(*total), in_.random());
    return success(*total, made.checksum, how);
}

io::command_result simulated_core::decompress(const operation& wanted, bytes_span span,
                                              const fault& how) {
    const test::reference_stream found = test::reference_inflate(
        span.subspan(wanted.skip_bytes, wanted.input_bytes), test::gzip_window);
    if (found.verdict != test::reference_verdict::complete ||
        found.input_bytes != wanted.input_bytes)
        return {.status = accel::noload::status::bad_format};
    if (!wanted.check_only) {
        const bytes_span room = span.subspan(wanted.output_offset_bytes);
        if (found.data.size() > room.size())
            return {.status = accel::noload::status::output_too_small};
        std::ranges::copy(found.data, room.begin());
        if (how.told == lie::data || how.told == lie::stale)
            flip_a_bit(room.first(found.data.size()), in_.random());
    }
    return success(found.data.size(), checksum_of(checksum_kind::crc32, found.data), how);
}

}  // namespace peerpress::simulation
