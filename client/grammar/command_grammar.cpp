#include "client/grammar/command_grammar.hpp"

#include "client/manual/help.hpp"
#include "client/printable.hpp"
#include "client/units.hpp"
#include "client/usage_error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace peerpress::client {
namespace {

// CLI11's own words for a problem, on one line.
std::string one_line(std::string text) {
    std::ranges::replace(text, '\n', ' ');
    return printable(text);
}

}  // namespace

command_grammar::command_grammar(const std::string& name, const std::string& summary,
                                 const std::string& details)
    : app_(summary, name) {
    app_.footer(details);
    app_.set_help_flag("-h,--help", "Print this help and exit");
    // As a positional option, operands would lose a name like "[a,b]", which CLI11 takes for a list
    // of two.
    app_.allow_extras();
}

manual::command_model command_grammar::model() const {
    manual::command_model model{.name = app_.get_name(),
                                .summary = app_.get_description(),
                                .details = app_.get_footer(),
                                .operands = operands_.kind,
                                .options = {},
                                .commands = {}};
    for (const CLI::Option* option : app_.get_options()) {
        manual::option_model entry{.names = {}, .value = {}, .help = option->get_description()};
        for (const std::string& name : option->get_snames()) entry.names.push_back("-" + name);
        for (const std::string& name : option->get_lnames()) entry.names.push_back("--" + name);
        if (option->get_items_expected_max() > 0) entry.value = option->get_type_name();
        model.options.push_back(std::move(entry));
    }
    return model;
}

request command_grammar::parse(std::vector<std::string> arguments) {
    std::ranges::reverse(arguments);  // CLI11 takes them from the back
    try {
        app_.parse(std::move(arguments));
        take_operands();
        return finish();
    } catch (const CLI::CallForHelp&) {
        return text_request{manual::help(model())};
    } catch (const CLI::ParseError& error) {
        throw usage_error("peerpress " + name(), one_line(error.what()));
    }
}

void command_grammar::flag(const std::string& names, bool& value, const std::string& help) {
    app_.add_flag(names, value, help);
}

CLI::Option* command_grammar::value(const std::string& names, const std::string& kind,
                                    std::function<void(const std::string&)> take,
                                    const std::string& help) {
    return app_.add_option_function<std::string>(names, std::move(take), help)
        ->type_name(kind)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
}

void command_grammar::operands(std::vector<std::string>& values, const std::string& kind,
                               std::size_t least, std::size_t most) {
    operands_ = {.values = &values, .kind = kind, .least = least, .most = most};
}

void command_grammar::take_operands() {
    std::vector<std::string> found;
    bool options_over = false;
    for (const std::string& word : app_.remaining()) {
        if (!options_over && word == "--") {
            options_over = true;
        } else if (!options_over && word.size() > 1 && word.starts_with("-")) {
            refuse(fmt::format("unknown option '{}'", printable(word)));
        } else {
            found.push_back(word);
        }
    }
    if (found.size() > operands_.most)
        refuse(fmt::format("unexpected operand '{}'", printable(found[operands_.most])));
    if (found.size() < operands_.least)
        refuse(operands_.kind.substr(0, operands_.kind.find('.')) + " is missing");
    if (operands_.values != nullptr) *operands_.values = std::move(found);
}

void command_grammar::add_output_options(output_choice& output) {
    flag("-v,--verbose", output.verbose,
         "Say more on standard error: each file, and which backend works");
    flag("-q,--quiet", output.quiet, "Print errors only");
    flag("--json", output.json, "Print JSON lines on standard output instead of text");
}

void command_grammar::add_progress_options(output_choice& output) {
    app_.add_flag_callback(
        "--progress", [&output] { output.progress = true; },
        "Show progress also where standard error is no terminal, one line every 10 seconds");
    app_.add_flag_callback(
        "--no-progress", [&output] { output.progress = false; }, "Show no progress");
}

