#include "client/manual/help.hpp"

#include <fmt/format.h>

#include <sstream>

namespace peerpress::client::manual {
namespace {

constexpr std::size_t page_width = 80;
constexpr std::size_t help_column = 28;

std::string joined_names(const option_model& option) {
    std::string out = fmt::format("{}", fmt::join(option.names, ", "));
    if (!option.value.empty()) out += " " + option.value;
    return out;
}

std::string entry(const std::string& left, const std::string& right) {
    std::string line = "  " + left;
    if (line.size() + 2 > help_column) {
        line += "\n" + std::string(help_column, ' ');
    } else {
        line.resize(help_column, ' ');
    }
    return line + wrapped(right, page_width - help_column, help_column) + "\n";
}

}  // namespace

std::string wrapped(const std::string& text, std::size_t width, std::size_t indent) {
    std::string out;
    std::size_t column = 0;
    std::istringstream words(text);
    for (std::string word; words >> word;) {
        if (column > 0 && column + 1 + word.size() > width) {
            out += "\n" + std::string(indent, ' ');
            column = 0;
        }
        if (column > 0) {
            out += ' ';
            ++column;
        }
        out += word;
        column += word.size();
    }
    return out;
}

std::string help(const command_model& command) {
    std::string out = fmt::format("Usage: {} [OPTION]...", full_name(command));
    if (!command.commands.empty()) out += " COMMAND";
    if (!command.operands.empty()) out += " " + command.operands;
    out += "\n" + command.summary + ".\n";
    if (!command.commands.empty()) {
        out += "\nCommands:\n";
        for (const command_model& c : command.commands) out += entry(c.name, c.summary);
    }
    out += "\nOptions:\n";
    for (const option_model& o : command.options) out += entry(joined_names(o), o.help);
    std::istringstream paragraphs(command.details);
    std::string paragraph;
    const auto flush = [&] {
        if (!paragraph.empty()) out += "\n" + wrapped(paragraph, page_width, 0) + "\n";
        paragraph.clear();
    };
    for (std::string line; std::getline(paragraphs, line);) {
        if (line.empty()) {
            flush();
        } else {
            paragraph += line + " ";
        }
    }
    flush();
    return out;
}

}  // namespace peerpress::client::manual
