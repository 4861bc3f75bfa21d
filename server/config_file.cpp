#include "server/config_file.hpp"

#include "server/config_keys.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <string_view>
#include <vector>

namespace peerpress::server {

namespace {

std::string joined(const std::vector<std::string>& lines) {
    std::string text;
    for (const auto& line : lines) text += (text.empty() ? "" : "\n") + line;
    return text;
}

std::string_view type_name(const toml::node& node) {
    switch (node.type()) {
        case toml::node_type::table:
            return "a table";
        case toml::node_type::array:
            return "an array";
        case toml::node_type::string:
            return "a string";
        case toml::node_type::integer:
            return "an integer";
        case toml::node_type::floating_point:
            return "a floating-point number";
        case toml::node_type::boolean:
            return "a boolean";
        default:
            return "a date or time";
    }
}

bool has_control(const std::string& text) {
    return std::any_of(text.begin(), text.end(),
                       [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

std::string mistake_in(const identity_config& identity) {
    if (identity.uri.empty() == identity.common_name.empty())
        return "security.identities: each has either a uri or a common_name";
    const std::string name = identity.name();
    if (has_control(name)) return "security.identities: a name has no control characters";
    if (identity.user.empty() || identity.user.find('\0') != std::string::npos)
        return fmt::format("security.identities: {} needs the name of a user", name);
    for (const auto& root : identity.roots)
        if (!root.starts_with('/') || root.find('\0') != std::string::npos)
            return fmt::format("security.identities: {}: roots are absolute paths", name);
    return {};
}

void check_remote(const config& c) {
    const auto& identities = c.security.identities;
    for (std::size_t i = 0; i < identities.size(); ++i)
        for (std::size_t j = 0; j < i; ++j)
            if (identities[i].name() == identities[j].name())
                throw config_error(
                    fmt::format("security.identities: {} is there twice", identities[i].name()));
    if (c.listen.tls.empty()) return;
    if (c.tls.certificate.empty() || c.tls.key.empty() || c.tls.client_ca.empty())
        throw config_error(
            "listen.tls needs tls.certificate, tls.key and tls.client_ca: files in PEM");
    if (identities.empty())
        throw config_error(
            "listen.tls lets nobody in without [[security.identities]]: name whose certificates "
            "stand for which user");
}

// Walks the parsed file and collects what is wrong with it.
class file_reader {
public:
    file_reader(config& c, std::string path) : config_(c), path_(std::move(path)) {}

    void read(const toml::table& root) {
        for (const auto& [name, node] : root) {
            const std::string section(name.str());
            if (!is_section(section)) {
                complain(name.source(), unknown("section", section));
            } else if (const auto* table = node.as_table()) {
                read_section(section, *table);
            } else {
                complain(name.source(),
                         fmt::format("{} must be a table: write [{}]", section, section));
            }
        }
        if (!mistakes_.empty()) throw config_error(joined(mistakes_));
    }

private:
    static bool is_section(std::string_view section) {
        for (const auto& key : config_keys()) {
            if (key.name.substr(0, key.name.find('.')) == section) return true;
        }
        return false;
    }

    static std::string unknown(std::string_view what, const std::string& name) {
        const config_key* meant = nearest_key(name);
        if (meant != nullptr)
            return fmt::format("unknown {} {}; did you mean {}?", what, name, meant->name);
        return fmt::format("unknown {} {}; peerpressd --print-config lists all keys", what, name);
    }

    void read_section(const std::string& section, const toml::table& table) {
        for (const auto& [name, node] : table) {
            const std::string full_name = section + "." + std::string(name.str());
            const config_key* key = find_key(full_name);
            if (full_name == "security.identities") {
                read_identities(node);
            } else if (key == nullptr) {
                complain(name.source(), unknown("key", full_name));
            } else {
                complain(node.source(), set(*key, node));
            }
        }
    }

    std::string set(const config_key& key, const toml::node& node) {
        if (const auto* integer = node.as_integer())
            return set_integer(key, config_, integer->get());
        if (const auto* text = node.as_string()) return set_text(key, config_, text->get());
        if (const auto* on = node.as_boolean()) return set_switch(key, config_, on->get());
        if (const auto* array = node.as_array(); array != nullptr && is_of_strings(*array)) {
            std::vector<std::string> entries;
            for (const auto& entry : *array) entries.push_back(entry.as_string()->get());
            return set_list(key, config_, entries);
        }
        return fmt::format("{} must be {}, not {}", key.name, expectation(key), type_name(node));
    }

    void read_identities(const toml::node& node) {
        const auto* array = node.as_array();
        if (array == nullptr || !array->is_array_of_tables()) {
            return complain(node.source(),
                            "security.identities must be tables: write [[security.identities]]");
        }
        config_.security.identities.clear();
        for (const auto& entry : *array) {
            identity_config identity;
            for (const auto& [name, value] : *entry.as_table())
                complain(value.source(), set(identity, std::string(name.str()), value));
            complain(entry.source(), mistake_in(identity));
            config_.security.identities.push_back(std::move(identity));
        }
    }

    static std::string set(identity_config& identity, const std::string& name,
                           const toml::node& node) {
        if (name == "roots") {
            const auto* array = node.as_array();
            if (array == nullptr || !is_of_strings(*array))
                return "security.identities: roots must be an array of absolute paths";
            for (const auto& entry : *array) identity.roots.push_back(entry.as_string()->get());
            return {};
        }
        std::string* const at = name == "uri"           ? &identity.uri
                                : name == "common_name" ? &identity.common_name
                                : name == "user"        ? &identity.user
                                                        : nullptr;
        if (at == nullptr) {
            return fmt::format(
                "security.identities: unknown key {}; it has uri or common_name, user and roots",
                name);
        }
        const auto* text = node.as_string();
        if (text == nullptr)
            return fmt::format("security.identities: {} must be a string, not {}", name,
                               type_name(node));
        *at = text->get();
        return {};
    }

    static bool is_of_strings(const toml::array& array) {
        return std::all_of(array.begin(), array.end(),
                           [](const toml::node& entry) { return entry.is_string(); });
    }

    void complain(const toml::source_region& at, const std::string& mistake) {
        if (mistake.empty()) return;
        mistakes_.push_back(fmt::format("{}:{}: {}", path_, at.begin.line, mistake));
    }

    config& config_;
    std::string path_;
    std::vector<std::string> mistakes_;
};

}  // namespace

void apply_file(config& c, const std::string& path) {
    toml::table root;
    try {
        root = toml::parse_file(path);
    } catch (const toml::parse_error& e) {
        if (e.source().begin.line == 0)
            throw config_error(fmt::format("{}: {}", path, e.description()));
        throw config_error(fmt::format("{}:{}: {}", path, e.source().begin.line, e.description()));
    }
    file_reader(c, path).read(root);
}

void apply_environment(config& c, const environment& env) {
    std::vector<std::string> mistakes;
    for (const auto& key : config_keys()) {
        const auto value = env(environment_name(key));
        if (!value) continue;
        const std::string mistake = set_from_text(key, c, *value);
        if (!mistake.empty())
            mistakes.push_back(fmt::format("{}: {}", environment_name(key), mistake));
    }
    if (!mistakes.empty()) throw config_error(joined(mistakes));
}

void apply_setting(config& c, const std::string& name, const std::string& value,
                   const std::string& origin) {
    const config_key* key = find_key(name);
    if (key == nullptr) {
        throw config_error(fmt::format(
            "{}: unknown key {}; peerpressd --print-config lists all keys", origin, name));
    }
    const std::string mistake = set_from_text(*key, c, value);
    if (!mistake.empty()) throw config_error(fmt::format("{}: {}", origin, mistake));
}

void check(const config& c) {
    if (c.listen.unix_path.empty() && c.listen.tcp.empty() && c.listen.tls.empty()) {
        throw config_error(
            "listen.unix, listen.tcp and listen.tls are all empty: give one of them an address");
    }
    check_remote(c);
    if (c.transform.slots < c.transform.running_max) {
        throw config_error(fmt::format(
            "transform.slots ({}) must be at least transform.running_max ({}), or streams "
            "would wait for each other's clients",
            c.transform.slots, c.transform.running_max));
    }
}

std::string print_config(const config& c, const config& defaults) {
    std::string text;
    std::string_view section;
    for (const auto& key : config_keys()) {
        const auto dot = key.name.find('.');
        if (key.name.substr(0, dot) != section) {
            section = key.name.substr(0, dot);
            text += fmt::format("{}[{}]\n", text.empty() ? "" : "\n", section);
        }
        const std::string value = toml_value(key, c);
        const bool as_default = value == toml_value(key, defaults);
        text += fmt::format("# {}\n{}{} = {}\n", key.help, as_default ? "# " : "",
                            key.name.substr(dot + 1), value);
    }
    for (const auto& identity : c.security.identities) {
        text += fmt::format("\n[[security.identities]]\n{} = {}\nuser = {}\n",
                            identity.uri.empty() ? "common_name" : "uri",
                            toml_quoted(identity.uri + identity.common_name),
                            toml_quoted(identity.user));
        std::string roots;
        for (const auto& root : identity.roots)
            roots += (roots.empty() ? "" : ", ") + toml_quoted(root);
        if (!roots.empty()) text += fmt::format("roots = [{}]\n", roots);
    }
    return text;
}

}  // namespace peerpress::server
