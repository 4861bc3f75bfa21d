// File names are bytes. On a terminal they must not move the cursor or set its title; in JSON they
// must be UTF-8 and still lead back to the file.
#pragma once

#include <string>
#include <string_view>

namespace peerpress::client {

// Control characters (C0, DEL, C1) and bytes that are not UTF-8 become \n, \t, \xNN; a backslash
// stays one, because most names that hold one are better read as they are.
std::string printable(std::string_view name);

bool is_utf8(std::string_view text);

// Each byte that is part of no valid sequence becomes U+FFFD.
std::string to_utf8(std::string_view bytes);

std::string base64(std::string_view bytes);

}  // namespace peerpress::client
