// Numbers as people write and read them. Sizes are read with binary suffixes (64K is 65536) and
// shown in decimal units (1.5 GB is 1500000000 bytes), as the tools around us do. No locale plays a
// part.
#pragma once

#include "pipeline/transfer.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace peerpress::client {

// "65536", "64K", "1M", "2GiB"; nullopt for anything else and for what does not fit.
std::optional<std::uint64_t> parse_size(std::string_view text);

// "OFF:LEN", "OFF:" (to the end) or ":LEN" (from the start), each a size.
std::optional<pipeline::decompress_options::byte_range> parse_range(std::string_view text);

std::string bytes_text(std::uint64_t bytes);     // "0 B", "999 B", "1.50 GB"
std::string rate_text(double bytes_per_second);  // "812 MB/s"
std::string ratio_text(std::uint64_t plain,
                       std::uint64_t compressed);  // "3.42:1"; "-" where there is none
std::string clock_text(double seconds);            // "0:07", "1:02:03"
std::string elapsed_text(double seconds);          // "0.42 s", "12.3 s", "3:07"

}  // namespace peerpress::client
