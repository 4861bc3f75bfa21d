#include "client/commands/outcome_sum.hpp"

namespace peerpress::client {

using jobs::job_state;

void outcome_sum::add(const jobs::job_outcome& part) {
    done_ = done_ || part.state == job_state::succeeded || part.state == job_state::partial;
    failed_ = failed_ || part.state == job_state::failed || part.state == job_state::partial;
    cancelled_ = cancelled_ || part.state == job_state::cancelled;
    warned_ = warned_ || part.warned;
    if (!error_) error_ = part.error;
}

void outcome_sum::add(const jobs::file_result& file) {
    jobs::job_outcome part{
        .state = job_state::succeeded, .error = file.error, .warned = jobs::is_warned(file)};
    if (file.error) part.state = job_state::failed;
    if (file.error.reason == jobs::reason::cancelled) part.state = job_state::cancelled;
    add(part);
}

jobs::job_outcome outcome_sum::outcome() const {
    jobs::job_outcome sum{.state = job_state::succeeded, .error = error_, .warned = warned_};
    if (cancelled_) {
        sum.state = job_state::cancelled;
    } else if (failed_) {
        sum.state = done_ ? job_state::partial : job_state::failed;
    }
    return sum;
}

}  // namespace peerpress::client
