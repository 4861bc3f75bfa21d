// Goes from member to member of a compressed file by what their headers and trailers claim, without
// reading what lies between. Nothing is decoded, so all of it is hearsay: fit to find members and
// to list them.
#pragma once

#include "io/storage.hpp"
#include "pipeline/aligned_memory.hpp"
#include "pipeline/gzip/member.hpp"
#include "pipeline/transfer.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace peerpress::pipeline {

class member_hops {
public:
    // `source` can seek; it outlives this object.
    explicit member_hops(io::storage& source);

    // The next member; none at the end of the data. Throws system_error: range_unsupported where a
    // member does not tell its length, or tells one that cannot be; and what reading throws.
    awaitable<std::optional<member_entry>> next();

    std::uint64_t offset_bytes() const { return offset_bytes_; }  // behind the last member
    std::uint64_t members() const { return members_; }
    gzip::convention convention() const { return convention_; }  // of the first member

private:
    awaitable<bytes_view> look(std::uint64_t offset_bytes, std::size_t length_bytes);

    io::storage& source_;
    std::uint32_t block_bytes_;
    std::uint64_t offset_bytes_ = 0;
    std::uint64_t members_ = 0;
    gzip::convention convention_ = gzip::convention::none;
    bool dense_ = false;  // members are so small that one read serves many hops

    aligned_memory memory_;  // holds [memory_offset_bytes_, + memory_length_bytes_) of the source
    std::uint64_t memory_offset_bytes_ = 0;
    std::size_t memory_length_bytes_ = 0;
};

}  // namespace peerpress::pipeline
