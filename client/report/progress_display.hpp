// Draws progress: on a terminal one line, redrawn; elsewhere a line now and then, so that a log
// neither falls silent nor floods.
#pragma once

#include "client/progress_line.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <ostream>

namespace peerpress::client {

struct progress_style {
    bool shown = false;
    bool redraws = false;  // a terminal that can
    std::chrono::milliseconds first_after{
        100};  // nothing before: what is done at once needs no line
    std::chrono::milliseconds interval{100};
};

// `wanted` is --progress or --no-progress, nothing where neither was given.
progress_style choose_progress_style(bool terminal_redraws, std::optional<bool> wanted, bool quiet);

class progress_display {
public:
    using time_point = std::chrono::steady_clock::time_point;

    progress_display(std::ostream& out, progress_style style, std::function<unsigned()> width,
                     bool compressing, time_point start);

    void draw(const progress_sample& sample, time_point now);
    // Takes the line away, before anything else is written to the terminal.
    void clear();

private:
    std::ostream& out_;
    progress_style style_;
    std::function<unsigned()> width_;
    bool compressing_;
    time_point next_;
    bool drawn_ = false;
};

}  // namespace peerpress::client
