#include "client/grammar/bench_grammar.hpp"

#include "accel/software/level_table.hpp"

#include <algorithm>

namespace peerpress::client {
namespace {

using accel::software::level_max;
using accel::software::level_min;

constexpr std::uint64_t size_bytes_min = 4 << 20;
constexpr std::uint64_t runs_max = 99;

int level_of(const std::string& text) {
    return static_cast<int>(number_value("--levels", text, level_min, level_max));
}

// "1,6-9": ascending, each once.
std::vector<int> levels_of(const std::string& given) {
    std::vector<int> levels;
    for (std::size_t begin = 0; begin <= given.size();) {
        const std::size_t comma = std::min(given.find(',', begin), given.size());
        const std::string word = given.substr(begin, comma - begin);
        const std::size_t dash = std::min(word.find('-'), word.size());
        const int first = level_of(word.substr(0, dash));
        const int last = dash == word.size() ? first : level_of(word.substr(dash + 1));
        if (first > last) refuse_value("--levels", given, "a range goes upwards");
        for (int level = first; level <= last; ++level) levels.push_back(level);
        begin = comma + 1;
    }
    std::ranges::sort(levels);
    const auto repeated = std::ranges::unique(levels);
    levels.erase(repeated.begin(), repeated.end());
    return levels;
}

}  // namespace

bench_grammar::bench_grammar()
    : command_grammar(
          "bench", "Measure how fast this machine compresses, at each level",
          "For each level: its ratio; what its codec does in memory, for a second of CPU time and "
          "on "
          "all cores together; what a job does, from file to file on disk; and the limit, which is "
          "the least of what the cores, reading, writing and both at once allow. Then the disk "
          "itself, and other compressors that are installed, on the same data.\n"
          "\n"
          "The data are FILE, or pieces spread over it where it is larger than --size, or files of "
          "this machine's. They are read from disk each time, and all that is written vanishes. "
          "Slow levels get a part of the data only. Keep the machine quiet meanwhile.") {
    operands(files_, "[FILE]", 0, 1);
    value(
        "--dir", "DIR", [this](const std::string& given) { request_.directory = given; },
        "Write below DIR, whose disk is measured; FILE's directory by default, or this one");
    value(
        "--size", "SIZE",
        [this](const std::string& given) {
            request_.size_bytes = size_value("--size", given);
            if (request_.size_bytes < size_bytes_min)
                refuse_value("--size", given, "must be at least 4M");
        },
        "Take SIZE bytes of data at most; 256M by default");
    value(
        "--levels", "LIST",
        [this](const std::string& given) { request_.levels = levels_of(given); },
        "Only these levels: 1,6-9");
    value(
        "--runs", "N",
        [this](const std::string& given) {
            request_.runs = static_cast<std::uint32_t>(number_value("--runs", given, 1, runs_max));
        },
        "Measure each N times and show the median; 3 by default");
    value(
        "--threads", "N",
        [this](const std::string& given) {
            request_.threads =
                static_cast<std::uint32_t>(number_value("--threads", given, 1, 1024));
        },
        "Use N codec threads, and tell other compressors to");
    flag("--no-peers", no_peers_, "Leave other compressors out");
    value(
        "--plot", "FILE", [this](const std::string& given) { request_.plot = given; },
        "Draw speed against ratio, as SVG, into FILE");
    flag("--json", request_.output.json, "Print JSON lines on standard output instead of text");
}

request bench_grammar::finish() {
    if (!files_.empty()) request_.file = files_.front();
    request_.peers = !no_peers_;
    if (request_.levels.empty())
        for (int level = level_min; level <= level_max; ++level) request_.levels.push_back(level);
    return request_;
}

}  // namespace peerpress::client
