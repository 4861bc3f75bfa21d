#include "server/command_line.hpp"

#include "server/config_file.hpp"
#include "server/version.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <filesystem>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

namespace peerpress::server {

namespace {

struct raw_options {
    std::string config_path;
    bool check = false;
    bool print = false;
    std::vector<std::string> settings;                       // "key=value"
    std::vector<std::pair<std::string, std::string>> named;  // (key, value) of a flag of its own
};

struct short_cut {
    const char* flag;
    const char* key;
    const char* help;
};
constexpr short_cut short_cuts[]{
    {"--socket", "listen.unix", "Unix socket that serves everything"},
    {"--listen-tcp", "listen.tcp", "loopback ADDRESS:PORT for streams"},
    {"--state-dir", "state.directory", "where the job queue is kept"},
    {"--metrics-listen", "metrics.listen", "unix:/PATH or loopback ADDRESS:PORT for Prometheus"},
    {"--log-level", "log.level", "trace, debug, info, warning or error"},
};

void declare(CLI::App& app, raw_options& raw) {
    app.set_help_flag("--help,-h", "print this and exit");
    app.set_version_flag("--version", fmt::format("peerpressd {}", version),
                         "print the version and exit");
    app.add_option("--config", raw.config_path, "configuration file")->type_name("FILE");
    app.add_flag("--check-config", raw.check, "say what is wrong with the configuration, and exit");
    app.add_flag("--print-config", raw.print, "print the effective configuration, and exit");
    app.add_option("--set", raw.settings, "set a key of the configuration: --set jobs.level=6")
        ->type_name("KEY=VALUE")
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    for (const auto& s : short_cuts) {
        app.add_option_function<std::string>(
               s.flag,
               [&raw, key = s.key](const std::string& value) {
                   raw.named.emplace_back(key, value);
               },
               fmt::format("{} ({})", s.help, s.key))
            ->type_name("VALUE");
    }
    app.footer(
        "Signals: TERM and INT let running jobs end (jobs.drain_seconds), a second one stops them "
        "at once.\n"
        "Every key is described by --print-config and in docs/configuration.md.");
}

void apply_flags(config& c, const raw_options& raw) {
    for (const auto& setting : raw.settings) {
        const auto equals = setting.find('=');
        if (equals == std::string::npos)
            throw config_error(fmt::format("--set {}: write KEY=VALUE", setting));
        apply_setting(c, setting.substr(0, equals), setting.substr(equals + 1), "--set " + setting);
    }
    for (const auto& [key, value] : raw.named) {
        for (const auto& s : short_cuts) {
            if (key == s.key) apply_setting(c, key, value, fmt::format("{} {}", s.flag, value));
        }
    }
}

config read_config(const raw_options& raw, config c, bool system, const environment& env) {
    const std::string usual = default_config_path(system, env);
    std::error_code ignored;
    if (!raw.config_path.empty()) {
        apply_file(c, raw.config_path);
    } else if (std::filesystem::exists(usual, ignored)) {
        apply_file(c, usual);
    }
    apply_environment(c, env);
    apply_flags(c, raw);
    check(c);
    return c;
}

}  // namespace

std::optional<invocation> parse_command_line(int argc, const char* const* argv, bool system,
                                             const environment& env, std::ostream& out) {
    CLI::App app{
        "Compresses and decompresses files where they lie, for clients that ask through gRPC.",
        "peerpressd"};
    raw_options raw;
    declare(app, raw);
    try {
        app.parse(argc, argv);
    } catch (const CLI::CallForHelp&) {
        out << app.help();
        return std::nullopt;
    } catch (const CLI::CallForVersion& e) {
        out << e.what() << '\n';
        return std::nullopt;
    } catch (const CLI::ParseError& e) {
        throw config_error(fmt::format("{} (peerpressd --help)", e.what()));
    }
    invocation call;
    call.command = raw.print   ? command::print_config
                   : raw.check ? command::check_config
                               : command::serve;
    call.defaults = default_config(system, env);
    call.config = read_config(raw, call.defaults, system, env);
    return call;
}

}  // namespace peerpress::server
