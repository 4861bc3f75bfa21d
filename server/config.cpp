#include "server/config.hpp"

#include <cstdlib>

namespace peerpress::server {

namespace {

// An XDG variable, or the default below the home directory. Relative values are ignored, as the XDG
// specification asks.
std::string xdg(const environment& env, const std::string& name, const std::string& below_home) {
    if (const auto value = env(name); value && value->starts_with('/')) return *value;
    return env("HOME").value_or("") + below_home;
}

std::string user_socket(const environment& env) {
    if (const auto runtime = env("XDG_RUNTIME_DIR"); runtime && runtime->starts_with('/')) {
        return *runtime + "/peerpress/peerpressd.sock";
    }
    return xdg(env, "XDG_CACHE_HOME", "/.cache") + "/peerpress/peerpressd.sock";
}

}  // namespace

environment process_environment() {
    return [](const std::string& name) -> std::optional<std::string> {
        const char* value = std::getenv(name.c_str());
        if (value == nullptr) return std::nullopt;
        return value;
    };
}

config default_config(bool system, const environment& env) {
    config c;
    c.listen.unix_path = system ? "/run/peerpress/peerpressd.sock" : user_socket(env);
    // A user's own server has one caller, to whom the bounds of [jobs] are enough.
    if (system) {
        c.quotas = {.running_max = 3,
                    .queued_max = 2500,
                    .submits_per_second = 100,
                    .watches_max = 100,
                    .connections_max = 128};
    }
    c.security.audit = system ? "all" : "refusals";
    c.state.directory =
        system ? "/var/lib/peerpress" : xdg(env, "XDG_STATE_HOME", "/.local/state") + "/peerpress";
    return c;
}

std::string default_config_path(bool system, const environment& env) {
    if (system) return "/etc/peerpress/peerpressd.toml";
    return xdg(env, "XDG_CONFIG_HOME", "/.config") + "/peerpress/peerpressd.toml";
}

}  // namespace peerpress::server
