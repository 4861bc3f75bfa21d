#include "jobs/acting.hpp"

#include "jobs/become.hpp"
#include "jobs/problem_error.hpp"

#include <unistd.h>

namespace peerpress::jobs {

void acting::begin() {
    if (!source_) return;
    // Where it throws, the next thread tries again.
    std::call_once(known_, [this] {
        rights_ = source_();
        gate_ = jobs::gate({.roots = rights_.roots, .out_of_bounds = out_of_bounds_});
    });
    if (!is_somebody_else(rights_.user)) return;
    if (const error_code failed = become(rights_.user)) {
        throw problem_error({reason::permission_denied,
                             "the server runs as user " + std::to_string(::geteuid()) +
                                 " and cannot act for user " + std::to_string(rights_.user.uid) +
                                 ": " + failed.message()});
    }
}

}  // namespace peerpress::jobs
