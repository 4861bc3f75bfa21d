#include "io/regular_file.hpp"

#include "io/retry.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace peerpress::io {

namespace {

// A direct write that makes its file longer keeps every other one out (ext4, xfs); those that come
// meanwhile are handed to threads of the kernel's, which spin for the lock: 10 % of the processors'
// time while compressing at level 1. Smaller files have too few writes for that.
constexpr std::uint64_t room_from_bytes = 4 << 20;
// As much again as there is, so that a file gets few calls and no disk is filled for nothing.
constexpr std::uint64_t room_bytes_max = 128 << 20;

}  // namespace

regular_file::regular_file(std::unique_ptr<raw_file> file, storage_traits traits,
                           bool may_fall_back, bool makes_room)
    : file_(std::move(file)),
      traits_(std::move(traits)),
      may_fall_back_(may_fall_back),
      makes_room_(makes_room) {}

awaitable<std::size_t> regular_file::read(std::uint64_t offset_bytes, bytes_span into) {
    check_alignment(offset_bytes, into);
    bool direct =
        traits_.direct;  // of this transfer: another one may make the file fall back meanwhile
    retry retry;
    std::size_t done_bytes = 0;
    while (done_bytes < into.size()) {
        const std::size_t at = resume_at(done_bytes, direct);
        const result<std::size_t> got =
            co_await file_->read_some(offset_bytes + at, into.subspan(at));
        if (!got) {
            if (!fell_back(got.error(), direct))
                co_await retry.after(got.error(), *file_, readiness::to_read);
            continue;
        }
        if (*got == 0) break;
        if (at + *got > done_bytes) {
            done_bytes = at + *got;
            retry.progressed();
        } else {
            retry.fruitless();
        }
        // Asked of the size rather than of another read, which costs a round trip, and which a
        // direct file could not start from where its unaligned end left us.
        if (done_bytes < into.size() && at_end(offset_bytes + done_bytes, direct)) break;
    }
    co_return done_bytes;
}

awaitable<> regular_file::write(std::uint64_t offset_bytes, bytes_view from) {
    check_alignment(offset_bytes, from);
    const std::uint64_t end_bytes = offset_bytes + from.size();
    co_await make_room(end_bytes);
    bool direct = traits_.direct;
    retry retry;
    std::size_t done_bytes = 0;
    while (done_bytes < from.size()) {
        const std::size_t at = resume_at(done_bytes, direct);
        const result<std::size_t> put =
            co_await file_->write_some(offset_bytes + at, from.subspan(at));
        if (!put) {
            if (!fell_back(put.error(), direct))
                co_await retry.after(put.error(), *file_, readiness::to_write);
            continue;
        }
        if (at + *put > done_bytes) {
            done_bytes = at + *put;
            retry.progressed();
        } else {
            retry.fruitless();
        }
    }
    traits_.size_bytes = std::max(traits_.size_bytes.value_or(0), end_bytes);
}

// Others write on meanwhile, as if there were no such thing.
awaitable<> regular_file::make_room(std::uint64_t end_bytes) {
    const std::uint64_t size_bytes = traits_.size_bytes.value_or(0);
    if (!traits_.direct || !makes_room_ || making_room_ || end_bytes <= size_bytes ||
        end_bytes < room_from_bytes)
        co_return;
    const std::uint64_t room_end_bytes = end_bytes + std::min(end_bytes, room_bytes_max);
    making_room_ = true;
    const error_code ec = co_await file_->allocate(size_bytes, room_end_bytes - size_bytes);
    making_room_ = false;
    // Not every file system can, and a full one may have room for what is written all the same.
    makes_room_ = !ec;
    // One that fails half-way leaves the file as long as it got (ext4 that is full).
    const result<std::uint64_t> now_bytes = file_->size();
    const std::uint64_t there_bytes = ec && now_bytes ? *now_bytes : room_end_bytes;
    traits_.size_bytes = std::max(traits_.size_bytes.value_or(0), there_bytes);
}

awaitable<> regular_file::truncate(std::uint64_t size_bytes) {
    if (const error_code ec = file_->truncate(size_bytes)) throw system_error{ec, "truncate"};
    if (!traits_.fixed_size) traits_.size_bytes = size_bytes;
    co_return;
}

awaitable<> regular_file::sync() {
    if (const error_code ec = co_await file_->sync()) throw system_error{ec, "sync"};
}

void regular_file::check_alignment([[maybe_unused]] std::uint64_t offset_bytes,
                                   [[maybe_unused]] bytes_view memory) const {
    [[maybe_unused]] const alignment asked = traits_.alignment;
    assert(offset_bytes % asked.offset_bytes == 0);
    assert(memory.size() % asked.offset_bytes == 0);
    assert(reinterpret_cast<std::uintptr_t>(memory.data()) % asked.memory_bytes == 0);
}

// A direct transfer starts at aligned places only: it steps back, and moves the bytes between once
// more.
std::size_t regular_file::resume_at(std::size_t done_bytes, bool direct) const {
    if (!direct) return done_bytes;
    const std::size_t step_bytes =
        std::max(traits_.alignment.offset_bytes, traits_.alignment.memory_bytes);
    return done_bytes - done_bytes % step_bytes;
}

bool regular_file::at_end(std::uint64_t offset_bytes, bool direct) {
    const result<std::uint64_t> size_bytes = file_->size();
    if (!size_bytes) throw system_error{size_bytes.error(), "size"};
    // Some files give more than their size says (procfs: 0); these are read until they give
    // nothing.
    return direct ? offset_bytes >= *size_bytes : offset_bytes == *size_bytes;
}

bool regular_file::fell_back(error_code ec, bool& direct) {
    if (!direct || !may_fall_back_ || ec != boost::system::errc::invalid_argument) return false;
    direct = false;
    if (!traits_.direct) return true;  // by another transfer, while this one was under way
    if (const error_code failed = file_->make_buffered())
        throw system_error{failed, "make_buffered"};
    traits_.direct = false;
    traits_.alignment = {};
    traits_.buffered_reason = "the file system took O_DIRECT, but refused a direct transfer";
    return true;
}

}  // namespace peerpress::io
