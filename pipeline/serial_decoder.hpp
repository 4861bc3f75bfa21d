// A compressed source decoded in order, byte by byte as strict zlib would: the judge of every file,
// and the only decoder of those that do not tell where their members lie.
//
// States: between members (at the start, and after each) -> header -> body -> trailer -> between
// members ...; from between, what is no member leads to trailing, which lasts to the end. What GNU
// gzip does decides there: a zero byte, or two bytes other than the magic, end the data. One byte
// that is not zero is the start of something, so that a source ending there is truncated. A zlib or
// deflate source is one member.
#pragma once

#include "accel/accelerator.hpp"
#include "pipeline/checksum.hpp"
#include "pipeline/cutter.hpp"
#include "pipeline/gzip/header_parser.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>

namespace peerpress::pipeline {

class serial_decoder {
public:
    // container: nullopt tells gzip and zlib apart by their first bytes.
    serial_decoder(accel::accelerator& engine, io::flow_id flow,
                   std::optional<pipeline::container> container);

    struct step {
        std::size_t bytes = 0;  // produced
        bool more = false;      // to come, perhaps, also without further input
    };
    // Decodes until the input is used up or the output is full, and takes what it has used off the
    // front of `input`. Throws format_error, after all data before the fault have been returned.
    awaitable<step> decode(bytes_view& input, bytes_span output);

    // The source ends here. Throws format_error (truncated) where it must not.
    void finish() const;

    // The source is read from a member in the middle on.
    void begin_at(std::uint64_t offset_bytes, std::uint64_t members_before);

    // A gzip member may begin here, so that members decoded elsewhere can be taken over.
    bool at_member() const;
    void take_over(const source_piece& piece);

    // An error in the member at hand.
    format_error error(format_errc errc) const { return {errc, members_, member_offset_bytes_}; }

    std::uint64_t members() const { return members_; }        // complete ones
    std::uint64_t bytes_in() const { return offset_bytes_; }  // consumed, trailing bytes included
    const running_checksum& sum() const { return sum_; }      // of complete members
    std::uint64_t trailing_garbage_bytes() const;             // 0 where they are all zero
    std::optional<pipeline::container> container() const { return container_; }  // as found out
    bool used() const { return used_; }  // some member's data were decoded here

private:
    enum class state { between, header, body, trailer, trailing };

    bool advance(bytes_view& input);
    bool begin_member(bytes_view& input);
    bool read_header(bytes_view& input);
    awaitable<std::size_t> read_body(bytes_view& input, bytes_span output);
    bool read_trailer(bytes_view& input);
    void read_trailing(bytes_view& input);

    bool hold(bytes_view& input, std::size_t bytes);
    bytes_view take(bytes_view& input, std::size_t bytes);
    void recognise();
    void begin_body();
    void end_member();
    void begin_trailing();

    accel::accelerator& engine_;
    io::flow_id flow_;
    std::optional<pipeline::container> container_;
    std::unique_ptr<accel::serial_inflater> inflater_;

    state state_ = state::between;
    std::uint64_t offset_bytes_ = 0;
    std::uint64_t members_ = 0;
    std::uint64_t member_offset_bytes_ = 0;
    bool used_ = false;

    // The first bytes of a member, or its trailer, as far as they have come.
    std::array<std::byte, gzip::trailer_bytes> held_{};
    std::size_t held_bytes_ = 0;
    gzip::header_parser header_;
    std::uint32_t member_sum_ = 0;
    std::uint64_t member_data_bytes_ = 0;
    std::optional<format_error> fault_;

    running_checksum sum_{accel::checksum_kind::crc32};
    std::uint64_t trailing_bytes_ = 0;
    bool trailing_garbage_ = false;
};

}  // namespace peerpress::pipeline
