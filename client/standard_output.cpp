#include "client/standard_output.hpp"

#include <poll.h>
#include <unistd.h>

namespace peerpress::client {

bool standard_output_is_broken() {
    pollfd wait{.fd = STDOUT_FILENO, .events = POLLOUT, .revents = 0};
    return ::poll(&wait, 1, 0) == 1 && (wait.revents & POLLERR) != 0;
}

}  // namespace peerpress::client
