#include "client/grammar/job_grammar.hpp"

#include "jobs/job_spec.hpp"
#include "pipeline/format.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace peerpress::client {
namespace {

using jobs::operation;

constexpr std::uint64_t member_bytes_min = 4096;
constexpr std::uint64_t member_bytes_max = 1 << 20;

const char* command_name(operation op) {
    switch (op) {
        case operation::compress:
            return "compress";
        case operation::decompress:
            return "decompress";
        case operation::test:
        case operation::copy:
            break;
    }
    return "test";
}

const char* command_summary(operation op) {
    switch (op) {
        case operation::compress:
            return "Compress files into .gz files that every gunzip reads";
        case operation::decompress:
            return "Decompress .gz, BGZF, zlib and raw deflate files";
        case operation::test:
        case operation::copy:
            break;
    }
    return "Check that compressed files decode, and write nothing";
}

const char* command_details(operation op) {
    switch (op) {
        case operation::compress:
            return "Each FILE becomes FILE.gz beside it, or below --output-dir. Inputs are kept "
                   "unless --rm is given. "
                   "An output appears under its name only when it is complete and on disk.\n"
                   "\n"
                   "With no FILE, or when FILE is -, standard input is read; its output goes to "
                   "standard output "
                   "unless -o names a file.";
        case operation::decompress:
            return "Each FILE.gz becomes FILE beside it, or below --output-dir. Inputs are kept "
                   "unless --rm is given. "
                   "An output appears under its name only when all of it decoded and is on disk.\n"
                   "\n"
                   "With no FILE, or when FILE is -, standard input is read; its output goes to "
                   "standard output "
                   "unless -o names a file. Data after the last member are ignored with a warning, "
                   "as gzip does.";
        case operation::test:
        case operation::copy:
            break;
    }
    return "With no FILE, or when FILE is -, standard input is read.";
}

template <class Value, std::size_t N>
Value chosen(const std::string& option, const std::string& given,
             const std::pair<const char*, Value> (&table)[N]) {
    std::string names;
    for (const auto& [name, value] : table) {
        if (given == name) return value;
        names += names.empty() ? name : std::string(", ") + name;
    }
    refuse_value(option, given, "must be one of " + names);
}

}  // namespace

job_grammar::job_grammar(operation op)
    : command_grammar(command_name(op), command_summary(op), command_details(op)) {
    request_.spec.operation = op;
    add_source_options();
    if (writes()) add_destination_options();
    if (compresses()) {
        add_compression_options();
    } else {
        add_decoding_options();
    }
    add_work_options();
    add_output_options(request_.output);
    add_progress_options(request_.output);
}

void job_grammar::add_source_options() {
    jobs::job_spec& spec = request_.spec;
    operands(spec.sources, "[FILE]...");
    flag("-r,--recursive", spec.recursive, "Take the files below each FILE that is a directory");
    flag("--follow", spec.follow_symlinks,
         "Take a FILE that is a symbolic link for what it points to");
    value(
        "--files-from", "FILE", [this](const std::string& given) { request_.files_from = given; },
        "Take further names from FILE, one a line; - is standard input");
    flag("-0,--null", request_.nul_separated, "The names of --files-from are separated by NUL");
}

void job_grammar::add_destination_options() {
    jobs::job_spec& spec = request_.spec;
    value(
        "-o,--output", "FILE", [&spec](const std::string& given) { spec.destination = given; },
        "Write to FILE; - is standard output. For a single FILE");
    flag("-c,--stdout", to_stdout_, "Write to standard output");
    value(
        "--output-dir", "DIR", [&spec](const std::string& given) { spec.destination_dir = given; },
        "Write below DIR, which mirrors the layout of what is read");
    value(
        "-S,--suffix", "SUF", [&spec](const std::string& given) { spec.suffix = given; },
        compresses() ? "Append SUF to output names instead of the format's suffix"
                     : "Take SUF off input names instead of the known suffixes");
    flag("-f,--force", spec.overwrite,
         "Replace outputs that exist, follow symbolic links, and write compressed data to "
         "terminals");
    flag("--rm", spec.remove_sources,
         "Remove each input after its output was verified and is on disk");
    value(
        "--verify", "auto|off|self|full",
        [&spec](const std::string& given) {
            spec.verification = chosen<jobs::verification>("--verify", given,
                                                           {{"auto", jobs::verification::automatic},
                                                            {"off", jobs::verification::off},
                                                            {"self", jobs::verification::self},
                                                            {"full", jobs::verification::full}});
        },
        "Check outputs before they appear: self decodes them, full also compares every byte with "
        "the input; auto, "
        "the default, is full with --rm, else self by accelerators and off by software");
}

