// File names are bytes; what is to be shown or sent of them must be UTF-8 that moves no cursor.
#pragma once

#include <cstddef>
#include <string_view>

namespace peerpress::jobs {

// Length of the well-formed sequence at the front of `text` (not empty), 0 where there is none:
// overlong forms, surrogates and values past U+10FFFF are none.
std::size_t utf8_sequence_bytes(std::string_view text);

// Of one sequence: C0, DEL and C1, on which terminals act.
bool is_control(std::string_view sequence);

}  // namespace peerpress::jobs
