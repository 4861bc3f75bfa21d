#include "io/topology/process.hpp"

#include <liburing.h>
#include <sys/resource.h>
#include <unistd.h>

namespace peerpress::io::topology {

namespace {

// Settings tell half of it: containers and services often filter the system call away as well.
error_code try_ring() {
    io_uring ring;
    const int status = io_uring_queue_init(2, &ring, 0);
    if (status < 0) return {-status, boost::system::system_category()};
    io_uring_queue_exit(&ring);
    return {};
}

}  // namespace

process_facts read_process() {
    process_facts facts;
    facts.user = ::geteuid();
    facts.ring = try_ring();
    rlimit limit{};
    if (::getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
        facts.locked_bytes_max = limit.rlim_cur;
    return facts;
}

}  // namespace peerpress::io::topology
