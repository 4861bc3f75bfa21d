// Bytes that have gone through the server, those of transfers under way included, for metrics.
// Single executor: no member is thread-safe; the counters of a meter may be written by another
// thread.
#pragma once

#include "jobs/job_spec.hpp"

#include <cstdint>
#include <map>
#include <set>

namespace peerpress::server {

class throughput {
public:
    struct bytes {
        std::uint64_t in = 0;
        std::uint64_t out = 0;
    };

    // Counts `progress` until the meter goes, and what it had then for ever.
    class meter {
    public:
        meter(throughput& of, jobs::operation operation,
              const pipeline::transfer_progress& progress)
            : of_(of), operation_(operation), progress_(progress) {
            of_.running_.insert(this);
        }
        meter(const meter&) = delete;
        meter& operator=(const meter&) = delete;
        ~meter() {
            add_to(of_.ended_[operation_]);
            of_.running_.erase(this);
        }

    private:
        friend class throughput;
        void add_to(bytes& sum) const {
            sum.in += progress_.bytes_in;
            sum.out += progress_.bytes_out;
        }

        throughput& of_;
        jobs::operation operation_;
        const pipeline::transfer_progress& progress_;
    };

    bytes total(jobs::operation operation) const {
        const auto found = ended_.find(operation);
        bytes sum = found == ended_.end() ? bytes{} : found->second;
        for (const meter* running : running_) {
            if (running->operation_ == operation) running->add_to(sum);
        }
        return sum;
    }

private:
    std::map<jobs::operation, bytes> ended_;
    std::set<const meter*> running_;
};

}  // namespace peerpress::server
