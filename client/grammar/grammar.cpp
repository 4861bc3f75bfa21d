#include "client/grammar/grammar.hpp"

#include "client/grammar/bench_grammar.hpp"
#include "client/grammar/copy_grammar.hpp"
#include "client/grammar/file_grammars.hpp"
#include "client/grammar/job_grammar.hpp"
#include "client/grammar/machine_grammars.hpp"
#include "client/grammar/server_grammars.hpp"
#include "client/gzip/gzip_grammar.hpp"
#include "client/manual/help.hpp"
#include "client/manual/pages.hpp"
#include "client/printable.hpp"
#include "client/version.hpp"

#include <fmt/format.h>

namespace peerpress::client {
namespace {

// peerpress's own options are few, and stand before any command.
manual::command_model top_level() {
    return {.name = {},
            .summary = "Compress, decompress and copy files where they lie",
            .details = "Each command has a page: peerpress COMMAND --help.",
            .operands = "[ARGUMENT]...",
            .options =
                {{.names = {"-h", "--help"}, .value = {}, .help = "Print this help and exit"},
                 {.names = {"-V", "--version"}, .value = {}, .help = "Print the version and exit"}},
            .commands = {}};
}

// Not in the help: the build prints the man pages and completions with it.
request generate(const std::vector<std::string>& arguments) {
    const std::string kind = arguments.size() > 1 ? arguments[1] : "";
    const std::string command = arguments.size() > 2 ? arguments[2] : "";
    const auto text = manual::page(command_line_model(), kind, command);
    if (!text || arguments.size() > 3) {
        throw usage_error("peerpress",
                          "--generate takes man, bash, zsh or fish, and for man a command");
    }
    return text_request{*text};
}

}  // namespace

std::vector<std::unique_ptr<command_grammar>> make_command_grammars() {
    std::vector<std::unique_ptr<command_grammar>> all;
    all.push_back(std::make_unique<job_grammar>(jobs::operation::compress));
    all.push_back(std::make_unique<job_grammar>(jobs::operation::decompress));
    all.push_back(std::make_unique<job_grammar>(jobs::operation::test));
    all.push_back(std::make_unique<copy_grammar>());
    all.push_back(std::make_unique<list_grammar>());
    all.push_back(std::make_unique<cat_grammar>());
    all.push_back(std::make_unique<jobs_grammar>());
    all.push_back(std::make_unique<watch_grammar>());
    all.push_back(std::make_unique<cancel_grammar>());
    all.push_back(std::make_unique<server_info_grammar>());
    all.push_back(std::make_unique<devices_grammar>());
    all.push_back(std::make_unique<topology_grammar>());
    all.push_back(std::make_unique<doctor_grammar>());
    all.push_back(std::make_unique<bench_grammar>());
    return all;
}

request parse_command_line(std::vector<std::string> arguments) {
    if (arguments.empty()) throw usage_error("peerpress", "a command is missing");
    const std::string first = arguments.front();
    if (first == "-h" || first == "--help") return text_request{manual::help(command_line_model())};
    if (first == "-V" || first == "--version")
        return text_request{fmt::format("peerpress {}\n", version)};
    if (first == "--generate") return generate(arguments);
    for (const auto& command : make_command_grammars()) {
        if (command->name() == first)
            return command->parse({arguments.begin() + 1, arguments.end()});
    }
    throw usage_error("peerpress",
                      fmt::format("unknown {} '{}'", first.starts_with("-") ? "option" : "command",
                                  printable(first)));
}

manual::command_model command_line_model() {
    manual::command_model model = top_level();
    for (const auto& command : make_command_grammars()) model.commands.push_back(command->model());
    model.commands.push_back(gzip::gzip_model());
    return model;
}

}  // namespace peerpress::client
