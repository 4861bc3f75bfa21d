// What the device is to do wrong, and to which command: rules, each for one fault.
//
// A rule counts the commands it applies to from when it was set, strikes at the nth and then at
// every so manieth, so many times, and is gone.
#pragma once

#include "accel/noload/wire.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace peerpress::accel::model {

enum class fault_kind {
    status,     // the command fails with this one
    delay,      // it takes so much longer
    drop,       // it is carried out, and never completed
    flip,       // this bit of its output is wrong
    stale,      // it works on the input of the core's command before, and knows nothing of it
    length,     // it returns a wrong number of bytes
    crc,        // it returns a wrong CRC-32
    hang,       // from now on no command is completed, for so long, or for ever
    disappear,  // the device is gone from the bus
};

struct fault_rule {
    fault_kind kind = fault_kind::status;
    std::int64_t value = 0;  // as the kind has it: status, ns, bit, bytes more
    bool has_value = false;
    std::optional<std::uint32_t> core{};  // from 0
    std::optional<noload::opcode> opcode{};
    std::uint64_t nth = 1;
    std::uint64_t every = 1;
    std::uint64_t times = 1;
    std::uint64_t seen = 0;
};

// "KIND[=VALUE] [core=N] [op=OPERATION] [nth=N] [every=N] [times=N|always]"
std::optional<fault_rule> parse_fault(std::string_view text);
std::string_view name_of(fault_kind kind);

class fault_table {
public:
    static constexpr std::size_t rules_max = 64;

    bool add(const fault_rule& rule);  // false: there are too many
    void clear() { rules_.clear(); }
    std::size_t size() const { return rules_.size(); }

    // The faults that strike this command; counts it.
    std::vector<fault_rule> strike(std::uint32_t core, noload::opcode opcode);

private:
    std::vector<fault_rule> rules_;
};

}  // namespace peerpress::accel::model
