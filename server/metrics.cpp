#include "server/metrics.hpp"

#include "server/process_numbers.hpp"

#include <fmt/format.h>
#include <prometheus/text_serializer.h>

#include <array>
#include <cmath>

namespace peerpress::server {

namespace {

using jobs::job_state;
using jobs::operation;

// What callers can have too much of (server/quotas, server/daemon).
constexpr std::array quota_names{"queued_max", "submits_per_second", "watches_max",
                                 "connections_max", "output_bytes_per_day"};

constexpr std::array ended_states{job_state::succeeded, job_state::partial, job_state::failed,
                                  job_state::cancelled};
constexpr std::array operations{operation::compress, operation::decompress, operation::test,
                                operation::copy};

// From a small file to an archive of terabytes.
const prometheus::Histogram::BucketBoundaries job_seconds_buckets{0.01, 0.1, 1,    10,
                                                                  60,   600, 3600, 36000};

std::string lower_case(std::string_view name) {
    std::string lower(name);
    for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return lower;
}

// Brings a counter to what its source has counted.
void advance(prometheus::Counter& counter, double to) {
    if (to > counter.Value()) counter.Increment(to - counter.Value());
}

}  // namespace

prometheus::Counter& metrics::add_counter(const std::string& name, const std::string& help,
                                          const labels& labels) {
    return prometheus::BuildCounter().Name(name).Help(help).Register(registry_).Add(labels);
}

prometheus::Gauge& metrics::add_gauge(const std::string& name, const std::string& help,
                                      const labels& labels) {
    return prometheus::BuildGauge().Name(name).Help(help).Register(registry_).Add(labels);
}

metrics::operation_metrics metrics::add_operation(operation operation) {
    // Their ways are told apart by peerpress_path_bytes_total, once files are done.
    const labels where{{"operation", std::string(jobs::operation_name(operation))},
                       {"path", "any"}};
    return {
        add_counter("peerpress_bytes_in_total", "Bytes read from sources and streams.", where),
        add_counter("peerpress_bytes_out_total", "Bytes written to targets and streams.", where)};
}

metrics::lane_metrics metrics::add_lane(const std::string& name) {
    const auto slots = [&](const char* state) -> gauge& {
        return add_gauge("peerpress_staging_slots", "Staging slots by what they are doing.",
                         {{"lane", name}, {"state", state}});
    };
    return {slots("free"), slots("leased"),
            add_gauge("peerpress_uring_in_flight", "I/O operations the kernel holds.",
                      {{"lane", name}})};
}

metrics::metrics(const std::string& version)
    : registry_(prometheus::Registry::InsertBehavior::Merge),
      jobs_queued_(add_gauge("peerpress_jobs", "Jobs that have not ended.", {{"state", "queued"}})),
      jobs_running_(
          add_gauge("peerpress_jobs", "Jobs that have not ended.", {{"state", "running"}})),
      job_seconds_(prometheus::BuildHistogram()
                       .Name("peerpress_job_seconds")
                       .Help("Time from a job's first start to its end.")
                       .Register(registry_)
                       .Add({}, job_seconds_buckets)),
      files_done_(add_counter("peerpress_files_total", "Files of jobs that came to an end.",
                              {{"result", "done"}})),
      files_failed_(add_counter("peerpress_files_total", "Files of jobs that came to an end.",
                                {{"result", "failed"}})),
      files_skipped_(add_counter("peerpress_files_total", "Files of jobs that came to an end.",
                                 {{"result", "skipped"}})),
      path_bytes_(prometheus::BuildCounter()
                      .Name("peerpress_path_bytes_total")
                      .Help("Bytes of files that are done, by the way they went.")
                      .Register(registry_)),
      accelerator_serving_(prometheus::BuildGauge()
                               .Name("peerpress_accelerator_serving")
                               .Help("1 while an accelerator takes work.")
                               .Register(registry_)),
      accelerator_drained_(prometheus::BuildGauge()
                               .Name("peerpress_accelerator_drained")
                               .Help("1 while an administrator has drained an accelerator.")
                               .Register(registry_)),
      accelerator_quarantines_(prometheus::BuildCounter()
                                   .Name("peerpress_accelerator_quarantines_total")
                                   .Help("Times an accelerator erred and was left alone.")
                                   .Register(registry_)),
      core_bytes_(prometheus::BuildCounter()
                      .Name("peerpress_accelerator_bytes_total")
                      .Help("Bytes of input of an accelerator's cores.")
                      .Register(registry_)),
      core_commands_(prometheus::BuildCounter()
                         .Name("peerpress_accelerator_commands_total")
                         .Help("Commands sent to an accelerator's cores.")
                         .Register(registry_)),
      core_failures_(prometheus::BuildCounter()
                         .Name("peerpress_accelerator_failures_total")
                         .Help("Commands of an accelerator's cores that failed.")
                         .Register(registry_)),
      streams_running_(add_gauge("peerpress_streams", "Transform streams under way.")),
      streams_succeeded_(add_counter("peerpress_streams_ended_total",
                                     "Transform streams that ended.", {{"result", "succeeded"}})),
      streams_failed_(add_counter("peerpress_streams_ended_total", "Transform streams that ended.",
                                  {{"result", "failed"}})),
      jobs_lane_(add_lane("jobs")),
      streams_lane_(add_lane("streams")),
      store_transactions_(add_counter("peerpress_store_transactions_total",
                                      "Transactions of the job store, each one fsync at most.")),
      store_requests_(add_counter("peerpress_store_requests_total", "Requests that shared them.")),
      store_waiting_(add_gauge("peerpress_store_waiting", "Requests waiting for the job store.")),
      draining_(add_gauge("peerpress_draining", "1 while the server shuts down.")),
      quota_refusals_(prometheus::BuildCounter()
                          .Name("peerpress_quota_refusals_total")
                          .Help("What was refused because its caller has their share.")
                          .Register(registry_)),
      resident_bytes_(add_gauge("process_resident_memory_bytes", "Resident memory.")),
      cpu_seconds_(add_counter("process_cpu_seconds_total", "CPU time of user and kernel.")),
      open_fds_(add_gauge("process_open_fds", "Open file descriptors.")) {
    for (const job_state state : ended_states) {
        jobs_ended_.emplace(state,
                            add_counter("peerpress_jobs_ended_total", "Jobs that ended.",
                                        {{"state", lower_case(jobs::job_state_name(state))}}));
    }
    for (const operation operation : operations)
        bytes_.emplace(operation, add_operation(operation));
    // There from the start, as the others are; a way through a device comes with its first bytes.
    path_bytes_.Add({{"path", "cpu"}, {"device", "software"}});
    for (const char* quota : quota_names) quota_refusals_.Add({{"quota", quota}});
    add_gauge("peerpress_build_info", "Always 1.", {{"version", version}}).Set(1);
    add_gauge("process_start_time_seconds", "When the server was started, in seconds since 1970.")
        .Set(process_start_seconds());
}

void metrics::files_ended(std::int64_t done, std::int64_t failed, std::int64_t skipped) {
    files_done_.Increment(static_cast<double>(done));
    files_failed_.Increment(static_cast<double>(failed));
    files_skipped_.Increment(static_cast<double>(skipped));
}

void metrics::bytes_went(const std::vector<jobs::path_bytes>& paths) {
    for (const auto& part : paths)
        path_bytes_
            .Add({{"path", std::string(jobs::data_path_name(part.path))}, {"device", part.device}})
            .Increment(static_cast<double>(part.bytes));
}

void metrics::job_ended(job_state state, std::int64_t run_micros) {
    jobs_ended_.at(state).Increment();
    job_seconds_.Observe(static_cast<double>(run_micros) * 1e-6);
}

void metrics::quota_refused(const std::string& quota) {
    quota_refusals_.Add({{"quota", quota}}).Increment();
}

void metrics::stream_ended(bool succeeded) {
    (succeeded ? streams_succeeded_ : streams_failed_).Increment();
}

void metrics::set(lane_metrics& lane, const lane_numbers& numbers) {
    lane.slots_free.Set(numbers.slots_free);
    lane.slots_leased.Set(numbers.slots - numbers.slots_free);
    lane.uring_in_flight.Set(numbers.uring_in_flight);
}

void metrics::set(const metrics_sample& sample) {
    jobs_queued_.Set(static_cast<double>(sample.jobs_queued));
    jobs_running_.Set(static_cast<double>(sample.jobs_running));
    streams_running_.Set(static_cast<double>(sample.streams_running));
    draining_.Set(sample.draining ? 1 : 0);
    for (const auto& [operation, bytes] : sample.bytes) {
        advance(bytes_.at(operation).in, static_cast<double>(bytes.in));
        advance(bytes_.at(operation).out, static_cast<double>(bytes.out));
    }
    set(jobs_lane_, sample.jobs_lane);
    set(streams_lane_, sample.streams_lane);
    advance(store_transactions_, static_cast<double>(sample.store_transactions));
    advance(store_requests_, static_cast<double>(sample.store_requests));
    store_waiting_.Set(static_cast<double>(sample.store_waiting));
    for (const accelerator_view& accelerator : sample.accelerators) set(accelerator);
    set_process();
}

void metrics::set(const accelerator_view& accelerator) {
    const labels device{{"serial", accelerator.identity.serial},
                        {"address", accelerator.identity.address}};
    const accel::device_state& state = accelerator.state;
    accelerator_serving_.Add(device).Set(state.health == accel::device_health::serving ? 1 : 0);
    accelerator_drained_.Add(device).Set(state.health == accel::device_health::drained ? 1 : 0);
    advance(accelerator_quarantines_.Add(device), static_cast<double>(state.quarantines));
    for (const accel::core_state& core : state.cores) {
        labels where = device;
        where["core"] = std::to_string(core.namespace_id);
        where["kind"] = core_kind_name(core.kind);
        advance(core_bytes_.Add(where), static_cast<double>(core.bytes));
        advance(core_commands_.Add(where), static_cast<double>(core.commands));
        advance(core_failures_.Add(where), static_cast<double>(core.failures));
    }
}

void metrics::set_process() {
    const process_numbers now = read_process_numbers();
    resident_bytes_.Set(static_cast<double>(now.resident_bytes));
    advance(cpu_seconds_, now.cpu_seconds);
    open_fds_.Set(static_cast<double>(now.open_fds));
}

std::vector<prometheus::MetricFamily> metrics::families() {
    return registry_.Collect();
}

std::string to_text(const std::vector<prometheus::MetricFamily>& families) {
    return prometheus::TextSerializer().Serialize(families);
}

namespace {

void flatten(const std::string& name, const prometheus::ClientMetric& metric,
             prometheus::MetricType type, std::vector<metric_value>& values) {
    std::map<std::string, std::string> labels;
    for (const auto& label : metric.label) labels[label.name] = label.value;
    if (type == prometheus::MetricType::Counter) {
        values.push_back({name, labels, metric.counter.value});
    } else if (type == prometheus::MetricType::Gauge) {
        values.push_back({name, labels, metric.gauge.value});
    } else if (type == prometheus::MetricType::Histogram) {
        for (const auto& bucket : metric.histogram.bucket) {
            auto with_bound = labels;
            with_bound["le"] =
                std::isinf(bucket.upper_bound) ? "+Inf" : fmt::format("{}", bucket.upper_bound);
            values.push_back(
                {name + "_bucket", with_bound, static_cast<double>(bucket.cumulative_count)});
        }
        values.push_back({name + "_sum", labels, metric.histogram.sample_sum});
        values.push_back(
            {name + "_count", labels, static_cast<double>(metric.histogram.sample_count)});
    }
}

}  // namespace

std::vector<metric_value> flatten(const std::vector<prometheus::MetricFamily>& families) {
    std::vector<metric_value> values;
    for (const auto& family : families) {
        for (const auto& metric : family.metric) flatten(family.name, metric, family.type, values);
    }
    return values;
}

}  // namespace peerpress::server
