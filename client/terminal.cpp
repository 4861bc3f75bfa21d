#include "client/terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

namespace peerpress::client {

terminal look_at_terminal(int fd) {
    if (::isatty(fd) == 0) return {};
    const char* const term = std::getenv("TERM");
    const bool dumb = term == nullptr || std::string_view(term) == "dumb" || *term == '\0';
    return {.present = true, .redraws = !dumb};
}

unsigned terminal_width(int fd) {
    winsize size{};
    if (::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
    return 80;
}

bool in_foreground(int fd) {
    const pid_t owner = ::tcgetpgrp(fd);
    return owner < 0 || owner == ::getpgrp();
}

}  // namespace peerpress::client
