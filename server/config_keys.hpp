// The one table of everything that can be configured: name, meaning, range. The file reader, the
// environment, the flags, --print-config and the test of docs/configuration.md all go by it.
#pragma once

#include "server/config.hpp"

#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace peerpress::server {

struct integer_key {
    std::uint64_t& (*at)(config&);
    std::uint64_t min = 0;
    std::uint64_t max = 0;
    bool octal = false;
    bool power_of_two = false;
};

struct text_key {
    std::string& (*at)(config&);
    const char* what;  // "an absolute path"
    bool (*accepts)(const std::string&);
};

struct switch_key {
    bool& (*at)(config&);
};

// An array of strings; in the environment and in flags separated by commas.
struct list_key {
    std::vector<std::string>& (*at)(config&);
    const char* what;  // of an entry: "a path"
    bool (*accepts)(const std::string&);
};

struct config_key {
    std::string_view name;  // "jobs.running_max"
    std::string_view help;
    std::variant<integer_key, text_key, switch_key, list_key> kind;
};

std::span<const config_key> config_keys();
const config_key* find_key(std::string_view name);

// The key that was probably meant; nullptr where none is near.
const config_key* nearest_key(std::string_view name);

// What the key takes, in words: "an integer from 1 to 12".
std::string expectation(const config_key& key);

// The value as TOML writes it, and any text.
std::string toml_value(const config_key& key, const config& c);
std::string toml_quoted(const std::string& text);

// Each returns what is wrong, or an empty string and has set the value.
std::string set_integer(const config_key& key, config& c, std::int64_t value);
std::string set_text(const config_key& key, config& c, const std::string& value);
std::string set_switch(const config_key& key, config& c, bool value);
std::string set_list(const config_key& key, config& c, const std::vector<std::string>& value);
// From the environment or a flag, where everything is text.
std::string set_from_text(const config_key& key, config& c, const std::string& text);

// "PEERPRESSD_JOBS_RUNNING_MAX"
std::string environment_name(const config_key& key);

}  // namespace peerpress::server
