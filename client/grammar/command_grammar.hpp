// One command's options, and what it makes of them. An instance parses once: options write into it.
#pragma once

#include "client/manual/command_model.hpp"
#include "client/request.hpp"

#include <CLI/CLI.hpp>

#include <memory>
#include <string>
#include <vector>

namespace peerpress::client {

class command_grammar {
public:
    command_grammar(const std::string& name, const std::string& summary,
                    const std::string& details);
    command_grammar(const command_grammar&) = delete;
    virtual ~command_grammar() = default;

    const std::string& name() const { return app_.get_name(); }
    manual::command_model model() const;
    // Throws usage_error; a text_request for --help.
    client::request parse(std::vector<std::string> arguments);

protected:
    CLI::App& app() { return app_; }
    // A flag that is set or not.
    void flag(const std::string& names, bool& value, const std::string& help);
    // An option with a value in words of its own; `take` throws CLI::ValidationError.
    CLI::Option* value(const std::string& names, const std::string& kind,
                       std::function<void(const std::string&)> take, const std::string& help);
    // Without a call a command takes no operands.
    void operands(std::vector<std::string>& values, const std::string& kind, std::size_t least = 0,
                  std::size_t most = ~std::size_t{0});

    void add_output_options(output_choice& output);
    void add_progress_options(output_choice& output);
    void add_server_options(server_choice& server);
    void add_place_option(server_choice& server);
    void add_label_option(std::vector<std::pair<std::string, std::string>>& labels);

    // What cannot be seen from one option alone; throws CLI::ValidationError.
    virtual client::request finish() = 0;

private:
    struct operand_rule {
        std::vector<std::string>* values = nullptr;
        std::string kind;  // "FILE..."
        std::size_t least = 0;
        std::size_t most = 0;
    };
    void take_operands();

    CLI::App app_;
    operand_rule operands_;
};

// For a value that is not what its option takes: "--level 13: must be from 1 to 12".
[[noreturn]] void refuse_value(const std::string& option, const std::string& given,
                               const std::string& why);
// For a combination: "--detach needs a server".
[[noreturn]] void refuse(const std::string& message);

// What --on-server asks of the names of files.
void check_place(const server_choice& server, const jobs::job_spec& spec);

// "A,,B" is "A", "" and "B".
std::vector<std::string> split_at_commas(const std::string& given);
std::uint64_t size_value(const std::string& option, const std::string& given);
std::int32_t priority_value(const std::string& given);
std::uint64_t number_value(const std::string& option, const std::string& given,
                           std::uint64_t lowest, std::uint64_t highest);

// Every command but gzip, in the order in which --help lists them.
std::vector<std::unique_ptr<command_grammar>> make_command_grammars();

}  // namespace peerpress::client
