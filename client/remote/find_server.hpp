// Which server serves a command: --server, PEERPRESS_SERVER, or the local one if it answers.
#pragma once

#include "client/remote/server_connection.hpp"
#include "client/request.hpp"

#include <memory>

namespace peerpress::client {

struct found_server {
    std::shared_ptr<server_connection> connection;  // null: none, work in process
    v1::ServerInfo info;
    bool named = false;  // by the user, who then never gets another way silently
};

// Throws server_error where a server that was named does not answer.
found_server find_server(const server_choice& choice);

// For commands that only a server can answer.
found_server require_server(const server_choice& choice);

}  // namespace peerpress::client
