// The pipeline in this process: a lane of our own, with the software engine.
#pragma once

#include "client/backend.hpp"
#include "client/in_process/stream_job.hpp"
#include "jobs/job_run.hpp"
#include "jobs/p2p_planner.hpp"
#include "pipeline/lane.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace peerpress::client {

struct in_process_options {
    std::uint32_t threads = 0;               // of the codecs; 0: as many as there are cores to use
    jobs::transfer_functions transfer = {};  // a server may change the bytes for us
    std::string name = "in process";
    std::string device = "software";  // who changes them
};

class in_process final : public backend {
public:
    // Throws system_error where there is no ring or no memory to be had.
    explicit in_process(in_process_options options);

    std::string name() const override { return options_.name; }
    jobs::problem check(const job_request& request) override;
    job_end run(const job_request& request, job_listener& listener,
                const interruption& interrupted) override;

    // The same with what gzip's grammar decides by itself.
    struct job_manner {
        bool carry_metadata = true;
        bool durable = true;
        bool accelerators = false;  // may do the work
    };
    jobs::job_outcome run(const jobs::job_spec& spec, job_manner manner, job_listener& listener,
                          const interruption& interrupted);

    // One file or standard input to one file, standard output or nowhere.
    jobs::file_result stream(const stream_request& request, job_listener& listener,
                             const interruption& interrupted);

    // Runs one piece of work on the lane to its end, and throws what it throws.
    template <class T>
    T run_on_lane(awaitable<T> work, const interruption& interrupted) {
        const std::stop_callback stop(interrupted.cancelled(), [this] { close_ring(); });
        return asio::co_spawn(lane_.executor(), std::move(work), asio::use_future).get();
    }

    pipeline::lane& lane() { return lane_; }
    std::uint32_t parallelism();  // of the engine
    jobs::p2p_planner& planner();
    // Accelerators of this machine: looked for once, when a job could use them.
    bool has_accelerators();
    // Root may copy whichever it names; nobody else any.
    static jobs::device_rules device_rules();

private:
    // A read from a pipe ends when its other end wants it to: an interruption has to take it back.
    void close_ring();

    in_process_options options_;
    pipeline::lane lane_;
    std::unique_ptr<jobs::p2p_planner> planner_;
    bool looked_for_accelerators_ = false;
    std::shared_ptr<jobs::output_registry> outputs_;
};

}  // namespace peerpress::client
