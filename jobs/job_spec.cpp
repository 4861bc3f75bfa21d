#include "jobs/job_spec.hpp"

#include <algorithm>
#include <array>

namespace peerpress::jobs {
namespace {

template <class Value>
struct named {
    Value value;
    std::string_view name;
};

constexpr std::array operations{
    named<operation>{operation::compress, "compress"},
    named<operation>{operation::decompress, "decompress"},
    named<operation>{operation::test, "test"},
    named<operation>{operation::copy, "copy"},
};
constexpr std::array verifications{
    named<verification>{verification::automatic, "automatic"},
    named<verification>{verification::off, "off"},
    named<verification>{verification::self, "self"},
    named<verification>{verification::full, "full"},
};
constexpr std::array engines{
    named<engine_choice>{engine_choice::automatic, "auto"},
    named<engine_choice>{engine_choice::noload, "noload"},
    named<engine_choice>{engine_choice::software, "software"},
};
constexpr std::array job_states{
    named<job_state>{job_state::queued, "QUEUED"},
    named<job_state>{job_state::running, "RUNNING"},
    named<job_state>{job_state::succeeded, "SUCCEEDED"},
    named<job_state>{job_state::failed, "FAILED"},
    named<job_state>{job_state::cancelling, "CANCELLING"},
    named<job_state>{job_state::cancelled, "CANCELLED"},
    named<job_state>{job_state::partial, "PARTIAL"},
};

template <class Table, class Value>
constexpr std::string_view name_in(const Table& table, Value value) {
    for (const auto& entry : table)
        if (entry.value == value) return entry.name;
    return "?";
}

template <class Table>
constexpr auto value_in(const Table& table, std::string_view name)
    -> std::optional<decltype(table[0].value)> {
    for (const auto& entry : table)
        if (entry.name == name) return entry.value;
    return std::nullopt;
}

problem invalid(std::string message) {
    return {reason::invalid_argument, std::move(message)};
}

bool holds_nul(const std::string& text) {
    return text.find('\0') != std::string::npos;
}

problem check_paths(const job_spec& spec) {
    if (spec.sources.empty()) return invalid("no source is named");
    for (const std::string& source : spec.sources) {
        if (source.empty()) return invalid("a source has an empty name");
        if (holds_nul(source)) return invalid("a source's name holds a NUL byte");
    }
    if (holds_nul(spec.destination) || holds_nul(spec.destination_dir))
        return invalid("the destination's name holds a NUL byte");
    if (spec.suffix.find('/') != std::string::npos || holds_nul(spec.suffix))
        return invalid("a suffix holds neither '/' nor NUL: " + spec.suffix);
    return {};
}

problem check_destination(const job_spec& spec) {
    if (spec.operation == operation::test &&
        !(spec.destination.empty() && spec.destination_dir.empty()))
        return invalid("a test writes nothing: it takes no destination");
    if (spec.operation == operation::test && spec.remove_sources)
        return invalid("a test leaves no output that could stand for a removed source");
    if (!spec.destination.empty() && !spec.destination_dir.empty())
        return invalid("a destination and a destination directory exclude each other");
    if (!spec.destination.empty() && spec.sources.size() != 1)
        return invalid(
            "one destination takes one source; name a destination directory for several");
    if (!spec.destination.empty() && spec.recursive)
        return invalid("a tree has no single destination; name a destination directory");
    return {};
}

problem check_copy(const job_spec& spec) {
    if (spec.operation != operation::copy) {
        if (spec.force_device) return invalid("only a copy can be written to a block device");
        if (spec.engine == engine_choice::software && spec.via.fallback == fallback::forbid)
            return invalid("the software engine is what forbidding a fallback forbids");
        return {};
    }
    if (spec.destination.empty() && spec.destination_dir.empty())
        return invalid("a copy needs a destination");
    const std::uint32_t chunk = chunk_bytes_of(spec);
    if (chunk < copy_chunk_bytes_min || chunk > copy_chunk_bytes_max ||
        chunk % copy_chunk_bytes_min != 0)
        return invalid("chunks of " + std::to_string(chunk) + " bytes are outside " +
                       std::to_string(copy_chunk_bytes_min) + " to " +
                       std::to_string(copy_chunk_bytes_max) + ", or no multiple of " +
                       std::to_string(copy_chunk_bytes_min));
    if (spec.depth > copy_depth_max)
        return invalid(std::to_string(spec.depth) + " chunks at once are more than " +
                       std::to_string(copy_depth_max));
    if (spec.via.host_only && spec.via.fallback == fallback::forbid)
        return invalid("the way through host memory and forbidding it exclude each other");
    return {};
}

int level_max_of(const job_spec& spec) {
    return spec.codec == accel::codec::zlib ? 9 : 12;
}

problem check_codec(const job_spec& spec) {
    if (spec.operation != operation::compress)
        return spec.level_auto ? invalid("only compressing has a level") : problem{};
    if (spec.level_auto &&
        (spec.engine == engine_choice::noload || spec.via.fallback == fallback::forbid))
        return invalid(
            "an automatic level is software's: name a level for --engine noload or "
            "--fallback forbid");
    if (spec.rate > 0 && !spec.level_auto) return invalid("a rate is for an automatic level");
    const int level_max = level_max_of(spec);
    if (spec.level < 1 || spec.level > level_max)
        return invalid("level " + std::to_string(spec.level) + " is outside 1 to " +
                       std::to_string(level_max) +
                       (spec.codec == accel::codec::zlib ? " (zlib's)" : ""));
    if (spec.member_bytes < member_bytes_min)
        return invalid("members of " + std::to_string(spec.member_bytes) +
                       " bytes are too small; the least is " + std::to_string(member_bytes_min));
    return {};
}

}  // namespace

std::string_view operation_name(operation o) {
    return name_in(operations, o);
}
std::optional<operation> operation_from_name(std::string_view name) {
    return value_in(operations, name);
}
std::string_view verification_name(verification v) {
    return name_in(verifications, v);
}
std::optional<verification> verification_from_name(std::string_view name) {
    return value_in(verifications, name);
}
std::string_view engine_name(engine_choice e) {
    return name_in(engines, e);
}
std::optional<engine_choice> engine_from_name(std::string_view name) {
    return value_in(engines, name);
}
std::string_view job_state_name(job_state s) {
    return name_in(job_states, s);
}
std::optional<job_state> job_state_from_name(std::string_view name) {
    return value_in(job_states, name);
}

bool is_warned(const file_result& file) {
    return std::ranges::any_of(
        file.warnings, [](const problem& warning) { return exit_code(warning.reason) != 0; });
}

bool is_terminal(job_state s) {
    switch (s) {
        case job_state::queued:
        case job_state::running:
        case job_state::cancelling:
            return false;
        case job_state::succeeded:
        case job_state::failed:
        case job_state::cancelled:
        case job_state::partial:
            return true;
    }
    return false;
}

int exit_code(const job_outcome& outcome) {
    switch (outcome.state) {
        case job_state::succeeded:
            return outcome.warned ? 2 : 0;
        case job_state::partial:
            return exit_partial;
        case job_state::cancelled:
            return exit_code(reason::cancelled);
        default:
            return outcome.error ? exit_code(outcome.error.reason) : 1;
    }
}

std::uint32_t chunk_bytes_of(const job_spec& spec) {
    return spec.chunk_bytes == 0 ? copy_chunk_bytes : spec.chunk_bytes;
}
std::uint32_t depth_of(const job_spec& spec) {
    return spec.depth == 0 ? copy_depth : spec.depth;
}

std::pair<path_wish, problem> parse_via(const std::vector<std::string>& words) {
    path_wish wish;
    for (const std::string& word : words) {
        if (word.empty()) return {{}, invalid("a device to copy through has an empty name")};
        const bool alone = word == "auto" || word == "host";
        if (alone && words.size() > 1)
            return {{}, invalid("\"" + word + "\" as the way of a copy stands alone")};
        if (word == "host") wish.host_only = true;
        if (!alone) wish.providers.push_back(word);
    }
    return {wish, {}};
}

std::vector<std::string> via_words(const path_wish& wish) {
    if (wish.host_only) return {"host"};
    return wish.providers;
}

std::optional<pipeline::governor_options> governor_of(const job_spec& spec,
                                                      std::uint32_t parallelism) {
    if (!spec.level_auto) return std::nullopt;
    return pipeline::governor_options{.parallelism = parallelism,
                                      .level_max = level_max_of(spec),
                                      .rate = static_cast<double>(spec.rate)};
}

problem validate(const job_spec& spec) {
    if (problem found = check_paths(spec)) return found;
    if (problem found = check_destination(spec)) return found;
    if (problem found = check_copy(spec)) return found;
    return check_codec(spec);
}

}  // namespace peerpress::jobs
