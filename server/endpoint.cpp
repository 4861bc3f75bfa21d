#include "server/endpoint.hpp"

#include "io/asio.hpp"

#include <charconv>

namespace peerpress::server {

namespace {

std::optional<std::uint16_t> parse_port(std::string_view text) {
    std::uint16_t port = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (ec != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return port;
}

std::string_view without_brackets(std::string_view host) {
    if (host.starts_with('[') && host.ends_with(']')) return host.substr(1, host.size() - 2);
    return host;
}

}  // namespace

std::string endpoint::text() const {
    if (!unix_path.empty()) return "unix:" + unix_path;
    const std::string host = address.find(':') == std::string::npos ? address : "[" + address + "]";
    return host + ":" + std::to_string(port);
}

std::optional<endpoint> parse_endpoint(std::string_view text) {
    if (text.starts_with("unix:")) {
        const std::string_view path = text.substr(5);
        if (!path.starts_with('/') || path.size() > unix_path_bytes_max) return std::nullopt;
        return endpoint{.unix_path = std::string(path), .address = {}};
    }
    auto found = parse_any_address(text);
    if (found && !asio::ip::make_address(found->address).is_loopback()) return std::nullopt;
    return found;
}

std::optional<endpoint> parse_any_address(std::string_view text) {
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos) return std::nullopt;
    const auto port = parse_port(text.substr(colon + 1));
    std::string_view host = text.substr(0, colon);
    if (host == "localhost") host = "127.0.0.1";

    error_code ec;
    const auto address = asio::ip::make_address(std::string(without_brackets(host)), ec);
    if (ec || !port) return std::nullopt;
    return endpoint{.unix_path = {}, .address = address.to_string(), .port = *port};
}

}  // namespace peerpress::server