void job_grammar::add_compression_options() {
    jobs::job_spec& spec = request_.spec;
    value(
        "-l,--level", "LEVEL",
        [this](const std::string& given) {
            request_.spec.level_auto = given == "auto";
            if (!request_.spec.level_auto)
                request_.spec.level = static_cast<int>(number_value("--level", given, 1, 12));
            request_.level_given = true;
        },
        "Compress at LEVEL: 1, the default, is the fastest, 12 the smallest; auto takes the "
        "densest that keeps up with the disk, or with --rate");
    value(
        "--rate", "SIZE",
        [this](const std::string& given) {
            request_.spec.rate = size_value("--rate", given);
            if (request_.spec.rate == 0) refuse_value("--rate", given, "must be more than 0");
        },
        "Keep up with SIZE bytes of input a second, with --level auto");
    app().add_flag("-1{1},-2{2},-3{3},-4{4},-5{5},-6{6},-7{7},-8{8},-9{9}", digits_,
                   "The same as --level 1 to 9");
    value(
        "--codec", "auto|zlib",
        [&spec](const std::string& given) {
            spec.codec = chosen<accel::codec>(
                "--codec", given,
                {{"auto", accel::codec::automatic}, {"zlib", accel::codec::zlib}});
        },
        "Insist on zlib instead of the best codec for the level");
    value(
        "-F,--format", "gzip|bgzf|plain|zlib|deflate",
        [&spec](const std::string& given) {
            const auto container = pipeline::container_from_name(given);
            if (!container)
                refuse_value("--format", given, "must be one of gzip, bgzf, plain, zlib, deflate");
            spec.container = *container;
        },
        "Write gzip members that carry their length (the default), BGZF blocks, one plain gzip "
        "member, a zlib or a "
        "raw deflate stream");
    value(
        "--member-size", "SIZE",
        [&spec](const std::string& given) {
            const std::uint64_t size = size_value("--member-size", given);
            if (size < member_bytes_min || size > member_bytes_max) {
                refuse_value("--member-size", given, "must be from 4K to 1M");
            }
            spec.member_bytes = static_cast<std::uint32_t>(size);
        },
        "Put SIZE bytes of input into each gzip member, 4K to 1M (the default)");
}

void job_grammar::add_decoding_options() {
    jobs::job_spec& spec = request_.spec;
    value(
        "-F,--format", "auto|gzip|bgzf|plain|zlib|deflate",
        [&spec](const std::string& given) {
            const auto container = pipeline::container_from_name(given);
            if (!container && given != "auto") {
                refuse_value("--format", given,
                             "must be one of auto, gzip, bgzf, plain, zlib, deflate");
            }
            spec.container_given = container.has_value();
            spec.container = container.value_or(pipeline::container::gzip);
        },
        "Insist on a format instead of looking at the first bytes; deflate is never guessed");
    value(
        "--max-output", "SIZE",
        [&spec](const std::string& given) {
            spec.output_bytes_max = size_value("--max-output", given);
        },
        "Fail a file that decodes to more than SIZE bytes");
}

