// A problem somebody else has already put into words, thrown through a transfer. It does not name
// the transfer's file: whoever describes the error does (jobs/describe.hpp).
#pragma once

#include "jobs/reason.hpp"

#include <stdexcept>

namespace peerpress::jobs {

class problem_error : public std::runtime_error {
public:
    explicit problem_error(jobs::problem problem)
        : std::runtime_error(problem.message), problem_(std::move(problem)) {}
    const jobs::problem& problem() const { return problem_; }

private:
    jobs::problem problem_;
};

}  // namespace peerpress::jobs
