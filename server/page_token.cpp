#include "server/page_token.hpp"

#include "server/refusal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace peerpress::server {

namespace {

constexpr std::int32_t page_size_default = 50;
constexpr std::int32_t page_size_max = 1000;

// FNV-1a: a token of another question is a mistake, not an attack; it opens nothing that the caller
// may not see.
std::uint64_t fingerprint(std::string_view text) {
    std::uint64_t hash = 0xcbf29ce484222325;
    for (const unsigned char c : text) hash = (hash ^ c) * 0x100000001b3;
    return hash;
}

}  // namespace

std::string make_page_token(std::string_view question, std::int64_t position) {
    return fmt::format("{:016x}{:x}", fingerprint(question), position);
}

std::int64_t parse_page_token(std::string_view question, const std::string& token) {
    const std::string prefix = fmt::format("{:016x}", fingerprint(question));
    std::int64_t position = 0;
    if (token.size() > prefix.size() && token.starts_with(prefix)) {
        const char* end = token.data() + token.size();
        const auto parsed = std::from_chars(token.data() + prefix.size(), end, position, 16);
        if (parsed.ec == std::errc{} && parsed.ptr == end && position >= 0) return position;
    }
    throw refusal(jobs::reason::invalid_argument,
                  "page_token: not one that this request got: repeat the request that gave it, or "
                  "begin without",
                  {{"field", "page_token"}});
}

std::int64_t page_size(std::int32_t asked) {
    if (asked < 0) {
        throw refusal(jobs::reason::invalid_argument, "page_size: negative",
                      {{"field", "page_size"}});
    }
    return asked == 0 ? page_size_default : std::min(asked, page_size_max);
}

}  // namespace peerpress::server
