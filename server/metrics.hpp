// The server's numbers, in the one place where they have names. docs/metrics.md lists them; the
// HTTP endpoint and WatchStats both send what families() returns.
//
// Safe from any thread. Nothing here asks the lanes or the store: what they have to say is sampled
// beforehand.
#pragma once

#include "jobs/job_spec.hpp"
#include "server/accelerators.hpp"
#include "server/throughput.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/metric_family.h>
#include <prometheus/registry.h>

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace peerpress::server {

struct lane_numbers {
    std::uint32_t slots = 0;
    std::uint32_t slots_free = 0;
    std::uint32_t uring_in_flight = 0;
};

// What is looked up at the moment of the question.
struct metrics_sample {
    std::size_t jobs_queued = 0;
    std::size_t jobs_running = 0;
    std::size_t streams_running = 0;
    bool draining = false;
    std::map<jobs::operation, throughput::bytes> bytes;
    lane_numbers jobs_lane;
    lane_numbers streams_lane;
    std::uint64_t store_transactions = 0;
    std::uint64_t store_requests = 0;
    std::size_t store_waiting = 0;
    std::vector<accelerator_view> accelerators;
};

class metrics {
public:
    explicit metrics(const std::string& version);

    void files_ended(std::int64_t done, std::int64_t failed, std::int64_t skipped);
    void bytes_went(const std::vector<jobs::path_bytes>& paths);  // of files that are done
    void job_ended(jobs::job_state state, std::int64_t run_micros);
    void stream_ended(bool succeeded);
    void quota_refused(const std::string& quota);

    void set(const metrics_sample& sample);
    std::vector<prometheus::MetricFamily> families();

private:
    using counter = prometheus::Counter;
    using gauge = prometheus::Gauge;
    using labels = std::map<std::string, std::string>;

    counter& add_counter(const std::string& name, const std::string& help,
                         const labels& labels = {});
    gauge& add_gauge(const std::string& name, const std::string& help, const labels& labels = {});

    struct operation_metrics {
        counter& in;
        counter& out;
    };
    struct lane_metrics {
        gauge& slots_free;
        gauge& slots_leased;
        gauge& uring_in_flight;
    };
    operation_metrics add_operation(jobs::operation operation);
    lane_metrics add_lane(const std::string& name);
    static void set(lane_metrics& lane, const lane_numbers& numbers);
    void set(const accelerator_view& accelerator);
    void set_process();

    prometheus::Registry registry_;
    gauge& jobs_queued_;
    gauge& jobs_running_;
    std::map<jobs::job_state, counter&> jobs_ended_;
    prometheus::Histogram& job_seconds_;
    counter& files_done_;
    counter& files_failed_;
    counter& files_skipped_;
    std::map<jobs::operation, operation_metrics> bytes_;
    prometheus::Family<counter>& path_bytes_;
    prometheus::Family<gauge>& accelerator_serving_;
    prometheus::Family<gauge>& accelerator_drained_;
    prometheus::Family<counter>& accelerator_quarantines_;
    prometheus::Family<counter>& core_bytes_;
    prometheus::Family<counter>& core_commands_;
    prometheus::Family<counter>& core_failures_;
    gauge& streams_running_;
    counter& streams_succeeded_;
    counter& streams_failed_;
    lane_metrics jobs_lane_;
    lane_metrics streams_lane_;
    counter& store_transactions_;
    counter& store_requests_;
    gauge& store_waiting_;
    gauge& draining_;
    prometheus::Family<counter>& quota_refusals_;
    gauge& resident_bytes_;
    counter& cpu_seconds_;
    gauge& open_fds_;
};

// "name value" per line, as Prometheus reads it.
std::string to_text(const std::vector<prometheus::MetricFamily>& families);

// One number of a family; a histogram has several (name_bucket with label le, name_sum,
// name_count), as in the text.
struct metric_value {
    std::string name;
    std::map<std::string, std::string> labels;
    double value = 0;
};
std::vector<metric_value> flatten(const std::vector<prometheus::MetricFamily>& families);

}  // namespace peerpress::server
