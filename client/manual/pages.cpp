#include "client/manual/pages.hpp"

namespace peerpress::client::manual {

std::optional<std::string> page(const command_model& program, const std::string& kind,
                                const std::string& command) {
    if (kind == "man") {
        if (command.empty()) return man_page(program, program);
        for (const command_model& c : program.commands) {
            if (c.name == command) return man_page(program, c);
        }
        return std::nullopt;
    }
    if (!command.empty()) return std::nullopt;
    if (kind == "bash") return bash_completion(program);
    if (kind == "zsh") return zsh_completion(program);
    if (kind == "fish") return fish_completion(program);
    return std::nullopt;
}

}  // namespace peerpress::client::manual
