#include "server/daemon.hpp"

#include "accel/software/software_engine.hpp"
#include "roles/remote_opener.hpp"
#include "server/audit.hpp"
#include "server/endpoint.hpp"
#include "server/free_memory.hpp"
#include "server/grpc_log.hpp"
#include "server/local_callers.hpp"
#include "server/peer_to_peer.hpp"
#include "server/refusal.hpp"
#include "server/remote_callers.hpp"
#include "server/tls.hpp"
#include "server/unix_socket.hpp"
#include "server/version.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <future>

namespace peerpress::server {

namespace {

using namespace std::chrono_literals;

constexpr auto metrics_interval = 500ms;
constexpr auto accelerators_interval = 1s;
// Watchers and streams have been told to end; what does not listen is cancelled.
constexpr auto calls_grace = 2s;
// Connections are told goodbye, and close once the client has answered that. One that is not
// looking (a blocking client between two calls) answers seconds later, so it is not waited for.
constexpr auto connections_grace = 250ms;

const std::vector<std::string> stream_services{"peerpress.v1.TransformService",
                                               "peerpress.v1.ServerService"};
const std::vector<std::string> all_services{
    "peerpress.v1.JobService", "peerpress.v1.TransformService", "peerpress.v1.ServerService"};

pipeline::engine_factory engine_factory_of(const config& c) {
    const auto threads = static_cast<std::uint32_t>(c.codec.threads);
    return [threads](asio::any_io_executor executor) {
        return accel::software::make_engine(std::move(executor), {.threads = threads});
    };
}

// So many flows are promised a slot each.
std::unique_ptr<pipeline::lane> make_lane(const config& c, std::uint64_t slots, std::uint64_t flows,
                                          bool commands) {
    pipeline::lane_options options;
    options.ring.commands = commands;
    options.staging.slots = static_cast<std::uint32_t>(slots);
    options.staging.flows_promised = static_cast<std::uint32_t>(flows);
    options.staging.input_bytes = static_cast<std::uint32_t>(c.staging.chunk_bytes);
    try {
        return std::make_unique<pipeline::lane>(engine_factory_of(c), options);
    } catch (const system_error& e) {
        throw refusal(
            jobs::reason::internal,
            fmt::format("no lane with {} slots of {} bytes can be had: {} (staging.slots, "
                        "staging.chunk_bytes, transform.slots; kernel.io_uring_disabled)",
                        slots, c.staging.chunk_bytes, e.what()));
    }
}

spec_limits limits_of(const config& c, bool accelerators) {
    return {.level = static_cast<std::int32_t>(c.jobs.level),
            .output_bytes_max = c.jobs.output_bytes_max,
            .member_bytes_max = static_cast<std::uint32_t>(c.staging.chunk_bytes),
            .accelerators = accelerators};
}

manager_options manager_options_of(const config& c, bool accelerators) {
    return {.running_max = c.jobs.running_max,
            .queued_max = c.jobs.queued_max,
            .keep_days = c.jobs.keep_days,
            .keep_max = c.jobs.keep_max,
            .limits = limits_of(c, accelerators),
            .quotas = c.quotas};
}

transform_options transform_options_of(const config& c) {
    return {.running_max = c.transform.running_max,
            .idle_max = std::chrono::seconds(c.transform.idle_seconds),
            .limits = limits_of(c, false)};
}

awaitable<std::string> memory_kind(pipeline::lane& lane) {
    co_return lane.staging().memory_kind();
}
awaitable<std::uint32_t> parallelism(pipeline::lane& lane) {
    co_return lane.engine().parallelism();
}
awaitable<> nothing() {
    co_return;
}

std::shared_ptr<const jobs::root_set> open_roots(const config& c) {
    if (c.security.roots.empty()) return nullptr;
    if (!c.roles.opener.empty())
        return std::make_shared<const jobs::root_set>(c.security.roots,
                                                      jobs::root_set::opened_elsewhere());
    try {
        return std::make_shared<const jobs::root_set>(c.security.roots);
    } catch (const system_error& e) {
        throw refusal(jobs::reason::invalid_argument, fmt::format("security.roots: {}", e.what()));
    }
}

std::function<std::unique_ptr<jobs::opener>(jobs::opener_options)> opener_of(const config& c) {
    if (c.roles.opener.empty()) return {};
    return [where = roles::remote_opener_options{.socket = c.roles.opener,
                                                 .release = version,
                                                 .connect_max = std::chrono::milliseconds(
                                                     c.roles.opener_wait_ms)}](
               jobs::opener_options options) {
        return roles::make_remote_opener(where, std::move(options));
    };
}

acting_rules acting_rules_of(const config& c, std::shared_ptr<const jobs::root_set> roots,
                             std::shared_ptr<const identities> remote) {
    return {.rights_of =
                [roots = std::move(roots), remote = std::move(remote)](const job_owner& owner) {
                    jobs::rights found = rights_of_local(owner);
                    found.roots = owner.identity.empty() ? roots : remote->of(owner).roots;
                    return found;
                },
            .out_of_bounds = {std::filesystem::canonical(c.state.directory).string()},
            .on_access =
                [all = c.security.audit == "all"](const job_owner& owner, const std::string& job,
                                                  const jobs::access& seen) {
                    const bool granted = !seen.error;
                    if (granted ? !all : !is_refusal(seen.error.reason)) return;
                    audit({.who = owner.name(),
                           .what = jobs::access_name(seen.kind),
                           .job = job,
                           .root = seen.root,
                           .path = seen.path,
                           .device = seen.device,
                           .inode = seen.inode,
                           .error = seen.error});
                },
            .make_opener = opener_of(c)};
}

// Whoever takes an accelerator away slows everybody's jobs down.
void permit(const callers& callers, const grpc::CallbackServerContext& from, const char* method) {
    const caller who = callers.of(from);
    decision made{.who = who.name(), .pid = who.pid, .what = method};
    if (!who.administrator)
        made.error = {jobs::reason::permission_denied,
                      "an administrator's: root and the group in security.administrators"};
    audit(made);
    if (made.error) throw refusal(made.error);
}

// What `work` gives on `executor`, for a thread that may wait.
template <class T>
T run_on(asio::any_io_executor executor, awaitable<T> work) {
    return asio::co_spawn(std::move(executor), std::move(work), asio::use_future).get();
}

}  // namespace

// The io_context of everything that is not bytes, and its thread.
struct daemon::control {
    asio::io_context context{1};
    asio::executor_work_guard<asio::io_context::executor_type> work =
        asio::make_work_guard(context);
    std::thread thread{[this] { context.run(); }};

