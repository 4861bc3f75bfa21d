#include "server/printable.hpp"

#include <fmt/format.h>

namespace peerpress::server {

namespace {

bool continues(std::string_view text, std::size_t at) {
    return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80;
}

// Length of the well-formed UTF-8 sequence at the front (Unicode table 3-7), 0 where there is none.
std::size_t sequence_bytes(std::string_view text) {
    const auto byte = [&](std::size_t at) {
        return at < text.size() ? static_cast<unsigned char>(text[at]) : 0u;
    };
    const unsigned first = byte(0);
    if (first < 0x80) return 1;
    if (first >= 0xc2 && first <= 0xdf) return continues(text, 1) ? 2 : 0;
    if (first >= 0xe0 && first <= 0xef) {
        if (first == 0xe0 && byte(1) < 0xa0) return 0;  // overlong
        if (first == 0xed && byte(1) > 0x9f) return 0;  // a surrogate
        return continues(text, 1) && continues(text, 2) ? 3 : 0;
    }
    if (first >= 0xf0 && first <= 0xf4) {
        if (first == 0xf0 && byte(1) < 0x90) return 0;
        if (first == 0xf4 && byte(1) > 0x8f) return 0;
        return continues(text, 1) && continues(text, 2) && continues(text, 3) ? 4 : 0;
    }
    return 0;
}

bool is_control(std::string_view sequence) {
    const auto first = static_cast<unsigned char>(sequence[0]);
    if (sequence.size() == 1) return first < 0x20 || first == 0x7f;
    // U+0080 to U+009F: some terminals act on them as on escape sequences.
    return sequence.size() == 2 && first == 0xc2 && static_cast<unsigned char>(sequence[1]) < 0xa0;
}

void append_escaped(std::string& out, std::string_view bytes) {
    for (const unsigned char c : bytes) out += fmt::format("\\x{:02x}", c);
}

}  // namespace

std::string printable(std::string_view text) {
    return printable(text, std::string::npos);
}

std::string printable(std::string_view text, std::size_t bytes_max) {
    std::string out;
    while (!text.empty()) {
        const std::size_t length = sequence_bytes(text);
        const std::string_view sequence = text.substr(0, std::max<std::size_t>(length, 1));
        if (out.size() > bytes_max - std::min<std::size_t>(bytes_max, 16)) return out + "...";
        if (sequence == "\\") {
            out += "\\\\";
        } else if (length == 0 || is_control(sequence)) {
            append_escaped(out, sequence);
        } else {
            out += sequence;
        }
        text.remove_prefix(sequence.size());
    }
    return out;
}

}  // namespace peerpress::server
