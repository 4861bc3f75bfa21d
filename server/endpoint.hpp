// Where a listener lies: a Unix socket, or a port of an address.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace peerpress::server {

struct endpoint {
    std::string unix_path;  // empty: TCP
    std::string address;    // "127.0.0.1", "::1"
    std::uint16_t port = 0;

    std::string text() const;  // "unix:/path", "127.0.0.1:9000", "[::1]:9000"
};

// "unix:/absolute/path", "127.0.0.1:9000", "[::1]:9000" or "localhost:9000"; port 0 takes a free
// one. nullopt for anything else, addresses other than loopback ones included.
std::optional<endpoint> parse_endpoint(std::string_view text);

// "0.0.0.0:7443", "[::]:7443", any other address of a machine; nullopt for Unix sockets and names.
std::optional<endpoint> parse_any_address(std::string_view text);

// sun_path is 108 bytes with its terminating NUL.
inline constexpr std::size_t unix_path_bytes_max = 107;

}  // namespace peerpress::server
