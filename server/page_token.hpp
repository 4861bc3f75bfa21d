// Where the next page begins, as a token that means nothing to anybody else. It names the question
// it belongs to: AIP-158 asks that a token is refused with another one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace peerpress::server {

std::string make_page_token(std::string_view question, std::int64_t position);

// Throws refusal(invalid_argument) where the token is not of this question.
std::int64_t parse_page_token(std::string_view question, const std::string& token);

// The size to use for what was asked for: 50 for 0, at most 1000. Throws refusal(invalid_argument)
// for negative ones.
std::int64_t page_size(std::int32_t asked);

}  // namespace peerpress::server
