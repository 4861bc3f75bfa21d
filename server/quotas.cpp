#include "server/quotas.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace peerpress::server {
namespace {

using namespace std::chrono_literals;

// A script that queues a directory's files does so in a burst.
constexpr double burst_seconds = 10;
constexpr auto day_length = 24h;
constexpr std::size_t sweep_every = 1024;

}  // namespace

bool is_unbounded(const job_owner& owner) {
    return owner.uid == 0 && owner.identity.empty();
}

quotas::load& quotas::of(const job_owner& owner) {
    const auto [found, added] = loads_.try_emplace(owner.name());
    if (added) {
        // Who asked for a burst and nothing since is idle without having been looked at again.
        if (loads_.size() % sweep_every == 0)
            std::erase_if(loads_, [&](auto& entry) {
                return &entry.second != &found->second && is_idle(entry.second);
            });
        found->second.unbounded = is_unbounded(owner);
        found->second.submits_left =
            burst_seconds * static_cast<double>(limits_.submits_per_second);
        found->second.filled = found->second.day = now_();
    }
    return found->second;
}

void quotas::fill(load& l) const {
    const auto rate = static_cast<double>(limits_.submits_per_second);
    const std::chrono::duration<double> passed = now_() - l.filled;
    l.submits_left = std::min(burst_seconds * rate, l.submits_left + passed.count() * rate);
    l.filled = now_();
}

void quotas::start_day(load& l) const {
    if (now_() - l.day < day_length) return;
    l.day = now_();
    l.bytes = 0;
}

bool quotas::is_idle(load l) const {
    fill(l);
    start_day(l);
    const bool full =
        l.submits_left >= burst_seconds * static_cast<double>(limits_.submits_per_second);
    return l.waiting + l.running + l.watches == 0 && full &&
           (l.bytes == 0 || limits_.output_bytes_per_day == 0);
}

void quotas::forget_if_idle(const std::string& who) {
    const auto found = loads_.find(who);
    if (found != loads_.end() && is_idle(found->second)) loads_.erase(found);
}

refusal quotas::refused(const job_owner& owner, const char* quota, const std::string& why,
                        std::optional<std::chrono::milliseconds> retry_after, jobs::reason reason) {
    metrics_.quota_refused(quota);
    refusal::details metadata{{"quota", fmt::format("quotas.{}", quota)}};
    if (retry_after) metadata["retry_after_ms"] = std::to_string(retry_after->count());
    return {reason, fmt::format("{} {} (quotas.{}): try again later", owner.name(), why, quota),
            std::move(metadata)};
}

std::optional<refusal> quotas::objection_to_job(const job_owner& owner) {
    if (is_unbounded(owner)) return std::nullopt;
    load& l = of(owner);
    if (limits_.queued_max != 0 && l.waiting >= limits_.queued_max)
        return refused(owner, "queued_max",
                       fmt::format("has {} jobs waiting, as many as one may", l.waiting));
    start_day(l);
    if (limits_.output_bytes_per_day != 0 && l.bytes >= limits_.output_bytes_per_day) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(l.day + day_length - now_());
        return refused(owner, "output_bytes_per_day",
                       fmt::format("has had {} bytes written within a day", l.bytes), left,
                       jobs::reason::quota);
    }
    if (limits_.submits_per_second == 0) return std::nullopt;
    fill(l);
    if (l.submits_left < 1) {
        const std::chrono::duration<double> wait((1 - l.submits_left) /
                                                 static_cast<double>(limits_.submits_per_second));
        return refused(owner, "submits_per_second", "asks for jobs too fast",
                       std::chrono::ceil<std::chrono::milliseconds>(wait));
    }
    l.submits_left -= 1;
    return std::nullopt;
}

bool quotas::may_run(const job_owner& owner) const {
    if (limits_.running_max == 0 || is_unbounded(owner)) return true;
    const auto found = loads_.find(owner.name());
    return found == loads_.end() || found->second.running < limits_.running_max;
}

bool quotas::anyone_may_run() const {
    if (limits_.running_max == 0) return true;
    return std::ranges::any_of(loads_, [this](const auto& entry) {
        const load& l = entry.second;
        return l.waiting != 0 && (l.running < limits_.running_max || l.unbounded);
    });
}

void quotas::waits(const job_owner& owner) {
    ++of(owner).waiting;
}

void quotas::waits_no_more(const job_owner& owner) {
    --of(owner).waiting;
    forget_if_idle(owner.name());
}

void quotas::runs(const job_owner& owner) {
    ++of(owner).running;
}

void quotas::has_run(const job_owner& owner) {
    --of(owner).running;
    forget_if_idle(owner.name());
}

void quotas::wrote(const job_owner& owner, std::uint64_t bytes) {
    load& l = of(owner);
    start_day(l);
    l.bytes += bytes;
}

quotas::watch quotas::begin_watch(const job_owner& owner) {
    load& l = of(owner);
    if (limits_.watches_max != 0 && !is_unbounded(owner) && l.watches >= limits_.watches_max)
        throw refused(owner, "watches_max",
                      fmt::format("watches {} jobs, as many as one may", l.watches));
    ++l.watches;
    return {*this, owner.name()};
}

void quotas::unwatch(const std::string& who) {
    const auto found = loads_.find(who);
    if (found == loads_.end()) return;
    --found->second.watches;
    forget_if_idle(who);
}

}  // namespace peerpress::server
