// Decides which way a copy's bytes go, and lends the memory they are staged in.
//
// A session serves one job: what it found out about a pair of devices holds for the job's other
// files on them, and the device memory that it took stays taken until it goes. Everything here runs
// on the lane's executor and ends there; what blocks happens elsewhere.
#pragma once

#include "accel/device_engine.hpp"
#include "io/staging.hpp"
#include "jobs/job_spec.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace peerpress::jobs {

// Opened ends of a file's way.
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

// A device that can compress or decompress between two ends, with slots in its own memory.
struct planned_device {
    std::shared_ptr<accel::device_engine> engine = {};
    std::shared_ptr<staging_share> share = {};
};
struct planned_devices {
    std::vector<planned_device> devices = {};  // none: software has to do it
    std::string reason = {};                   // why none, in words
    std::string way_out = {};
    bool lasting = true;  // false: a device may soon serve again, so that asking again makes sense
};

class path_session {
public:
    virtual ~path_session() = default;

    // Never throws for what stands against peer to peer: that is the answer.
    virtual awaitable<planned_path> plan(path_question question) = 0;

    // The same, of devices that compress and decompress: all that reach both ends and serve now.
    virtual awaitable<planned_devices> plan_devices(path_question question);

    // The kernel refused what was planned: the pair's other files take the way through host memory.
    virtual void distrust(const path_question& question, std::string reason) = 0;
};

class path_planner {
public:
    virtual ~path_planner() = default;
    virtual std::unique_ptr<path_session> begin(path_wish wish) = 0;
    // There are devices that compress, whether or not they serve now.
    virtual bool has_devices() const { return false; }
};

inline awaitable<planned_devices> path_session::plan_devices(path_question) {
    co_return planned_devices{.reason = "there is no accelerator"};
}

}  // namespace peerpress::jobs
