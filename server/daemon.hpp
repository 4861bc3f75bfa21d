// The whole server in one object: main makes one, and so do tests.
//
// Threads: `control` runs the manager, the watchers and the accept loop; each lane has its own, the
// store has its own, gRPC has its own, the metrics endpoint has its own.
//
// Start: lock, store, lanes, manager (which takes up old jobs), listeners, "serving".
// Stop: "not serving" and no new jobs; runs may end until the drain time is over, then they are cut
// short and queued again; watchers are sent away; once calls have had their statuses, connections;
// listeners, metrics, lanes, store, control, lock.
#pragma once

#include "jobs/device_rules.hpp"
#include "jobs/p2p_planner.hpp"
#include "pipeline/lane.hpp"
#include "server/accelerator_keeper.hpp"
#include "server/accelerators.hpp"
#include "server/config.hpp"
#include "server/connection_bound.hpp"
#include "server/grpc_server.hpp"
#include "server/identities.hpp"
#include "server/job_manager.hpp"
#include "server/job_service.hpp"
#include "server/lane_sampler.hpp"
#include "server/metrics.hpp"
#include "server/metrics_server.hpp"
#include "server/open_calls.hpp"
#include "server/server_service.hpp"
#include "server/state_lock.hpp"
#include "server/transform_service.hpp"
#include "server/unix_listener.hpp"

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace peerpress::server {

struct daemon_seams {
    // Carries jobs out; by default on the lane.
    std::function<std::unique_ptr<job_runner>(pipeline::lane&)> make_runner = {};
    // A Unix socket that already listens (socket activation), instead of listen.unix.
    std::optional<int> listening_fd = {};
};

class daemon {
public:
    // Serves when it returns. Throws refusal, config_error or system_error with one line for the
    // operator.
    explicit daemon(const config& config, const daemon_seams& seams = {});
    daemon(const daemon&) = delete;
    daemon& operator=(const daemon&) = delete;
    ~daemon();  // stop(0), if nobody has

    // Where it can be reached: "unix:/path", "127.0.0.1:7070".
    const std::vector<std::string>& addresses() const { return addresses_; }
    const std::string& metrics_address() const { return metrics_address_; }

    // Blocks until everything has ended. From a thread that is none of the daemon's.
    void stop(std::chrono::milliseconds drain_max);
    // Shortens a stop under way to nothing. From any thread.
    void hurry();

    // Has every thread that must not hang answered within the time? For the watchdog.
    bool alive(std::chrono::milliseconds within);

private:
    struct control;
    struct listeners;

    void listen(const config& config, const daemon_seams& seams);
    void listen_unix(const config& config, std::optional<int> listening_fd);
    void listen_tcp(const config& config);
    void listen_tls(const config& config);
    void add_services(grpc::ServerBuilder& builder, const callers& callers);
    void take_connection(grpc_server& server, int fd);
    std::unique_ptr<grpc::Service> make_server_service(server_service::administration rules);
    void set_serving(bool serving);
    v1::ServerInfo info();
    void refresh_metrics();
    awaitable<> keep_metrics_fresh();
    awaitable<> keep_accelerators();
    awaitable<v1::Accelerator> set_drained(std::string name, bool drained);
    awaitable<> wait_for_runs(std::chrono::milliseconds drain_max);

    const config config_;
    const std::int64_t start_time_ = now_micros();
    state_lock lock_;
    std::vector<std::string> addresses_;
    std::string metrics_address_;

    // In the order in which they are made; they go the other way round.
    open_calls calls_;
    std::unique_ptr<control> control_;
    metrics metrics_;
    throughput throughput_;
    std::map<const void*, std::unique_ptr<throughput::meter>> stream_meters_;  // control's
    std::unique_ptr<job_store> store_;
    std::unique_ptr<pipeline::lane> jobs_lane_;
    std::unique_ptr<pipeline::lane> streams_lane_;
    std::unique_ptr<lane_sampler> jobs_sampler_;
    std::unique_ptr<lane_sampler> streams_sampler_;
    std::string staging_memory_;
    std::uint32_t codec_threads_ = 0;
    std::unique_ptr<jobs::p2p_planner> planner_;
    jobs::device_rules devices_;
    std::shared_ptr<const jobs::root_set> roots_;  // nullptr: everywhere
    std::shared_ptr<const identities> identities_;
    std::unique_ptr<accelerator_keeper> keeper_;
    std::vector<accelerator_view> accelerators_;  // as last seen; control's
    std::future<void> freshness_;                 // ends with the manager
    std::future<void> keeping_;                   // so does this
    std::unique_ptr<job_runner> runner_;
    std::unique_ptr<job_manager> manager_;
    std::unique_ptr<transformer> transformer_;
    connection_bound connections_;  // control's
    std::unique_ptr<listeners> listeners_;
    std::unique_ptr<metrics_server> metrics_server_;

    change hurry_;  // control's
    bool hurried_ = false;
    bool stopped_ = false;  // the caller's
};

}  // namespace peerpress::server
