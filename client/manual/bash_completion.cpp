#include "client/manual/pages.hpp"

#include <fmt/format.h>

namespace peerpress::client::manual {
namespace {

std::string all_names(const command_model& command) {
    std::string out;
    for (const option_model& option : command.options) {
        for (const std::string& name : option.names) out += (out.empty() ? "" : " ") + name;
    }
    return out;
}

// What to offer after an option: a line of a `case`.
std::string value_case(const command_model& command, const option_model& option) {
    if (option.value.empty()) return {};
    std::string patterns;
    for (const std::string& name : option.names) {
        patterns += fmt::format("{}{}:{}", patterns.empty() ? "" : "|", command.name, name);
    }
    const auto words = choices(option);
    if (!words.empty()) {
        return fmt::format(
            "        {})\n            COMPREPLY=($(compgen -W '{}' -- \"$cur\"))\n            "
            "return ;;\n",
            patterns, fmt::join(words, " "));
    }
    if (takes_path(option.value)) {
        return fmt::format(
            "        {})\n            COMPREPLY=($(compgen {} -- \"$cur\"))\n            return "
            ";;\n",
            patterns, option.value == "DIR" ? "-d" : "-f");
    }
    return fmt::format("        {})\n            return ;;\n", patterns);
}

}  // namespace

std::string bash_completion(const command_model& program) {
    std::string commands;
    std::string values;
    std::string options;
    for (const command_model& c : program.commands) {
        commands += (commands.empty() ? "" : " ") + c.name;
        for (const option_model& option : c.options) values += value_case(c, option);
        options += fmt::format("        {}) options='{}' ;;\n", c.name, all_names(c));
    }
    return fmt::format(
        "# bash completion for peerpress\n"
        "_peerpress() {{\n"
        "    local cur prev command options\n"
        "    cur=${{COMP_WORDS[COMP_CWORD]}}\n"
        "    prev=${{COMP_WORDS[COMP_CWORD - 1]}}\n"
        "    command=${{COMP_WORDS[1]}}\n"
        "    COMPREPLY=()\n"
        "    if ((COMP_CWORD == 1)); then\n"
        "        COMPREPLY=($(compgen -W '{} {}' -- \"$cur\"))\n"
        "        return\n"
        "    fi\n"
        "    case $command:$prev in\n"
        "{}"
        "    esac\n"
        "    case $command in\n"
        "{}"
        "        *) return ;;\n"
        "    esac\n"
        "    if [[ $cur == -* ]]; then\n"
        "        COMPREPLY=($(compgen -W \"$options\" -- \"$cur\"))\n"
        "    else\n"
        "        COMPREPLY=($(compgen -f -- \"$cur\"))\n"
        "    fi\n"
        "}}\n"
        "complete -o filenames -F _peerpress peerpress\n",
        commands, all_names(program), values, options);
}

}  // namespace peerpress::client::manual
