// What a run is to do: chosen by a seed, or by a test.
#pragma once

#include "jobs/job_spec.hpp"
#include "tests/simulation/virtual_time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace peerpress::simulation {

struct source_file {
    std::string name;     // below the tree
    std::string content;  // plain
};

struct scenario {
    std::uint64_t seed = 0;
    jobs::operation operation = jobs::operation::compress;
    std::vector<source_file> files{};
    bool overwrite = false;  // destinations are there before
    bool remove_sources = false;
    bool named_outputs = false;  // as without O_TMPFILE
    jobs::verification verification = jobs::verification::automatic;
    jobs::engine_choice engine = jobs::engine_choice::automatic;
    bool forbid_software = false;
    std::uint32_t devices = 0;
    std::uint32_t cores = 1;  // of each, to compress; one more to decompress
    std::uint32_t member_bytes = 16 << 10;
    std::uint32_t slots = 4;
    std::uint32_t queue_depth = 16;
    std::optional<nanoseconds> cancelled_at{};
    bool again = true;  // a second run, in which nothing goes wrong, has to mend everything

    bool lies_are_found() const { return verification == jobs::verification::full; }
    std::string describe() const;
};

scenario seeded_scenario(std::uint64_t seed);

// Text and noise, a different piece for each number.
std::string some_content(std::size_t bytes, std::uint64_t number);

}  // namespace peerpress::simulation
