// Text that came from outside (paths above all), made safe for logs, terminals and protobuf
// strings.
#pragma once

#include <string>
#include <string_view>

namespace peerpress::server {

// Control characters, backslashes and bytes that are not UTF-8 become \xNN (a backslash: \\), so
// that the result is UTF-8, one line, and says byte for byte what came in.
std::string printable(std::string_view text);

// printable(), cut to `bytes_max` with "..." at its end.
std::string printable(std::string_view text, std::size_t bytes_max);

}  // namespace peerpress::server
