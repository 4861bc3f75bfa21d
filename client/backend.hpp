// Who runs a job: this process, or a server.
#pragma once

#include "client/interruption.hpp"
#include "client/report/reporter.hpp"
#include "client/request.hpp"

#include <string>

namespace peerpress::client {

// How a job ended for its caller.
struct job_end {
    jobs::job_outcome outcome = {};
    std::string job = {};   // the server's name of it; empty in process
    bool detached = false;  // it goes on without us
};

class backend {
public:
    virtual ~backend() = default;

    virtual std::string name() const = 0;  // "in process", "server unix:/run/..."

    // What is wrong with a request, found without doing anything of it.
    virtual jobs::problem check(const job_request& request) = 0;

    // Runs a job on files to its end, on the calling thread as far as the listener can see.
    virtual job_end run(const job_request& request, job_listener& listener,
                        const interruption& interrupted) = 0;
};

}  // namespace peerpress::client
