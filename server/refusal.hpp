// A request that is not carried out. Thrown by whatever finds the reason, caught where the call is
// answered.
#pragma once

#include "jobs/reason.hpp"

#include <exception>
#include <map>
#include <string>

namespace peerpress::server {

class refusal : public std::exception {
public:
    using details = std::map<std::string, std::string>;

    refusal(jobs::reason reason, std::string message, details metadata = {})
        : problem_{reason, std::move(message)}, metadata_(std::move(metadata)) {}
    explicit refusal(jobs::problem problem) : problem_(std::move(problem)) {}

    const char* what() const noexcept override { return problem_.message.c_str(); }
    const jobs::problem& problem() const { return problem_; }
    // What programs may want without reading the message: {"field": "job.level"}.
    const details& metadata() const { return metadata_; }

private:
    jobs::problem problem_;
    details metadata_;
};

// Of a request's field: {"field": "job.level"}.
[[noreturn]] inline void refuse(const std::string& field, const std::string& why) {
    throw refusal(jobs::reason::invalid_argument, field + ": " + why, {{"field", field}});
}

}  // namespace peerpress::server
