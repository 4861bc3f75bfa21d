// One file compressed or decompressed by devices, from peer to peer, where that can be; else the
// reason why software has to do it.
#pragma once

#include "jobs/describe.hpp"
#include "jobs/file_transfer.hpp"
#include "jobs/path_planner.hpp"
#include "pipeline/device_transfer.hpp"

#include <atomic>
#include <optional>
#include <string>
#include <vector>

namespace peerpress::jobs {

// Why no device is asked at all; empty where one may do it. Pure.
std::string objection_to_devices(const job_spec& spec, std::uint64_t source_bytes);

class device_change {
public:
    // `work`'s storages are opened here, of the descriptors of `opened`, unless it turns out before
    // that no device can do it. All of it is borrowed.
    device_change(const transfer_setting& setting, working_file& work, file_result& result,
                  step_side& failed_side, opened_file& opened);

    // What devices did; nothing where software has to do all of it: then reason() says why. Throws
    // what a transfer throws, and problem_error (p2p_unavailable) where falling back is forbidden:
    // before a byte moves, unless a device fails in the middle.
    awaitable<std::optional<pipeline::transfer_report>> run(verification how);

    // What a device made was found to be wrong after all: software has to do it, or, where that is
    // forbidden, the error is thrown on.
    void reject(const std::exception_ptr& error);

    // The questions that run() begins with, and no more.
    awaitable<> rehearse();

    const std::string& reason() const { return reason_; }
    // Each member was decoded again by another core.
    bool checked() const { return checked_; }
    std::vector<path_bytes> ways() const;  // of the source's bytes

private:
    awaitable<bool> plan();
    bool open_storages();
    awaitable<bool> fits();
    awaitable<> transfer();
    bool give_up(const std::string& reason, const std::string& way_out = {});
    bool give_up(const std::exception_ptr& error);
    void distrust(const std::string& reason);
    pipeline::device_route route(io::storage& source, io::storage* target);
    void count(std::optional<std::size_t> site, std::uint64_t bytes);
    void take_back();
    std::uint64_t filled_of(std::size_t site) const;
    void count_holes();
    path_bytes way_of(std::optional<std::size_t> site) const;
    bool insists() const;

    const transfer_setting& setting_;
    const job_spec& spec_;
    working_file& work_;
    file_result& result_;
    step_side& failed_side_;
    opened_file& opened_;
    planned_devices planned_;
    std::uint64_t zero_bytes_ = 0;  // of the source: what the kernel fills instead of its device
    pipeline::device_report report_;
    std::vector<std::uint64_t> counted_;  // by site, software last
    std::uint64_t counted_holes_ = 0;
    std::vector<std::atomic<std::uint64_t>*> counters_;  // likewise, in the job's progress
    std::vector<bool> used_;                             // sites that have done something
    std::string reason_;
    bool checked_ = false;
};

// Throws problem_error (p2p_unavailable) where falling back is forbidden and no device can do the
// file. `opened` is a rehearsal's.
awaitable<> rehearse_change(const transfer_setting& setting, working_file& work,
                            file_result& result, step_side& failed_side, opened_file opened);

}  // namespace peerpress::jobs
