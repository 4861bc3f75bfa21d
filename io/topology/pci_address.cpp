#include "io/topology/pci_address.hpp"

#include <array>
#include <charconv>
#include <cstdio>

namespace peerpress::io::topology {

namespace {

// All of `text` as a hexadecimal number of at most `digits_max` digits.
std::optional<std::uint32_t> hexadecimal(std::string_view text, std::size_t digits_max) {
    std::uint32_t value = 0;
    const char* end = text.data() + text.size();
    const auto [stopped_at, error] = std::from_chars(text.data(), end, value, 16);
    if (error != std::errc{} || stopped_at != end || text.size() > digits_max) return std::nullopt;
    return value;
}

}  // namespace

std::optional<pci_address> parse_pci_address(std::string_view text) {
    const std::size_t dot = text.rfind('.');
    const std::size_t colon = text.rfind(':');
    if (dot == text.npos || colon == text.npos || dot < colon) return std::nullopt;

    const std::string_view before = text.substr(0, colon);
    const std::size_t domain_end = before.rfind(':');
    const bool has_domain = domain_end != before.npos;

    const auto domain = has_domain ? hexadecimal(before.substr(0, domain_end), 8) : 0;
    const auto bus = hexadecimal(has_domain ? before.substr(domain_end + 1) : before, 2);
    const auto device = hexadecimal(text.substr(colon + 1, dot - colon - 1), 2);
    const auto function = hexadecimal(text.substr(dot + 1), 1);
    if (!domain || !bus || !device || !function || *device > 31 || *function > 7)
        return std::nullopt;

    return pci_address{.domain = *domain,
                       .bus = static_cast<std::uint8_t>(*bus),
                       .device = static_cast<std::uint8_t>(*device),
                       .function = static_cast<std::uint8_t>(*function)};
}

std::string to_string(pci_address address) {
    std::array<char, 24> text{};
    std::snprintf(text.data(), text.size(), "%04x:%02x:%02x.%x", address.domain, address.bus,
                  address.device, address.function);
    return text.data();
}

}  // namespace peerpress::io::topology
