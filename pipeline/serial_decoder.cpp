#include "pipeline/serial_decoder.hpp"

#include "pipeline/gzip/member.hpp"
#include "pipeline/gzip/zlib_header.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace peerpress::pipeline {
namespace {

constexpr std::size_t magic_bytes = 2;
static_assert(magic_bytes == gzip::zlib_header_bytes);

bool is_gzip(std::optional<container> c) {
    return c == container::gzip || c == container::bgzf || c == container::plain;
}

bool has_gzip_magic(bytes_view bytes) {
    return bytes[0] == std::byte{0x1f} && bytes[1] == std::byte{0x8b};
}

bool all_zero(bytes_view bytes) {
    return std::all_of(bytes.begin(), bytes.end(), [](std::byte b) { return b == std::byte{0}; });
}

}  // namespace

serial_decoder::serial_decoder(accel::accelerator& engine, io::flow_id flow,
                               std::optional<pipeline::container> container)
    : engine_(engine), flow_(flow), container_(container) {}

awaitable<serial_decoder::step> serial_decoder::decode(bytes_view& input, bytes_span output) {
    if (fault_) throw *fault_;
    step done;
    try {
        for (bool ready = true; ready && !fault_ && done.bytes < output.size();) {
            if (state_ == state::body) {
                done.bytes += co_await read_body(input, output.subspan(done.bytes));
                ready = state_ != state::body;
            } else {
                ready = advance(input);
            }
        }
    } catch (const format_error& fault) {
        fault_ = fault;
    }
    if (fault_ && done.bytes == 0) throw *fault_;
    // The data before a fault come first.
    done.more = fault_ || done.bytes == output.size();
    co_return done;
}

// Does what the state asks for with the input there is. False: it needs more.
bool serial_decoder::advance(bytes_view& input) {
    switch (state_) {
        case state::between:
            return begin_member(input);
        case state::header:
            return read_header(input);
        case state::trailer:
            return read_trailer(input);
        case state::trailing:
            read_trailing(input);
            return false;
        case state::body:
            break;
    }
    return true;
}

bytes_view serial_decoder::take(bytes_view& input, std::size_t bytes) {
    const bytes_view taken = input.first(bytes);
    input = input.subspan(bytes);
    offset_bytes_ += bytes;
    return taken;
}

// Gathers what may come in several inputs. True: all of it is there.
bool serial_decoder::hold(bytes_view& input, std::size_t bytes) {
    const std::size_t wanted_bytes = bytes - std::min(bytes, held_bytes_);
    const bytes_view taken = take(input, std::min(wanted_bytes, input.size()));
    std::copy(taken.begin(), taken.end(), held_.begin() + held_bytes_);
    held_bytes_ += taken.size();
    return held_bytes_ >= bytes;
}

bool serial_decoder::begin_member(bytes_view& input) {
    if (held_bytes_ == 0) member_offset_bytes_ = offset_bytes_;
    if (container_ == pipeline::container::deflate) {
        if (input.empty()) return false;
        begin_body();
        return true;
    }
    if (!hold(input, 1)) return false;
    if (members_ > 0 && held_[0] == std::byte{0}) {
        begin_trailing();
        return true;
    }
    if (!hold(input, magic_bytes)) return false;
    if (members_ > 0 && !has_gzip_magic(held_)) {
        begin_trailing();
        return true;
    }
    recognise();
    return true;
}

// The first bytes of a member are there, magic_bytes of them.
void serial_decoder::recognise() {
    const bytes_view magic = bytes_view(held_).first(magic_bytes);
    if (!container_ && has_gzip_magic(magic)) container_ = pipeline::container::gzip;
    if (is_gzip(container_)) {
        header_ = {};
        state_ = state::header;
        return;  // read_header() takes what is held first
    }
    const gzip::zlib_header_result header = gzip::parse_zlib_header(magic, true);
    if (header.state != gzip::header_state::complete) {
        // Not known to be zlib, it is taken for one that went wrong only where all but the
        // dictionary is right.
        const bool zlib =
            container_ == pipeline::container::zlib || (std::to_integer<int>(magic[0]) & 0x8f) == 8;
        throw error(zlib ? header.error : format_errc::not_compressed);
    }
    container_ = pipeline::container::zlib;
    sum_ = running_checksum(accel::checksum_kind::adler32);
    begin_body();
}

