// What a descriptor is, as far as drawing on it is concerned.
#pragma once

namespace peerpress::client {

struct terminal {
    bool present = false;  // a terminal at all
    bool redraws =
        false;  // and one that understands a carriage return and an erase (TERM is not dumb)
};

terminal look_at_terminal(int fd);

// Columns now; asked again for each line, because windows are resized. 80 where nobody knows.
unsigned terminal_width(int fd);

// A process in the background must not draw over the shell's prompt.
bool in_foreground(int fd);

}  // namespace peerpress::client
