#include "client/gzip/gzip_grammar.hpp"

#include "client/printable.hpp"
#include "client/usage_error.hpp"

#include <fmt/format.h>
#include <getopt.h>

#include <array>

namespace peerpress::client::gzip {
namespace {

struct row {
    int letter;
    const char* name;   // nullptr: no long name
    const char* value;  // nullptr: a flag
    const char* help;
};

// Long names without a letter take a number beyond every character.
constexpr int synchronous_only = 256;

constexpr std::array rows{
    row{'c', "stdout", nullptr, "Write to standard output and keep inputs"},
    row{'d', "decompress", nullptr, "Decompress"},
    row{'f', "force", nullptr,
        "Replace outputs that exist, follow symbolic links, take files with several links, and "
        "write compressed data "
        "to terminals; with -dc, copy what is not compressed"},
    row{'h', "help", nullptr, "Print this help and exit"},
    row{'k', "keep", nullptr, "Keep inputs"},
    row{'l', "list", nullptr, "Show what compressed files hold"},
    row{'n', "no-name", nullptr,
        "Do not restore the original name and time (the default); neither is ever stored, so that "
        "equal inputs "
        "give equal outputs"},
    row{'N', "name", nullptr, "When decompressing, restore the name and time a file carries"},
    row{'q', "quiet", nullptr, "Print no warnings"},
    row{'r', "recursive", nullptr, "Take the files below directories"},
    row{'S', "suffix", "SUF", "Use SUF instead of .gz"},
    row{synchronous_only, "synchronous", nullptr,
        "Bring outputs to disk before going on, also where inputs are kept (without -k they always "
        "are)"},
    row{'t', "test", nullptr, "Check that compressed files decode"},
    row{'v', "verbose", nullptr, "Print name and saving of each file"},
    row{'V', "version", nullptr, "Print the version and exit"},
    row{'1', "fast", nullptr, "Compress fastest"},
    row{'2', nullptr, nullptr, "Compress at level 2"},
    row{'3', nullptr, nullptr, "Compress at level 3"},
    row{'4', nullptr, nullptr, "Compress at level 4"},
    row{'5', nullptr, nullptr, "Compress at level 5"},
    row{'6', nullptr, nullptr, "Compress at level 6 (the default)"},
    row{'7', nullptr, nullptr, "Compress at level 7"},
    row{'8', nullptr, nullptr, "Compress at level 8"},
    row{'9', "best", nullptr, "Compress smallest"},
};

// Names that gzip takes besides those it shows.
constexpr std::array aliases{std::pair{"to-stdout", 'c'}, std::pair{"uncompress", 'd'},
                             std::pair{"silent", 'q'}};

std::string short_options() {
    std::string letters = ":";  // a missing value is ':', not '?'
    for (const row& r : rows) {
        if (r.letter < synchronous_only) letters += static_cast<char>(r.letter);
        if (r.value != nullptr) letters += ':';
    }
    return letters;
}

std::vector<option> long_options() {
    std::vector<option> out;
    for (const row& r : rows) {
        if (r.name == nullptr) continue;
        out.push_back(
            {r.name, r.value != nullptr ? required_argument : no_argument, nullptr, r.letter});
    }
    for (const auto& [name, letter] : aliases) out.push_back({name, no_argument, nullptr, letter});
    out.push_back({nullptr, 0, nullptr, 0});
    return out;
}

[[noreturn]] void refuse(const std::string& why) {
    throw usage_error("peerpress gzip", why);
}

// `word` is the argument getopt was looking at.
[[noreturn]] void refuse_option(int code, int letter, const std::string& word) {
    const bool is_long = word.starts_with("--");
    const std::string name =
        is_long ? printable(word)
                : fmt::format("-{}", printable({reinterpret_cast<char*>(&letter), 1}));
    refuse(
        fmt::format("{} '{}'", code == ':' ? "a value is missing after" : "unknown option", name));
}

void apply(gzip_request& request, int letter, const char* value) {
    switch (letter) {
        case 'c':
            request.to_stdout = true;
            break;
        case 'd':
            request.action = action::decompress;
            break;
        case 'f':
            request.force = true;
            break;
        case 'h':
            request.action = action::help;
            break;
        case 'k':
            request.keep = true;
            break;
        case 'l':
            request.action = action::list;
            break;
        case 'n':
            request.restore_name = false;
            break;
        case 'N':
            request.restore_name = true;
            break;
        case 'q':
            request.quiet = true;
            request.verbose = false;
            break;
        case 'r':
            request.recursive = true;
            break;
        case 'S':
            request.suffix = value;
            break;
        case synchronous_only:
            request.synchronous = true;
            break;
        case 't':
            request.action = action::test;
            break;
        case 'v':
            request.verbose = true;
            request.quiet = false;
            break;
        case 'V':
            request.action = action::version;
            break;
        default:
            request.level = letter - '0';
    }
}

}  // namespace

gzip_request parse_gzip_command_line(const std::vector<std::string>& arguments) {
    std::vector<std::string> words{"gzip"};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    const int argc = static_cast<int>(words.size());

    gzip_request request;
    const std::string letters = short_options();
    const std::vector<option> names = long_options();
    ::optind = 0;  // glibc: start afresh
    ::opterr = 0;
    for (;;) {
        const char* const word = argv[std::max(::optind, 1)];
        const int letter = ::getopt_long(argc, argv.data(), letters.c_str(), names.data(), nullptr);
        if (letter == -1) break;
        if (letter == '?' || letter == ':') {
            // The scan skips operands, so that the word is known for sure only after it.
            const char* const last = argv[::optind - 1];
            refuse_option(letter, ::optopt,
                          ::optopt == 0 || last[1] == '-' ? last : (word != nullptr ? "-" : ""));
        }
        apply(request, letter, ::optarg);
        if (request.action == action::help || request.action == action::version) return request;
    }
    request.files.assign(argv.begin() + ::optind, argv.begin() + argc);
    if (request.suffix.empty() || request.suffix.find('/') != std::string::npos) {
        refuse(fmt::format("invalid suffix '{}'", printable(request.suffix)));
    }
    return request;
}

manual::command_model gzip_model() {
    manual::command_model model{.name = "gzip",
                                .summary = "Compress and decompress by gzip's own grammar",
                                .details =
                                    "Understands what gzip understands and does what gzip does: "
                                    "each FILE is replaced by FILE.gz, "
                                    "and removed once its output was verified and is on disk; -k "
                                    "keeps it. With no FILE, or when FILE "
                                    "is -, standard input goes to standard output. It works in "
                                    "this process and with any tool that "
                                    "calls gzip: tar -I 'peerpress gzip'.\n"
                                    "\n"
                                    "The environment variable GZIP is ignored.",
                                .operands = "[FILE]...",
                                .options = {},
                                .commands = {}};
    for (const row& r : rows) {
        manual::option_model option{
            .names = {}, .value = r.value != nullptr ? r.value : "", .help = r.help};
        if (r.letter < synchronous_only) option.names.push_back({'-', static_cast<char>(r.letter)});
        if (r.name != nullptr) option.names.push_back(std::string("--") + r.name);
        model.options.push_back(std::move(option));
    }
    return model;
}

}  // namespace peerpress::client::gzip
