#include "server/config_keys.hpp"

#include "server/endpoint.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <utility>
#include <vector>

namespace peerpress::server {

namespace {

constexpr std::uint64_t bytes_max = std::uint64_t{1} << 62;

bool is_socket_path(const std::string& s) {
    return s.empty() ||
           (s.starts_with('/') && s.size() <= unix_path_bytes_max && s.find('\0') == s.npos);
}
bool is_absolute_path(const std::string& s) {
    return s.starts_with('/') && s.find('\0') == std::string::npos;
}
bool is_loopback(const std::string& s) {
    const auto e = parse_endpoint(s);
    return s.empty() || (e && e->unix_path.empty());
}
bool is_address(const std::string& s) {
    return s.empty() || parse_any_address(s).has_value();
}
bool is_file_or_none(const std::string& s) {
    return s.empty() || is_absolute_path(s);
}
bool is_local(const std::string& s) {
    return s.empty() || parse_endpoint(s).has_value();
}
bool is_word(const std::string& s) {
    return !s.empty() && s.find(',') == s.npos && s.find('\0') == s.npos;
}
bool is_group_name(const std::string& s) {
    return s.find_first_of(std::string_view(" ,:\0", 4)) == s.npos;
}
bool is_audit(const std::string& s) {
    return s == "all" || s == "refusals";
}
bool is_log_level(const std::string& s) {
    constexpr std::array levels{"trace", "debug", "info", "warning", "error"};
    return std::find(levels.begin(), levels.end(), s) != levels.end();
}

// Captureless, so that a key is a plain value; each names the member that it sets.
#define AT(member) [](config& c) -> auto& { return c.member; }

const std::array keys{
    config_key{"listen.unix", "The socket that serves everything. Empty: none.",
               text_key{AT(listen.unix_path), "an absolute path of at most 107 bytes, or empty",
                        is_socket_path}},
    config_key{"listen.unix_mode",
               "Mode of that socket: who can connect. Jobs run with their callers' rights.",
               integer_key{.at = AT(listen.unix_mode), .max = 0777, .octal = true}},
    config_key{
        "listen.tcp",
        "A loopback address and port for streams (TransformService, ServerService, health and "
        "reflection), since any local user can connect. Empty: none.",
        text_key{AT(listen.tcp), "a loopback address such as \"127.0.0.1:7070\", or empty",
                 is_loopback}},
    config_key{
        "listen.tls",
        "An address and port for everything, by TLS in which both sides show certificates ([tls], "
        "[[security.identities]]). Empty: none.",
        text_key{AT(listen.tls), "an address and port such as \"0.0.0.0:7443\", or empty",
                 is_address}},
    config_key{"listen.streams_max", "Calls at once on one connection.",
               integer_key{.at = AT(listen.streams_max), .min = 1, .max = 10000}},
    config_key{"tls.certificate", "The server's certificate and its chain, in PEM.",
               text_key{AT(tls.certificate), "an absolute path, or empty", is_file_or_none}},
    config_key{"tls.key", "The key of that certificate, in PEM.",
               text_key{AT(tls.key), "an absolute path, or empty", is_file_or_none}},
    config_key{"tls.client_ca", "The authorities that issue clients' certificates, in PEM.",
               text_key{AT(tls.client_ca), "an absolute path, or empty", is_file_or_none}},
    config_key{"tls.crl_directory",
               "Lists of revoked certificates, as \"openssl rehash\" names them. Empty: none.",
               text_key{AT(tls.crl_directory), "an absolute path, or empty", is_file_or_none}},
    config_key{"tls.reload_seconds",
               "How often certificate, key and authorities are looked at; what has changed counts "
               "for connections made from then on.",
               integer_key{.at = AT(tls.reload_seconds), .min = 1, .max = 86400}},
    config_key{"tls.connection_seconds",
               "A connection takes no new calls after so long, and ends after as long again: the "
               "next one has its certificate checked anew.",
               integer_key{.at = AT(tls.connection_seconds), .min = 1, .max = 604800}},
    config_key{"staging.slots", "Chunks of jobs in memory at once. Each takes twice chunk_bytes.",
               integer_key{.at = AT(staging.slots), .min = 2, .max = 4096}},
    config_key{
        "staging.chunk_bytes", "The largest chunk, and so the largest member_bytes of a job.",
        integer_key{
            .at = AT(staging.chunk_bytes), .min = 64 << 10, .max = 64 << 20, .power_of_two = true}},
    config_key{"codec.threads", "Threads that compress. 0: one for each core the process may use.",
               integer_key{.at = AT(codec.threads), .max = 1024}},
    config_key{"jobs.running_max",
               "Jobs that run at once. They share slots and cores fairly; a slot is kept for "
               "each, of half of them at most.",
               integer_key{.at = AT(jobs.running_max), .min = 1, .max = 1000}},
    config_key{"jobs.queued_max",
               "Jobs that wait at once; more are refused with RESOURCE_EXHAUSTED.",
               integer_key{.at = AT(jobs.queued_max), .min = 1, .max = 1000000}},
    config_key{"jobs.keep_days", "Days after which an ended job is forgotten. 0: no limit of age.",
               integer_key{.at = AT(jobs.keep_days), .max = 36500}},
    config_key{"jobs.keep_max", "Ended jobs remembered; the oldest are forgotten first.",
               integer_key{.at = AT(jobs.keep_max), .max = 10000000}},
    config_key{"jobs.level", "Level of jobs and streams that name none.",
               integer_key{.at = AT(jobs.level), .min = 1, .max = 12}},
    config_key{
        "jobs.output_bytes_max",
        "Largest output of a file or stream when decompressing, unless the caller names a smaller "
        "one. 0: no limit.",
        integer_key{.at = AT(jobs.output_bytes_max), .max = bytes_max}},
    config_key{
        "jobs.drain_seconds",
        "On shutdown running jobs have so long to end; then they are stopped and queued again.",
        integer_key{.at = AT(jobs.drain_seconds), .max = 86400}},
    config_key{"transform.running_max",
               "Streams at once; more are refused with RESOURCE_EXHAUSTED.",
               integer_key{.at = AT(transform.running_max), .min = 1, .max = 1000}},
    config_key{"transform.slots",
               "Chunks of streams in memory at once: a pool apart from the jobs', so that a "
               "stalled client stalls no job. Each stream can have one whatever the others do; the "
               "rest is for who comes first. At least transform.running_max.",
               integer_key{.at = AT(transform.slots), .min = 2, .max = 4096}},
    config_key{"transform.idle_seconds",
               "A stream that neither sends nor takes anything for so long is ended.",
               integer_key{.at = AT(transform.idle_seconds), .min = 1, .max = 86400}},
    config_key{"roles.opener",
               "The socket of peerpress-opend, which then opens, makes and names files for jobs, "
               "so that this process needs no right to. Empty: this process does.",
               text_key{AT(roles.opener), "an absolute path of at most 107 bytes, or empty",
                        is_socket_path}},
    config_key{"roles.opener_wait_ms",
               "How long a run of a job waits for an opener that does not answer; the job fails "
               "after five such runs.",
               integer_key{.at = AT(roles.opener_wait_ms), .min = 1, .max = 600'000}},
    config_key{"p2p.enabled",
               "Copies go from peer to peer, through a device's memory, where that can be.",
               switch_key{AT(p2p.enabled)}},
    config_key{"p2p.providers",
               "Devices whose memory is used, unless a job names others. Empty: any.",
               list_key{AT(p2p.providers), "a PCI address or an NVMe serial number", is_word}},
    config_key{"p2p.budget_bytes",
               "At most so much of each device's memory is taken; it is shared with the kernel and "
               "other programs, and given back when no job uses it.",
               integer_key{.at = AT(p2p.budget_bytes), .min = 64 << 10, .max = bytes_max}},
    config_key{"p2p.devices",
               "Raw block devices that copies may read, and with force_device overwrite: paths or "
               "NVMe serial numbers. Served only while the socket is for the daemon's user alone.",
               list_key{AT(p2p.devices), "a path or an NVMe serial number", is_word}},
    config_key{"noload.enabled",
               "Accelerators (NoLoad-like NVMe devices) are looked for at start, and used.",
               switch_key{AT(noload.enabled)}},
    config_key{"noload.slots",
               "Chunks in an accelerator's memory at once, each as large as one of its commands; "
               "within p2p.budget_bytes.",
               integer_key{.at = AT(noload.slots), .min = 2, .max = 4096}},
    config_key{"noload.timeout_ms",
               "A command that takes longer is given up, and its accelerator quarantined until it "
               "passes a test.",
               integer_key{.at = AT(noload.timeout_ms), .min = 100, .max = 600'000}},
    config_key{"noload.sample_every",
               "Of the chunks that an accelerator compressed one in so many, and the first and the "
               "last of a file, are decoded by a processor and compared with the source. 0: none.",
               integer_key{.at = AT(noload.sample_every), .max = 1'000'000'000}},
    config_key{"security.administrators",
               "A group whose members see and cancel everybody's jobs, as root does. Empty: none.",
               text_key{AT(security.administrators), "a group's name, or empty", is_group_name}},
    config_key{"security.roots",
               "Directories below which jobs stay, whatever links and \"..\" say. Empty: wherever "
               "their callers may.",
               list_key{AT(security.roots), "an absolute path", is_absolute_path}},
    config_key{"security.audit",
               "What is recorded of files: \"refusals\", or \"all\": each file read, written or "
               "removed. Jobs asked for and cancelled always are.",
               text_key{AT(security.audit), "one of all, refusals", is_audit}},
    config_key{"quotas.running_max",
               "Jobs of one caller that run at once; others of theirs wait while those of other "
               "callers pass. 0: as many as jobs.running_max.",
               integer_key{.at = AT(quotas.running_max), .max = 1000}},
    config_key{"quotas.queued_max", "Jobs of one caller that wait at once. 0: jobs.queued_max.",
               integer_key{.at = AT(quotas.queued_max), .max = 1000000}},
    config_key{"quotas.submits_per_second",
               "Jobs that one caller may ask for in a second, ten times as many at once. 0: any.",
               integer_key{.at = AT(quotas.submits_per_second), .max = 1000000}},
    config_key{"quotas.watches_max", "Jobs that one caller may watch at once. 0: any.",
               integer_key{.at = AT(quotas.watches_max), .max = 1000000}},
    config_key{"quotas.connections_max",
               "Connections of one local user at once; more are closed. 0: any.",
               integer_key{.at = AT(quotas.connections_max), .max = 1000000}},
    config_key{"quotas.output_bytes_per_day",
               "What jobs of one caller may write in a day before no more of them are taken. 0: "
               "any.",
               integer_key{.at = AT(quotas.output_bytes_per_day), .max = bytes_max}},
    config_key{"metrics.listen", "Where Prometheus text is served by HTTP. Empty: nowhere.",
               text_key{AT(metrics.listen),
                        "\"unix:/path\" or a loopback address such as \"127.0.0.1:9117\", or empty",
                        is_local}},
    config_key{"state.directory", "Where the job queue is kept.",
               text_key{AT(state.directory), "an absolute path", is_absolute_path}},
    config_key{"log.level", "The least serious message that is logged.",
               text_key{AT(log.level), "one of trace, debug, info, warning, error", is_log_level}},
};
#undef AT

std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = std::exchange(row[0], i);
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
        }
    }
    return row[b.size()];
}

}  // namespace

std::string toml_quoted(const std::string& text) {
    std::string out = "\"";
    for (const unsigned char c : text) {
        if (c == '"' || c == '\\') {
            out += {'\\', static_cast<char>(c)};
        } else if (c < 0x20 || c == 0x7f) {
            out += fmt::format("\\u{:04x}", c);
        } else {
            out += static_cast<char>(c);
        }
    }
    return out + '"';
}

std::span<const config_key> config_keys() {
    return keys;
}

const config_key* find_key(std::string_view name) {
    const auto found = std::find_if(keys.begin(), keys.end(),
                                    [&](const config_key& key) { return key.name == name; });
    return found == keys.end() ? nullptr : &*found;
}

const config_key* nearest_key(std::string_view name) {
    const auto nearest =
        std::min_element(keys.begin(), keys.end(), [&](const config_key& a, const config_key& b) {
            return edit_distance(name, a.name) < edit_distance(name, b.name);
        });
    // A third of the name: beyond that a suggestion is a guess.
    return edit_distance(name, nearest->name) * 3 <= nearest->name.size() ? &*nearest : nullptr;
}

std::string expectation(const config_key& key) {
    if (const auto* text = std::get_if<text_key>(&key.kind)) return text->what;
    if (std::holds_alternative<switch_key>(key.kind)) return "true or false";
    if (const auto* list = std::get_if<list_key>(&key.kind))
        return fmt::format("an array of strings, each {}", list->what);
    const auto& integer = std::get<integer_key>(key.kind);
    if (integer.octal)
        return fmt::format("an octal integer from 0o{:o} to 0o{:o}", integer.min, integer.max);
    return fmt::format("{} from {} to {}", integer.power_of_two ? "a power of two" : "an integer",
                       integer.min, integer.max);
}

std::string toml_value(const config_key& key, const config& c) {
    // The accessors take a mutable configuration; reading through them changes nothing.
    auto& mutable_c = const_cast<config&>(c);
    if (const auto* text = std::get_if<text_key>(&key.kind))
        return toml_quoted(text->at(mutable_c));
    if (const auto* on = std::get_if<switch_key>(&key.kind))
        return on->at(mutable_c) ? "true" : "false";
    if (const auto* list = std::get_if<list_key>(&key.kind)) {
        std::string entries;
        for (const std::string& entry : list->at(mutable_c))
            entries += (entries.empty() ? "" : ", ") + toml_quoted(entry);
        return "[" + entries + "]";
    }
    const auto& integer = std::get<integer_key>(key.kind);
    if (integer.octal) return fmt::format("0o{:o}", integer.at(mutable_c));
    return fmt::format("{}", integer.at(mutable_c));
}

std::string set_integer(const config_key& key, config& c, std::int64_t value) {
    const auto* integer = std::get_if<integer_key>(&key.kind);
    if (integer == nullptr)
        return fmt::format("{} must be {}, not an integer", key.name, expectation(key));
    const auto positive = static_cast<std::uint64_t>(value);
    if (value < 0 || positive < integer->min || positive > integer->max ||
        (integer->power_of_two && !std::has_single_bit(positive))) {
        return fmt::format("{} must be {}, not {}", key.name, expectation(key), value);
    }
    integer->at(c) = positive;
    return {};
}

std::string set_text(const config_key& key, config& c, const std::string& value) {
    const auto* text = std::get_if<text_key>(&key.kind);
    if (text == nullptr)
        return fmt::format("{} must be {}, not a string", key.name, expectation(key));
    if (!text->accepts(value)) {
        return fmt::format("{} must be {}, not {}", key.name, expectation(key), toml_quoted(value));
    }
    text->at(c) = value;
    return {};
}

std::string set_switch(const config_key& key, config& c, bool value) {
    const auto* on = std::get_if<switch_key>(&key.kind);
    if (on == nullptr)
        return fmt::format("{} must be {}, not a boolean", key.name, expectation(key));
    on->at(c) = value;
    return {};
}

std::string set_list(const config_key& key, config& c, const std::vector<std::string>& value) {
    const auto* list = std::get_if<list_key>(&key.kind);
    if (list == nullptr)
        return fmt::format("{} must be {}, not an array", key.name, expectation(key));
    for (const std::string& entry : value)
        if (!list->accepts(entry))
            return fmt::format("{} must be {}, not {}", key.name, expectation(key),
                               toml_quoted(entry));
    list->at(c) = value;
    return {};
}

std::string set_from_text(const config_key& key, config& c, const std::string& text) {
    if (std::holds_alternative<switch_key>(key.kind)) {
        if (text != "true" && text != "false")
            return fmt::format("{} must be {}, not {}", key.name, expectation(key),
                               toml_quoted(text));
        return set_switch(key, c, text == "true");
    }
    if (std::holds_alternative<list_key>(key.kind)) {
        std::vector<std::string> entries;
        for (std::size_t begin = 0; !text.empty() && begin <= text.size();) {
            const std::size_t comma = std::min(text.find(',', begin), text.size());
            entries.push_back(text.substr(begin, comma - begin));
            begin = comma + 1;
        }
        return set_list(key, c, entries);
    }
    const auto* integer = std::get_if<integer_key>(&key.kind);
    if (integer == nullptr) return set_text(key, c, text);
    std::string_view digits = text;
    if (integer->octal && digits.starts_with("0o")) digits.remove_prefix(2);
    std::int64_t value = 0;
    const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), value,
                                           integer->octal ? 8 : 10);
    if (ec != std::errc{} || end != digits.data() + digits.size()) {
        return fmt::format("{} must be {}, not {}", key.name, expectation(key), toml_quoted(text));
    }
    return set_integer(key, c, value);
}

std::string environment_name(const config_key& key) {
    std::string name = "PEERPRESSD_";
    for (const char c : key.name) {
        name += c == '.' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    }
    return name;
}

}  // namespace peerpress::server