bool serial_decoder::read_header(bytes_view& input) {
    header_.feed(bytes_view(held_).first(std::exchange(held_bytes_, 0)));
    take(input, header_.feed(input));
    if (header_.state() == gzip::header_state::invalid) throw error(header_.error());
    if (header_.state() == gzip::header_state::need_more) return false;
    begin_body();
    return true;
}

void serial_decoder::begin_body() {
    if (inflater_)
        inflater_->reset();
    else
        inflater_ = engine_.serial(flow_);
    held_bytes_ = 0;
    member_sum_ = initial_checksum(sum_.kind());
    member_data_bytes_ = 0;
    used_ = true;
    state_ = state::body;
}

awaitable<std::size_t> serial_decoder::read_body(bytes_view& input, bytes_span output) {
    const accel::serial_inflater::step step =
        co_await inflater_->inflate({.input = input,
                                     .output = output,
                                     .checksum = sum_.kind(),
                                     .checksum_before = member_sum_});
    take(input, step.input_bytes);
    member_sum_ = step.checksum;
    member_data_bytes_ += step.output_bytes;
    switch (step.status) {
        case accel::serial_inflater::status::more:
            break;
        case accel::serial_inflater::status::ended:
            state_ = state::trailer;
            if (container_ == pipeline::container::deflate) end_member();
            break;
        case accel::serial_inflater::status::bad_data:
            fault_ = error(format_errc::bad_data);
            break;
    }
    co_return step.output_bytes;
}

// The checksum is judged before the size has come, as zlib does.
bool serial_decoder::read_trailer(bytes_view& input) {
    if (container_ == pipeline::container::zlib) {
        if (!hold(input, gzip::zlib_trailer_bytes)) return false;
        if (gzip::parse_zlib_trailer(held_) != member_sum_)
            throw error(format_errc::wrong_checksum);
        end_member();
        return true;
    }
    if (!hold(input, sizeof(gzip::trailer::crc32))) return false;
    const bool complete = hold(input, gzip::trailer_bytes);
    const gzip::trailer trailer = gzip::parse_trailer(held_);
    if (trailer.crc32 != member_sum_) throw error(format_errc::wrong_checksum);
    if (!complete) return false;
    if (trailer.isize != static_cast<std::uint32_t>(member_data_bytes_))
        throw error(format_errc::wrong_size);
    end_member();
    return true;
}

void serial_decoder::end_member() {
    sum_.append(member_sum_, member_data_bytes_);
    members_ += 1;
    held_bytes_ = 0;
    if (is_gzip(container_))
        state_ = state::between;
    else
        begin_trailing();
}

void serial_decoder::begin_trailing() {
    state_ = state::trailing;
    trailing_bytes_ = held_bytes_;
    trailing_garbage_ = !all_zero(bytes_view(held_).first(held_bytes_));
}

void serial_decoder::read_trailing(bytes_view& input) {
    trailing_bytes_ += input.size();
    if (!trailing_garbage_) trailing_garbage_ = !all_zero(input);
    take(input, input.size());
}

void serial_decoder::finish() const {
    const bool complete = members_ > 0 && state_ == state::between && held_bytes_ == 0;
    if (!complete && state_ != state::trailing) throw error(format_errc::truncated);
}

void serial_decoder::begin_at(std::uint64_t offset_bytes, std::uint64_t members_before) {
    offset_bytes_ = offset_bytes;
    members_ = members_before;
}

bool serial_decoder::at_member() const {
    return state_ == state::between && held_bytes_ == 0 && (!container_ || is_gzip(container_));
}

void serial_decoder::take_over(const source_piece& piece) {
    assert(at_member());
    container_ = pipeline::container::gzip;
    for (const member_claim& member : piece.members)
        sum_.append(member.trailer.crc32, member.trailer.isize);
    members_ += piece.members.size();
    offset_bytes_ += piece.bytes;
}

std::uint64_t serial_decoder::trailing_garbage_bytes() const {
    return trailing_garbage_ ? trailing_bytes_ : 0;
}

}  // namespace peerpress::pipeline
