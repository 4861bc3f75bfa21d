// An examination of the machine: what works, what does not, why, and what mends it.
#pragma once

#include "io/topology/machine.hpp"
#include "io/topology/obstacle.hpp"
#include "io/topology/process.hpp"

#include <string>
#include <vector>

namespace peerpress::io::topology {

enum class health {
    ok,
    warning,  // good to know; nothing to mend, or not in the way of anything this machine could do
    failed,   // in the way of something this machine could do, and to be mended
};

std::string_view to_string(health of);

struct check {
    std::string name;  // a stable word for programs: "io-uring"
    health status = health::ok;
    std::string detail;
    std::string fix;  // a command or a setting; "" where there is nothing to do
};

struct diagnosis {
    std::vector<check> checks;
    bool software_works = false;
    std::string summary;  // a paragraph for the operator

    bool healthy() const;  // no check failed
};

diagnosis examine(const host_files& files, const machine& in, const process_facts& process);

// What the providers of p2pmem can do with the SSDs here, each with the others: every device
// reaches itself, so that counts only where there is no other.
struct pair_counts {
    std::size_t p2p = 0;
    std::size_t unknown = 0;
    std::size_t host = 0;
    std::optional<finding> first;  // of what stands against any of them

    std::size_t all() const { return p2p + unknown + host; }
};

pair_counts count_pairs(const machine& in);

// The parts of an examination.
std::vector<check> examine_software(const host_files& files, const process_facts& process);
std::vector<check> examine_p2p(const host_files& files, const machine& in);

}  // namespace peerpress::io::topology
