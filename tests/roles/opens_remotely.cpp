// Makes the jobs of this program open their files through a socket.
#include "job_fixture.hpp"
#include "opener_server_here.hpp"

namespace peerpress::jobs {
namespace {

roles::opener_server_here& server() {
    static roles::opener_server_here here;
    return here;
}

const bool set = [] {
    default_opener() = [](opener_options options) {
        return roles::make_remote_opener(server().reached_by(), std::move(options));
    };
    server();
    return true;
}();

}  // namespace
}  // namespace peerpress::jobs
