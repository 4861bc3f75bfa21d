// Transfers whose bytes a server changes: sent to it and received from it, while files are opened,
// verified and committed here. For a server that shares no file system with us, and for streams.
#pragma once

#include "client/remote/server_connection.hpp"
#include "jobs/job_run.hpp"

#include <memory>

namespace peerpress::client {

// At most `streams_max` at a time; the server has a bound of its own.
jobs::transfer_functions remote_transfer(std::shared_ptr<server_connection> server,
                                         std::uint32_t streams_max);

}  // namespace peerpress::client
