// An opener that is another process: peerpress-opend, reached by its socket.
//
// It connects when it is first used, and waits a while for one that is being restarted. Each opener
// is a session of its own, and a session ends with its connection: what it had open, and its
// temporaries, are gone then. Methods throw role_lost where the other process goes away, and
// problem_error where it cannot act for the job's user.
#pragma once

#include "jobs/opener.hpp"

#include <chrono>
#include <memory>
#include <string>

namespace peerpress::roles {

struct remote_opener_options {
    std::string socket;   // its path
    std::string release;  // of this program; the other end's has to be the same
    std::chrono::milliseconds connect_max{10'000};
    std::chrono::milliseconds finish_max{10'000};
};

std::unique_ptr<jobs::opener> make_remote_opener(remote_opener_options where,
                                                 jobs::opener_options options);

}  // namespace peerpress::roles
