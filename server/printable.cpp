#include "server/printable.hpp"

#include "jobs/utf8.hpp"

#include <fmt/format.h>

namespace peerpress::server {

namespace {

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
        const std::size_t length = jobs::utf8_sequence_bytes(text);
        const std::string_view sequence = text.substr(0, std::max<std::size_t>(length, 1));
        if (out.size() > bytes_max - std::min<std::size_t>(bytes_max, 16)) return out + "...";
        if (sequence == "\\") {
            out += "\\\\";
        } else if (length == 0 || jobs::is_control(sequence)) {
            append_escaped(out, sequence);
        } else {
            out += sequence;
        }
        text.remove_prefix(sequence.size());
    }
    return out;
}

}  // namespace peerpress::server
