#include "client/report/progress_display.hpp"

#include <algorithm>

namespace peerpress::client {

using namespace std::chrono_literals;

progress_style choose_progress_style(bool terminal_redraws, std::optional<bool> wanted,
                                     bool quiet) {
    if (quiet || wanted == false) return {};
    if (terminal_redraws) return {.shown = true, .redraws = true};
    // Nobody may be looking: only a long silence is worth a line, unless lines were asked for.
    const std::chrono::milliseconds interval = wanted.value_or(false) ? 10s : 60s;
    return {.shown = true, .redraws = false, .first_after = interval, .interval = interval};
}

progress_display::progress_display(std::ostream& out, progress_style style,
                                   std::function<unsigned()> width, bool compressing,
                                   time_point start)
    : out_(out),
      style_(style),
      width_(std::move(width)),
      compressing_(compressing),
      next_(start + style.first_after) {}

void progress_display::draw(const progress_sample& sample, time_point now) {
    if (!style_.shown || now < next_) return;
    next_ = now + style_.interval;
    // The last column stays free: some terminals wrap as soon as it is written.
    const unsigned width = style_.redraws ? std::max(width_(), 2u) - 1 : 200;
    const std::string line = progress_line(sample, compressing_, width);
    if (style_.redraws) {
        out_ << '\r' << line << "\x1b[K" << std::flush;
        drawn_ = true;
    } else {
        out_ << line << std::endl;
    }
}

void progress_display::clear() {
    if (!drawn_) return;
    out_ << "\r\x1b[K" << std::flush;
    drawn_ = false;
}

}  // namespace peerpress::client
