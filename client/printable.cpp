#include "client/printable.hpp"

#include "jobs/utf8.hpp"

#include <fmt/format.h>

#include <cstdint>

namespace peerpress::client {
namespace {

void append_escaped(std::string& out, std::string_view bytes) {
    for (const char c : bytes) {
        if (c == '\n') {
            out += "\\n";
        } else if (c == '\t') {
            out += "\\t";
        } else {
            out += fmt::format("\\x{:02x}", static_cast<std::uint8_t>(c));
        }
    }
}

}  // namespace

std::string printable(std::string_view name) {
    std::string out;
    while (!name.empty()) {
        const std::size_t length = jobs::utf8_sequence_bytes(name);
        const std::string_view piece = name.substr(0, length == 0 ? 1 : length);
        if (length == 0 || jobs::is_control(piece)) {
            append_escaped(out, piece);
        } else {
            out += piece;
        }
        name.remove_prefix(piece.size());
    }
    return out;
}

bool is_utf8(std::string_view text) {
    while (!text.empty()) {
        const std::size_t length = jobs::utf8_sequence_bytes(text);
        if (length == 0) return false;
        text.remove_prefix(length);
    }
    return true;
}

std::string to_utf8(std::string_view bytes) {
    std::string out;
    while (!bytes.empty()) {
        const std::size_t length = jobs::utf8_sequence_bytes(bytes);
        out += length == 0 ? std::string_view("\xEF\xBF\xBD") : bytes.substr(0, length);
        bytes.remove_prefix(length == 0 ? 1 : length);
    }
    return out;
}

std::string base64(std::string_view bytes) {
    static constexpr std::string_view alphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    for (std::size_t at = 0; at < bytes.size(); at += 3) {
        const std::size_t have = std::min<std::size_t>(3, bytes.size() - at);
        std::uint32_t group = 0;
        for (std::size_t i = 0; i < 3; ++i) {
            group = group << 8 | (i < have ? static_cast<std::uint8_t>(bytes[at + i]) : 0);
        }
        for (std::size_t i = 0; i < 4; ++i) {
            out += i <= have ? alphabet[group >> (18 - 6 * i) & 63] : '=';
        }
    }
    return out;
}

}  // namespace peerpress::client
