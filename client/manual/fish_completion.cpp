#include "client/manual/pages.hpp"

#include <fmt/format.h>

namespace peerpress::client::manual {
namespace {

std::string quoted(const std::string& text) {
    std::string out = "'";
    for (const char c : text) {
        if (c == '\'' || c == '\\') out += '\\';
        out += c;
    }
    return out + "'";
}

std::string names(const option_model& option) {
    std::string out;
    for (const std::string& name : option.names) {
        out += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
    }
    return out;
}

std::string value_words(const option_model& option) {
    if (option.value.empty()) return {};
    const auto words = choices(option);
    if (!words.empty())
        return fmt::format(" -x -a {}", quoted(fmt::format("{}", fmt::join(words, " "))));
    if (option.value == "DIR") return " -x -a '(__fish_complete_directories)'";
    return takes_path(option.value) ? " -r -F" : " -x";
}

}  // namespace

std::string fish_completion(const command_model& program) {
    std::string out = "# fish completion for peerpress\n";
    for (const option_model& option : program.options) {
        out += fmt::format("complete -c peerpress -f -n __fish_use_subcommand{} -d {}\n",
                           names(option), quoted(option.help));
    }
    for (const command_model& c : program.commands) {
        out += fmt::format("complete -c peerpress -f -n __fish_use_subcommand -a {} -d {}\n",
                           c.name, quoted(c.summary));
        const std::string when = quoted("__fish_seen_subcommand_from " + c.name);
        if (!takes_path(c.operands)) out += fmt::format("complete -c peerpress -f -n {}\n", when);
        for (const option_model& option : c.options) {
            out += fmt::format("complete -c peerpress -n {}{}{} -d {}\n", when, names(option),
                               value_words(option), quoted(option.help));
        }
    }
    return out;
}

}  // namespace peerpress::client::manual
