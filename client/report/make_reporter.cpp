#include "client/report/make_reporter.hpp"

#include "client/report/json_reporter.hpp"
#include "client/report/text_reporter.hpp"
#include "client/terminal.hpp"

#include <unistd.h>

#include <iostream>

namespace peerpress::client {
namespace {

using namespace std::chrono_literals;

// A line a second says enough to a program; asked for progress, it may want to draw.
std::chrono::milliseconds json_interval(const output_choice& choice) {
    if (choice.quiet || choice.progress == false) return 0ms;
    return choice.progress == true ? 100ms : 1000ms;
}

}  // namespace

std::unique_ptr<reporter> make_reporter(const output_choice& choice, const std::string& prefix,
                                        jobs::operation operation, interruption& interrupted) {
    if (choice.json) {
        return std::make_unique<json_reporter>(std::cout, json_interval(choice),
                                               [&interrupted] { interrupted.request_stop(); });
    }
    const terminal screen = look_at_terminal(STDERR_FILENO);
    const bool redraws = screen.redraws && in_foreground(STDERR_FILENO);
    progress_display display(
        std::cerr, choose_progress_style(redraws, choice.progress, choice.quiet),
        [] { return terminal_width(STDERR_FILENO); }, operation == jobs::operation::compress,
        std::chrono::steady_clock::now());
    return std::make_unique<text_reporter>(std::cerr, prefix, choice, std::move(display),
                                           operation);
}

}  // namespace peerpress::client
