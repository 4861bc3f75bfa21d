#include "client/remote/server_address.hpp"

#include <charconv>

namespace peerpress::client {
namespace {

bool is_port(std::string_view text) {
    unsigned port = 0;
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, port);
    return error == std::errc{} && rest == end && port > 0 && port <= 65535;
}

server_address on_socket(const std::string& path) {
    return {.target = "unix:" + path, .text = "unix:" + path, .socket_path = path};
}

}  // namespace

std::optional<server_address> parse_server_address(std::string_view text,
                                                   std::string_view directory) {
    const bool named_unix = text.starts_with("unix:");
    std::string_view path = named_unix ? text.substr(5) : text;
    if (named_unix && path.starts_with("//")) path.remove_prefix(2);  // unix:///run/x.sock
    if (named_unix || path.starts_with("/") || path.starts_with("./") || path.starts_with("../")) {
        if (path.empty()) return std::nullopt;
        if (path.starts_with("/")) return on_socket(std::string(path));
        return on_socket(std::string(directory) + "/" + std::string(path));
    }
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos || colon == 0 || !is_port(text.substr(colon + 1)))
        return std::nullopt;
    const std::string_view host = text.substr(0, colon);
    const bool bracketed = host.starts_with("[") && host.ends_with("]");
    if (host.find_first_of(":/") != std::string_view::npos && !bracketed) return std::nullopt;
    return server_address{
        .target = "dns:///" + std::string(text), .text = std::string(text), .socket_path = {}};
}

std::vector<std::string> default_sockets(std::string_view runtime_directory) {
    constexpr std::string_view name = "/peerpress/peerpressd.sock";
    std::vector<std::string> out;
    if (runtime_directory.starts_with("/"))
        out.push_back(std::string(runtime_directory) + std::string(name));
    out.push_back("/run" + std::string(name));
    return out;
}

}  // namespace peerpress::client
