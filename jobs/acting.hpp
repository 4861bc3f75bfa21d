// For whom an opener acts. Nobody is looked up before its first thread begins, since the user
// database may be far away, and only opener threads may wait for it.
#pragma once

#include "jobs/gate.hpp"
#include "jobs/rights.hpp"

#include <functional>
#include <mutex>
#include <string>
#include <vector>

namespace peerpress::jobs {

// Gives the rights to act with; blocks. Throws problem_error where there are none.
using rights_source = std::function<rights()>;

class acting {
public:
    // Without `source`: with this process's own rights, through an open gate.
    explicit acting(rights_source source = {}, std::vector<std::string> out_of_bounds = {})
        : source_(std::move(source)), out_of_bounds_(std::move(out_of_bounds)) {}

    // The calling thread acts so from now on. Throws problem_error; the thread must do nothing
    // then.
    void begin();

    // Once a thread has begun.
    const jobs::gate& gate() const { return gate_; }

private:
    rights_source source_;
    std::vector<std::string> out_of_bounds_;
    std::once_flag known_;
    rights rights_;
    jobs::gate gate_;
};

}  // namespace peerpress::jobs
