// Decides which way a copy's bytes go, and lends the memory they are staged in.
//
// A session serves one job: what it found out about a pair of devices holds for the job's other
// files on them, and the device memory that it took stays taken until it goes. Everything here runs
// on the lane's executor and ends there; what blocks happens elsewhere.
#pragma once

#include "io/staging.hpp"
#include "jobs/job_spec.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace peerpress::jobs {

// Opened ends of a copy.
struct path_question {
    int source_fd = -1;       // borrowed
    std::string source = {};  // path, for people
    int target_fd = -1;
    std::string target = {};
    std::uint32_t chunk_bytes = copy_chunk_bytes;
    std::uint32_t depth = copy_depth;
};

// A flow on a pool of slots in a device's memory, for as long as somebody holds it.
class staging_share {
public:
    virtual ~staging_share() = default;
    virtual io::staging_pool& pool() = 0;
    virtual io::flow_id flow() = 0;
};

struct planned_path {
    std::shared_ptr<staging_share> share = {};  // null: through host memory
    std::string device = {};                    // whose memory: "nvme2 (0000:03:00.0)"
    std::string reason = {};                    // why not from peer to peer, in words
    std::string way_out = {};
};

class path_session {
public:
    virtual ~path_session() = default;

    // Never throws for what stands against peer to peer: that is the answer.
    virtual awaitable<planned_path> plan(path_question question) = 0;

    // The kernel refused what was planned: the pair's other files take the way through host memory.
    virtual void distrust(const path_question& question, std::string reason) = 0;
};

class path_planner {
public:
    virtual ~path_planner() = default;
    virtual std::unique_ptr<path_session> begin(path_wish wish) = 0;
};

}  // namespace peerpress::jobs
