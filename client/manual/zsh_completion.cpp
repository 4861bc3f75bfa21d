#include "client/manual/pages.hpp"

#include <fmt/format.h>

namespace peerpress::client::manual {
namespace {

// Inside '...' of a _arguments specification: quotes end it, brackets and colons are its own.
std::string quoted(const std::string& text) {
    std::string out;
    for (const char c : text) {
        if (c == '\'') {
            out += "'\\''";
        } else {
            if (c == '[' || c == ']' || c == ':' || c == '\\') out += '\\';
            out += c;
        }
    }
    return out;
}

std::string value_action(const option_model& option) {
    if (option.value.empty()) return {};
    const auto words = choices(option);
    if (!words.empty()) return fmt::format(":value:({})", fmt::join(words, " "));
    if (option.value == "DIR") return ":directory:_files -/";
    if (takes_path(option.value)) return ":file:_files";
    return fmt::format(":{}: ", quoted(option.value));
}

std::string arguments(const command_model& command) {
    std::string out = "            _arguments -s -S";
    for (const option_model& option : command.options) {
        for (const std::string& name : option.names) {
            const bool takes_value = !option.value.empty();
            const char* const joint = !takes_value ? "" : name.starts_with("--") ? "=" : "+";
            out += fmt::format(" \\\n                '*{}{}[{}]{}'", name, joint,
                               quoted(option.help), value_action(option));
        }
    }
    if (takes_path(command.operands)) out += " \\\n                '*:file:_files'";
    return out + "\n";
}

}  // namespace

std::string zsh_completion(const command_model& program) {
    std::string commands;
    std::string cases;
    for (const command_model& c : program.commands) {
        commands += fmt::format("        '{}:{}'\n", c.name, quoted(c.summary));
        cases += fmt::format("        {})\n{}            ;;\n", c.name, arguments(c));
    }
    std::string top;
    for (const option_model& option : program.options) {
        for (const std::string& name : option.names)
            top += fmt::format(" \\\n        '{}[{}]'", name, quoted(option.help));
    }
    return fmt::format(
        "#compdef peerpress\n"
        "_peerpress() {{\n"
        "    local curcontext=$curcontext state line\n"
        "    local -a commands\n"
        "    commands=(\n"
        "{}"
        "    )\n"
        "    _arguments -C{} \\\n"
        "        '1:command:->command' \\\n"
        "        '*::argument:->argument'\n"
        "    case $state in\n"
        "    command)\n"
        "        _describe -t commands 'peerpress command' commands\n"
        "        ;;\n"
        "    argument)\n"
        "        case $words[1] in\n"
        "{}"
        "        esac\n"
        "        ;;\n"
        "    esac\n"
        "}}\n"
        "_peerpress \"$@\"\n",
        commands, top, cases);
}

}  // namespace peerpress::client::manual