void command_grammar::add_server_options(server_choice& server) {
    value(
        "--server", "ADDR", [&server](const std::string& given) { server.address = given; },
        "Use the server at ADDR: unix:PATH, an absolute PATH, or HOST:PORT. Default: "
        "$PEERPRESS_SERVER, then the "
        "local server's socket if it answers");
    const auto file = [this](const char* name, std::string& into, const char* help) {
        value(name, "FILE", [&into](const std::string& given) { into = given; }, help);
    };
    file("--tls-ca", server.tls.ca,
         "Reach HOST:PORT by TLS; FILE has the authority that issued the server's certificate. "
         "Default: $PEERPRESS_TLS_CA");
    file("--tls-cert", server.tls.certificate,
         "The certificate to show to the server. Default: $PEERPRESS_TLS_CERT");
    file("--tls-key", server.tls.key, "Its key. Default: $PEERPRESS_TLS_KEY");
}

void command_grammar::add_place_option(server_choice& server) {
    flag("--on-server", server.files_are_there,
         "The files are the server's own, named by absolute paths there: nothing of them is sent. "
         "For a server at HOST:PORT that is reached by TLS");
}

void command_grammar::add_label_option(std::vector<std::pair<std::string, std::string>>& labels) {
    app_.add_option_function<std::vector<std::string>>(
            "--label",
            [&labels](const std::vector<std::string>& given) {
                for (const std::string& label : given) {
                    const std::size_t equals = label.find('=');
                    if (equals == std::string::npos || equals == 0) {
                        refuse_value("--label", label, "must be KEY=VALUE");
                    }
                    labels.emplace_back(label.substr(0, equals), label.substr(equals + 1));
                }
            },
            "Attach a label to the server's job; may be repeated")
        ->type_name("KEY=VALUE")
        ->allow_extra_args(false);
}

void refuse_value(const std::string& option, const std::string& given, const std::string& why) {
    refuse(fmt::format("{} {}: {}", option, given, why));
}

void refuse(const std::string& message) {
    throw CLI::ValidationError(message, CLI::ExitCodes::ValidationError);
}

void check_place(const server_choice& server, const jobs::job_spec& spec) {
    if (!server.files_are_there) return;
    if (server.in_process) refuse("--on-server excludes --no-server and --threads");
    // Our working directory is not the server's.
    const auto is_there = [](const std::string& path) {
        return path.empty() || path.starts_with("/");
    };
    if (!std::ranges::all_of(spec.sources, is_there) || !is_there(spec.destination) ||
        !is_there(spec.destination_dir))
        refuse("--on-server takes absolute paths only");
}

std::vector<std::string> split_at_commas(const std::string& given) {
    std::vector<std::string> words;
    for (std::size_t begin = 0; begin <= given.size();) {
        const std::size_t comma = std::min(given.find(',', begin), given.size());
        words.push_back(given.substr(begin, comma - begin));
        begin = comma + 1;
    }
    return words;
}

std::uint64_t size_value(const std::string& option, const std::string& given) {
    const auto size = parse_size(given);
    if (!size) refuse_value(option, given, "not a size (a number, or one with K, M, G or T)");
    return *size;
}

std::int32_t priority_value(const std::string& given) {
    const bool negative = given.starts_with("-");
    const auto size = static_cast<std::int32_t>(
        number_value("--priority", given.substr(negative ? 1 : 0), 0, 1000));
    return negative ? -size : size;
}

std::uint64_t number_value(const std::string& option, const std::string& given,
                           std::uint64_t lowest, std::uint64_t highest) {
    std::uint64_t number = 0;
    const char* const end = given.data() + given.size();
    const auto [rest, error] = std::from_chars(given.data(), end, number);
    if (error != std::errc{} || rest != end || number < lowest || number > highest) {
        refuse_value(option, given, fmt::format("must be from {} to {}", lowest, highest));
    }
    return number;
}

}  // namespace peerpress::client
