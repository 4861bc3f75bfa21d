// Follows a server's job to its end, across lost connections.
#pragma once

#include "client/backend.hpp"
#include "client/remote/server_connection.hpp"

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>

namespace peerpress::client {

struct watch_options {
    int attempts_max = 6;                  // in a row without an event between them
    std::chrono::milliseconds pause{250};  // before the second attempt; doubles
};

// The job's last snapshot; nullopt where `leave` ended the watch first. Throws server_error where
// the server is lost for good. The listener is called on this thread.
std::optional<v1::Job> watch_job(server_connection& server, const std::string& name,
                                 job_listener& listener, std::stop_token leave,
                                 watch_options options = {});

}  // namespace peerpress::client
