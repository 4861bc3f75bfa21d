#include "accel/model/faults.hpp"

#include "accel/model/quantity.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

namespace peerpress::accel::model {
namespace {

constexpr std::array<std::pair<std::string_view, fault_kind>, 9> kinds{{
    {"status", fault_kind::status},
    {"delay", fault_kind::delay},
    {"drop", fault_kind::drop},
    {"flip", fault_kind::flip},
    {"stale", fault_kind::stale},
    {"length", fault_kind::length},
    {"crc", fault_kind::crc},
    {"hang", fault_kind::hang},
    {"disappear", fault_kind::disappear},
}};

constexpr std::array<std::pair<std::string_view, noload::opcode>, 3> operations{{
    {"compress", noload::opcode::compress},
    {"decompress", noload::opcode::decompress},
    {"checksum", noload::opcode::checksum},
}};

constexpr std::uint64_t always = std::numeric_limits<std::uint64_t>::max();

template <class Value, std::size_t N>
std::optional<Value> find_named(const std::array<std::pair<std::string_view, Value>, N>& names,
                                std::string_view name) {
    const auto found = std::ranges::find(names, name, &std::pair<std::string_view, Value>::first);
    if (found == names.end()) return std::nullopt;
    return found->second;
}

std::string_view take_word(std::string_view& text) {
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(word.size());
    return word;
}

struct setting {
    std::string_view name;
    std::optional<std::string_view> value;
};

setting split(std::string_view word) {
    const std::size_t equals = word.find('=');
    if (equals == std::string_view::npos) return {word, std::nullopt};
    return {word.substr(0, equals), word.substr(equals + 1)};
}

std::optional<std::int64_t> parse_signed(std::string_view text) {
    const bool negative = text.starts_with('-');
    if (negative || text.starts_with('+')) text.remove_prefix(1);
    const auto value = parse_number(text);
    if (!value || *value > std::numeric_limits<std::int64_t>::max()) return std::nullopt;
    return negative ? -static_cast<std::int64_t>(*value) : static_cast<std::int64_t>(*value);
}

std::optional<std::int64_t> parse_value(fault_kind kind, std::string_view text) {
    switch (kind) {
        case fault_kind::status: {
            const auto code = parse_number(text);
            if (!code || *code == 0 || *code > 0x7ff) return std::nullopt;
            return static_cast<std::int64_t>(*code);
        }
        case fault_kind::delay:
        case fault_kind::hang: {
            const auto time = parse_time(text);
            if (!time) return std::nullopt;
            return time->count();
        }
        case fault_kind::flip:
        case fault_kind::length:
            return parse_signed(text);
        case fault_kind::drop:
        case fault_kind::stale:
        case fault_kind::crc:
        case fault_kind::disappear:
            break;  // take none
    }
    return std::nullopt;
}

bool needs_value(fault_kind kind) {
    return kind == fault_kind::status || kind == fault_kind::delay || kind == fault_kind::length;
}

bool set_kind(fault_rule& rule, const setting& word) {
    const auto kind = find_named(kinds, word.name);
    if (!kind || (needs_value(*kind) && !word.value)) return false;
    rule.kind = *kind;
    if (!word.value) return true;
    const auto value = parse_value(*kind, *word.value);
    rule.has_value = value.has_value();
    rule.value = value.value_or(0);
    return rule.has_value;
}

bool set_selection(fault_rule& rule, const setting& word) {
    if (!word.value) return false;
    if (word.name == "op") {
        rule.opcode = find_named(operations, *word.value);
        return rule.opcode.has_value();
    }
    if (word.name == "times" && *word.value == "always") {
        rule.times = always;
        return true;
    }
    const auto number = parse_number(*word.value);
    if (!number) return false;
    if (word.name == "core") {
        rule.core = static_cast<std::uint32_t>(*number);
        return *number <= std::numeric_limits<std::uint32_t>::max();
    }
    if (*number == 0) return false;
    if (word.name == "nth") return rule.nth = *number, true;
    if (word.name == "every") return rule.every = *number, true;
    if (word.name == "times") return rule.times = *number, true;
    return false;
}

}  // namespace

std::optional<fault_rule> parse_fault(std::string_view text) {
    fault_rule rule;
    if (!set_kind(rule, split(take_word(text)))) return std::nullopt;
    for (auto word = take_word(text); !word.empty(); word = take_word(text)) {
        if (!set_selection(rule, split(word))) return std::nullopt;
    }
    return rule;
}

std::string_view name_of(fault_kind kind) {
    return std::ranges::find(kinds, kind, &std::pair<std::string_view, fault_kind>::second)->first;
}

bool fault_table::add(const fault_rule& rule) {
    if (rules_.size() == rules_max) return false;
    rules_.push_back(rule);
    return true;
}

std::vector<fault_rule> fault_table::strike(std::uint32_t core, noload::opcode opcode) {
    std::vector<fault_rule> struck;
    for (fault_rule& rule : rules_) {
        if (rule.core.value_or(core) != core || rule.opcode.value_or(opcode) != opcode) continue;
        ++rule.seen;
        if (rule.seen < rule.nth || (rule.seen - rule.nth) % rule.every != 0) continue;
        struck.push_back(rule);
        if (rule.times != always) --rule.times;
    }
    std::erase_if(rules_, [](const fault_rule& rule) { return rule.times == 0; });
    return struck;
}

}  // namespace peerpress::accel::model