    ~control() {
        work.reset();
        context.stop();
        thread.join();
    }
};

struct daemon::listeners {
    std::vector<std::unique_ptr<server::callers>> callers;
    std::vector<std::unique_ptr<grpc::Service>> services;
    std::unique_ptr<unix_listener> socket;
    std::vector<std::unique_ptr<grpc_server>> servers;
};

daemon::daemon(const config& config, const daemon_seams& seams)
    : config_(config),
      lock_(config.state.directory),
      control_(std::make_unique<control>()),
      metrics_(version),
      store_(std::make_unique<job_store>(config.state.directory)),
      connections_(config.quotas.connections_max),
      listeners_(std::make_unique<listeners>()) {
    if (!store_->notice().empty()) spdlog::error("{}", store_->notice());
    // A job that starts beside a large one finds a slot; the large one does without half of them.
    const std::uint64_t jobs_promised = std::min(config.jobs.running_max, config.staging.slots / 2);
    jobs_lane_ = make_lane(config, config.staging.slots, jobs_promised, config.noload.enabled);
    streams_lane_ = make_lane(config, config.transform.slots, config.transform.running_max, false);
    staging_memory_ = run_on(jobs_lane_->executor(), memory_kind(*jobs_lane_));
    codec_threads_ = run_on(jobs_lane_->executor(), parallelism(*jobs_lane_));
    jobs_sampler_ = std::make_unique<lane_sampler>(*jobs_lane_);
    streams_sampler_ = std::make_unique<lane_sampler>(*streams_lane_);

    const asio::any_io_executor executor = control_->context.get_executor();
    roots_ = open_roots(config);
    identities_ = std::make_shared<const identities>(config, roots_);
    planner_ = std::make_unique<jobs::p2p_planner>(jobs_lane_->executor(), p2p_options_of(config));
    keeper_ = std::make_unique<accelerator_keeper>(jobs_lane_->executor(), *planner_,
                                                   this_machine(config, *jobs_lane_));
    keeper_->open();
    accelerators_ = run_on(executor, keeper_->view());
    const bool private_socket = seams.listening_fd ? is_private_socket(*seams.listening_fd)
                                                   : (config.listen.unix_mode & 0077) == 0;
    devices_ = device_rules_of(config, private_socket);
    if (const std::string warning = p2p_warning(config, private_socket); !warning.empty())
        spdlog::warn("{}", warning);
    runner_ = seams.make_runner ? seams.make_runner(*jobs_lane_)
                                : std::make_unique<lane_job_runner>(
                                      *jobs_lane_, planner_.get(), devices_,
                                      static_cast<std::uint32_t>(config.noload.sample_every),
                                      acting_rules_of(config, roots_, identities_));
    manager_ = std::make_unique<job_manager>(executor, *store_, *runner_, metrics_, throughput_,
                                             manager_options_of(config, planner_->has_devices()));
    transformer::listener listener;
    listener.began = [this, executor](jobs::operation operation, const auto& progress) {
        asio::post(executor, [this, operation, progress] {
            stream_meters_.emplace(progress.get(), std::make_unique<throughput::meter>(
                                                       throughput_, operation, *progress));
        });
    };
    listener.ended = [this, executor](const auto& progress, bool succeeded) {
        metrics_.stream_ended(succeeded);
        asio::post(executor, [this, progress] { stream_meters_.erase(progress.get()); });
    };
    transformer_ = std::make_unique<transformer>(*streams_lane_, transform_options_of(config),
                                                 calls_, std::move(listener));

    listen(config, seams);
    run_on(executor, manager_->resume());
    freshness_ = asio::co_spawn(executor, keep_metrics_fresh(), asio::use_future);
    keeping_ = asio::co_spawn(executor, keep_accelerators(), asio::use_future);
    if (listeners_->socket) listeners_->socket->start();
    set_serving(true);
}

daemon::~daemon() {
    stop(0s);
}

void daemon::listen(const config& config, const daemon_seams& seams) {
    static std::once_flag once;
    std::call_once(once, [] {
        enable_health_and_reflection();
        route_grpc_log();
    });
    if (seams.listening_fd || !config.listen.unix_path.empty())
        listen_unix(config, seams.listening_fd);
    if (!config.listen.tcp.empty()) listen_tcp(config);
    if (!config.listen.tls.empty()) listen_tls(config);
    if (!config.metrics.listen.empty()) {
        metrics_server_ =
            std::make_unique<metrics_server>(*parse_endpoint(config.metrics.listen),
                                             [this] { return to_text(metrics_.families()); });
        metrics_address_ = metrics_server_->address();
    }
}

void daemon::listen_unix(const config& config, std::optional<int> listening_fd) {
    const int fd = listening_fd
                       ? *listening_fd
                       : server::listen_unix(config.listen.unix_path,
                                             static_cast<unsigned>(config.listen.unix_mode));
    const asio::any_io_executor executor = control_->context.get_executor();
    grpc::ServerBuilder builder;
    set_limits(builder, static_cast<int>(config.listen.streams_max));
    listeners_->callers.push_back(
        std::make_unique<local_callers>(local_caller_rules_of(config, roots_)));
    add_services(builder, *listeners_->callers.back());
    listeners_->servers.push_back(
        std::make_unique<grpc_server>(builder, config.listen.unix_path, all_services));
    grpc_server& server = *listeners_->servers.back();
    listeners_->socket =
        std::make_unique<unix_listener>(executor, fd, listening_fd ? "" : config.listen.unix_path,
                                        [this, &server](int fd) { take_connection(server, fd); });
    addresses_.push_back(listening_fd ? "the socket systemd passed"
                                      : "unix:" + config.listen.unix_path);
}

void daemon::take_connection(grpc_server& server, int fd) {
    if (connections_.admits(fd)) return server.serve(fd);
    metrics_.quota_refused("connections_max");
    ::close(fd);
}

void daemon::listen_tls(const config& config) {
    const endpoint at = *parse_any_address(config.listen.tls);
    grpc::ServerBuilder builder;
    set_limits(builder, static_cast<int>(config.listen.streams_max));
    set_connection_age(builder, std::chrono::seconds(config.tls.connection_seconds));
    int port = 0;
    builder.AddListeningPort(at.text(), tls_credentials(config, identities_), &port);
    listeners_->callers.push_back(std::make_unique<remote_callers>(identities_));
    add_services(builder, *listeners_->callers.back());
    listeners_->servers.push_back(std::make_unique<grpc_server>(builder, at.text(), all_services));
    addresses_.push_back("tls:" + endpoint{.unix_path = {},
                                           .address = at.address,
                                           .port = static_cast<std::uint16_t>(port)}
                                      .text());
}

void daemon::add_services(grpc::ServerBuilder& builder, const callers& callers) {
    auto& services = listeners_->services;
    services.push_back(std::make_unique<job_service>(control_->context.get_executor(), *manager_,
                                                     calls_, callers));
    builder.RegisterService(services.back().get());
    services.push_back(std::make_unique<transform_service>(*transformer_));
    builder.RegisterService(services.back().get());
    services.push_back(make_server_service(
        {.check = [&callers](const grpc::CallbackServerContext& from,
                             const char* method) { permit(callers, from, method); },
         .set_drained = [this](std::string name,
                               bool drained) { return set_drained(name, drained); }}));
    builder.RegisterService(services.back().get());
}

void daemon::listen_tcp(const config& config) {
    const endpoint at = *parse_endpoint(config.listen.tcp);
    grpc::ServerBuilder builder;
    set_limits(builder, static_cast<int>(config.listen.streams_max));
    int port = 0;
    builder.AddListeningPort(at.text(), grpc::InsecureServerCredentials(), &port);

    // No JobService: any local user can connect here.
    auto& services = listeners_->services;
    services.push_back(std::make_unique<transform_service>(*transformer_));
    builder.RegisterService(services.back().get());
    services.push_back(
        make_server_service({.check = [](const grpc::CallbackServerContext&, const char*) {
            throw refusal(jobs::reason::permission_denied, "over TCP the server takes no orders");
        }}));
    builder.RegisterService(services.back().get());
    listeners_->servers.push_back(
        std::make_unique<grpc_server>(builder, at.text(), stream_services));
    addresses_.push_back(
        endpoint{.unix_path = {}, .address = at.address, .port = static_cast<std::uint16_t>(port)}
            .text());
}

std::unique_ptr<grpc::Service> daemon::make_server_service(server_service::administration rules) {
    server_service::sources sources;
    sources.info = [this] { return info(); };
    sources.numbers = [this] {
        refresh_metrics();
        return flatten(metrics_.families());
    };
    return std::make_unique<server_service>(control_->context.get_executor(), *manager_, calls_,
                                            std::move(sources), std::move(rules));
}

void daemon::set_serving(bool serving) {
    for (const auto& server : listeners_->servers) server->set_serving(serving);
}

v1::ServerInfo daemon::info() {
    v1::ServerInfo info;
    info.set_version(version);
    for (int format = v1::FORMAT_GZIP; format <= v1::FORMAT_PLAIN; ++format) {
        info.add_formats(static_cast<v1::Format>(format));
    }
    info.add_engines("software");
    if (planner_->has_devices()) info.add_engines("noload");
    for (const accelerator_view& view : accelerators_) *info.add_accelerators() = to_proto(view);
    info.set_staging_slots(static_cast<std::int32_t>(config_.staging.slots));
    info.set_staging_bytes(
        static_cast<std::int64_t>(2 * config_.staging.slots * config_.staging.chunk_bytes));
    info.set_staging_memory(staging_memory_);
    info.set_chunk_bytes_max(static_cast<std::int64_t>(config_.staging.chunk_bytes));
    info.set_codec_threads(static_cast<std::int32_t>(codec_threads_));
    info.set_jobs_running_max(static_cast<std::int32_t>(config_.jobs.running_max));
    info.set_draining(manager_->draining());
    info.set_level_default(static_cast<std::int32_t>(config_.jobs.level));
    info.set_output_bytes_max(static_cast<std::int64_t>(config_.jobs.output_bytes_max));
    info.set_transforms_running_max(static_cast<std::int32_t>(config_.transform.running_max));
    *info.mutable_start_time() = to_timestamp(start_time_);
    *info.mutable_peer_to_peer() = describe_p2p(config_, devices_, *planner_);
    return info;
}

void daemon::refresh_metrics() {
    metrics_sample sample{.jobs_queued = manager_->queued(),
                          .jobs_running = manager_->running(),
                          .streams_running = transformer_->running(),
                          .draining = manager_->draining(),
                          .bytes = {},
                          .jobs_lane = jobs_sampler_->numbers(),
                          .streams_lane = streams_sampler_->numbers(),
                          .store_transactions = store_->transactions(),
                          .store_requests = store_->requests(),
                          .store_waiting = store_->waiting(),
                          .accelerators = accelerators_};
    for (const auto operation : {jobs::operation::compress, jobs::operation::decompress,
                                 jobs::operation::test, jobs::operation::copy}) {
        sample.bytes[operation] = throughput_.total(operation);
    }
    metrics_.set(sample);
}

awaitable<> daemon::keep_metrics_fresh() {
    change::listener closing(manager_->close_change(), control_->context.get_executor());
    while (!manager_->closing()) {
        if (planner_->has_devices()) accelerators_ = co_await keeper_->view();
        refresh_metrics();
        give_back_free_memory();
        co_await closing.wait(metrics_interval);
    }
}

awaitable<> daemon::keep_accelerators() {
    change::listener closing(manager_->close_change(), control_->context.get_executor());
    while (!manager_->closing() && planner_->has_devices()) {
        co_await keeper_->look();
        co_await closing.wait(accelerators_interval);
    }
}

awaitable<v1::Accelerator> daemon::set_drained(std::string name, bool drained) {
    auto work = drained ? keeper_->drain(std::move(name)) : keeper_->give_back(std::move(name));
    const accelerator_view now = co_await std::move(work);
    accelerators_ = co_await keeper_->view();
    refresh_metrics();
    co_return to_proto(now);
}

awaitable<> daemon::wait_for_runs(std::chrono::milliseconds drain_max) {
    manager_->drain();
    transformer_->drain();
    refresh_metrics();
    change::listener hurried(hurry_, control_->context.get_executor());
    const auto deadline = std::chrono::steady_clock::now() + drain_max;
    const auto busy = [this] { return manager_->running() + transformer_->running() > 0; };
    while (busy() && !hurried_ && std::chrono::steady_clock::now() < deadline) {
        const auto left = deadline - std::chrono::steady_clock::now();
        co_await hurried.wait(std::clamp<std::chrono::steady_clock::duration>(left, 0ms, 50ms));
    }
    transformer_->stop_running();
    manager_->stop_running();
    co_await manager_->wait_until_idle();
    manager_->close();
}

void daemon::hurry() {
    asio::post(control_->context, [this] {
        hurried_ = true;
        hurry_.notify();
    });
}

void daemon::stop(std::chrono::milliseconds drain_max) {
    if (std::exchange(stopped_, true)) return;
    set_serving(false);
    run_on(asio::any_io_executor(control_->context.get_executor()), wait_for_runs(drain_max));
    if (listeners_->socket) listeners_->socket->stop();
    calls_.wait_for_none(calls_grace);
    for (const auto& server : listeners_->servers) server->shut_down(connections_grace);
    metrics_server_.reset();
    // Coroutines that were on their way when the last call ended get to their ends.
    run_on(asio::any_io_executor(streams_lane_->executor()), nothing());
    run_on(asio::any_io_executor(control_->context.get_executor()), nothing());
    listeners_.reset();
    if (freshness_.valid()) freshness_.wait();
    if (keeping_.valid()) keeping_.wait();
    jobs_sampler_.reset();
    streams_sampler_.reset();
    keeper_.reset();
    planner_.reset();
    jobs_lane_.reset();
    streams_lane_.reset();
    store_.reset();
    control_.reset();
}

bool daemon::alive(std::chrono::milliseconds within) {
    const auto deadline = std::chrono::steady_clock::now() + within;
    for (const asio::any_io_executor& executor :
         {asio::any_io_executor(control_->context.get_executor()), jobs_lane_->executor(),
          streams_lane_->executor()}) {
        auto answered = asio::co_spawn(executor, nothing(), asio::use_future);
        if (answered.wait_until(deadline) != std::future_status::ready) return false;
    }
    return true;
}

}  // namespace peerpress::server