void job_grammar::add_work_options() {
    jobs::job_spec& spec = request_.spec;
    flag("--dry-run", request_.dry_run, "Check the request and say what would be done; do nothing");
    add_server_options(request_.server);
    add_place_option(request_.server);
    flag("--no-server", never_server_, "Work in this process, whatever servers there are");
    value(
        "--threads", "N",
        [this](const std::string& given) {
            request_.threads =
                static_cast<std::uint32_t>(number_value("--threads", given, 1, 1024));
        },
        "Use N codec threads; implies --no-server");
    flag("--detach", request_.detach, "Print the job's name and leave it to the server");
    value(
        "--priority", "N",
        [&spec](const std::string& given) { spec.priority = priority_value(given); },
        "Place in the server's queue: higher first, -1000 to 1000, 0 by default");
    add_label_option(spec.labels);
    value(
        "--engine", "auto|noload|software",
        [&spec](const std::string& given) {
            using jobs::engine_choice;
            spec.engine = chosen<engine_choice>("--engine", given,
                                                {{"auto", engine_choice::automatic},
                                                 {"noload", engine_choice::noload},
                                                 {"software", engine_choice::software}});
        },
        "Who compresses: accelerators where they reach both ends, or software");
    value(
        "--via", "auto|DEVICE[,...]",
        [&spec](const std::string& given) {
            auto [wish, problem] = jobs::parse_via(split_at_commas(given));
            if (!problem && wish.host_only)
                problem.message = "only a copy goes through host memory";
            if (!problem.message.empty()) refuse_value("--via", given, problem.message);
            spec.via.providers = std::move(wish.providers);
        },
        "Use the named accelerators only, by PCI address or serial number");
    value(
        "--fallback", "allow|forbid",
        [this](const std::string& given) {
            request_.spec.via.fallback = chosen<fallback>(
                "--fallback", given, {{"allow", fallback::allow}, {"forbid", fallback::forbid}});
        },
        "With forbid, fail instead of working without an accelerator");
}

request job_grammar::finish() {
    jobs::job_spec& spec = request_.spec;
    if (!digits_.empty()) {
        if (request_.level_given ||
            std::ranges::count(digits_, digits_.front()) != std::ssize(digits_)) {
            refuse("more than one level given (levels above 9 are written --level 12)");
        }
        spec.level = digits_.front();
        request_.level_given = true;
    }
    if (spec.rate > 0 && !spec.level_auto) refuse("--rate needs --level auto");
    if (spec.sources.empty() && request_.files_from.empty()) spec.sources.emplace_back("-");
    if (to_stdout_ && !spec.destination.empty()) refuse("--stdout and --output exclude each other");
    if (to_stdout_) spec.destination = "-";
    request_.stdout_forced = spec.overwrite;
    spec.follow_symlinks = spec.follow_symlinks || spec.overwrite;
    request_.server.in_process = never_server_ || request_.threads > 0;
    check_destination();
    check_streams();
    check_server();
    return request_;
}

void job_grammar::check_destination() const {
    const jobs::job_spec& spec = request_.spec;
    if (request_.nul_separated && request_.files_from.empty()) refuse("--null is for --files-from");
    if (!spec.destination.empty() && !spec.destination_dir.empty()) {
        refuse("--output and --output-dir exclude each other");
    }
    const bool single = spec.sources.size() == 1 && request_.files_from.empty() && !spec.recursive;
    if (!spec.destination.empty() && spec.destination != "-" && !single) {
        refuse("--output is for a single FILE (--output-dir takes several)");
    }
}

void job_grammar::check_streams() const {
    const jobs::job_spec& spec = request_.spec;
    const bool reads_stdin = std::ranges::count(spec.sources, "-") > 0;
    const bool to_stdout =
        spec.destination == "-" || (reads_stdin && writes() && spec.destination.empty());
    const bool streams = reads_stdin || spec.destination == "-";
    if (std::ranges::count(spec.sources, "-") > 1 || (reads_stdin && request_.files_from == "-")) {
        refuse("standard input can be read only once");
    }
    if (streams && spec.remove_sources) refuse("--rm needs files as input and output");
    if (streams && request_.detach) refuse("--detach needs files as input and output");
    if (reads_stdin && !spec.destination_dir.empty())
        refuse("standard input has no name to put into --output-dir");
    if (spec.destination == "-" && spec.recursive)
        refuse("a directory cannot go to standard output");
    if (to_stdout && request_.output.json) refuse("--json and data cannot share standard output");
}

void job_grammar::check_server() const {
    if (request_.server.in_process && !request_.server.address.empty()) {
        refuse("--server excludes --no-server and --threads");
    }
    if (request_.server.in_process && request_.detach) refuse("--detach needs a server");
    if (request_.server.files_are_there && !request_.files_from.empty())
        refuse("--on-server takes no --files-from");
    check_place(request_.server, request_.spec);
}

}  // namespace peerpress::client
