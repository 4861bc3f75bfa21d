// Another role's process has gone, or does not answer, in the middle of a job. Nothing is wrong
// with the job: it is run again, as after a restart.
#pragma once

#include <stdexcept>

namespace peerpress::roles {

class role_lost : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

}  // namespace peerpress::roles
