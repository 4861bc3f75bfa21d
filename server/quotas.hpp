// What one caller may take of what all of them share. A caller is a user of this machine or a
// remote identity (job_owner); root is trusted and has no bounds. A quota of 0 is none.
//
// One executor's: the job manager's. Callers of whom nothing is under way are forgotten.
#pragma once

#include "server/config.hpp"
#include "server/job_owner.hpp"
#include "server/metrics.hpp"
#include "server/refusal.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>

namespace peerpress::server {

class quotas {
public:
    using clock = std::chrono::steady_clock;

    quotas(const quotas_config& limits, metrics& metrics,
           std::function<clock::time_point()> now = clock::now)
        : limits_(limits), metrics_(metrics), now_(std::move(now)) {}
    quotas(const quotas&) = delete;
    quotas& operator=(const quotas&) = delete;

    // Why one more job is not taken; nullopt where it is, and counts as asked for.
    std::optional<refusal> objection_to_job(const job_owner& owner);
    bool may_run(const job_owner& owner) const;
    // Is there one with a waiting job that may run? Saves a look at each of them.
    bool anyone_may_run() const;

    void waits(const job_owner& owner);
    void waits_no_more(const job_owner& owner);
    void runs(const job_owner& owner);
    void has_run(const job_owner& owner);
    void wrote(const job_owner& owner, std::uint64_t bytes);

    // The right to one watch, as long as it is held. Ends before the quotas do.
    class watch {
    public:
        watch(quotas& of, std::string who) : of_(&of), who_(std::move(who)) {}
        watch(watch&& other) noexcept
            : of_(std::exchange(other.of_, nullptr)), who_(std::move(other.who_)) {}
        watch& operator=(watch&&) = delete;
        ~watch() {
            if (of_ != nullptr) of_->unwatch(who_);
        }

    private:
        quotas* of_;
        std::string who_;
    };
    watch begin_watch(const job_owner& owner);  // Throws refusal.

    std::size_t remembered() const { return loads_.size(); }

private:
    struct load {
        bool unbounded = false;
        std::uint64_t waiting = 0;
        std::uint64_t running = 0;
        std::uint64_t watches = 0;
        // A bucket that fills with submits_per_second, up to so many seconds' worth.
        double submits_left = 0;
        clock::time_point filled = {};
        // Output of the day that began then.
        std::uint64_t bytes = 0;
        clock::time_point day = {};
    };

    load& of(const job_owner& owner);
    void forget_if_idle(const std::string& who);
    bool is_idle(load l) const;
    void unwatch(const std::string& who);
    refusal refused(const job_owner& owner, const char* quota, const std::string& why,
                    std::optional<std::chrono::milliseconds> retry_after = {},
                    jobs::reason reason = jobs::reason::too_many_jobs);
    void fill(load& l) const;
    void start_day(load& l) const;

    const quotas_config limits_;
    metrics& metrics_;
    std::function<clock::time_point()> now_;
    std::map<std::string, load> loads_;  // by job_owner::name
};

// Is it one whom no quota bounds?
bool is_unbounded(const job_owner& owner);

}  // namespace peerpress::server
