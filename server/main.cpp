// peerpressd: reads its configuration, serves until a signal ends it.
#include "server/command_line.hpp"
#include "server/config_file.hpp"
#include "server/daemon.hpp"
#include "server/logging.hpp"
#include "server/peer_to_peer.hpp"
#include "server/printable.hpp"
#include "server/service_manager.hpp"
#include "server/version.hpp"

#include <fmt/format.h>
#include <malloc.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <csignal>
#include <future>
#include <iostream>

namespace peerpress::server {
namespace {

// Waits for signals on the main thread; the daemon has threads of its own.
class signal_loop {
public:
    signal_loop(daemon& daemon, std::chrono::seconds drain_max)
        : daemon_(daemon),
          drain_max_(drain_max),
          signals_(context_, SIGTERM, SIGINT, SIGHUP),
          watchdog_(context_) {
        wait_for_signal();
        if (const auto interval = watchdog_interval()) keep_watchdog_quiet(*interval / 2);
    }

    void run() {
        context_.run();
        if (stopped_.valid()) stopped_.get();
    }

private:
    void wait_for_signal() {
        signals_.async_wait([this](error_code ec, int signal) {
            if (ec) return;
            if (signal == SIGHUP) {
                spdlog::info("SIGHUP: nothing is read again while the daemon runs; restart it");
            } else {
                end();
            }
            wait_for_signal();
        });
    }

    void end() {
        if (stopped_.valid()) {
            spdlog::warn("a second signal: running jobs are stopped and queued again");
            return daemon_.hurry();
        }
        spdlog::info("shutting down: running jobs have {} s to end", drain_max_.count());
        notify_stopping();
        // Not on this thread, which has to hear a second signal.
        stopped_ = std::async(std::launch::async, [this] {
            daemon_.stop(drain_max_);
            context_.stop();
        });
    }

    void keep_watchdog_quiet(std::chrono::microseconds interval) {
        watchdog_.expires_after(interval);
        watchdog_.async_wait([this, interval](error_code ec) {
            // A shutdown takes as long as its jobs do; systemd has TimeoutStopSec= for that.
            if (ec) return;
            const bool well =
                stopped_.valid() ||
                daemon_.alive(std::chrono::duration_cast<std::chrono::milliseconds>(interval / 2));
            if (well) notify_watchdog();
            keep_watchdog_quiet(interval);
        });
    }

    daemon& daemon_;
    std::chrono::seconds drain_max_;
    asio::io_context context_{1};
    asio::signal_set signals_;
    asio::steady_timer watchdog_;
    std::future<void> stopped_;
};

// gRPC allocates each message of a stream, 1 MiB, on whatever thread it comes in. By default glibc
// maps such memory anew each time, or gives it back at once, and clearing its pages is a sixth of
// what a stream costs the server. Two heaps, which keep a little, serve all threads.
void keep_freed_memory() {
    ::mallopt(M_ARENA_MAX, 2);
    ::mallopt(M_MMAP_THRESHOLD, 8 << 20);
    ::mallopt(M_TRIM_THRESHOLD, 16 << 20);
}

void serve(const config& c) {
    keep_freed_memory();
    // A client that goes away while it is written to is an error code, not the end.
    std::signal(SIGPIPE, SIG_IGN);
    set_up_logging(c.log.level);
    daemon_seams seams;
    seams.listening_fd = passed_socket();
    daemon daemon(c, seams);

    std::string where;
    for (const auto& address : daemon.addresses())
        where += (where.empty() ? "" : ", ") + printable(address);
    if (!daemon.metrics_address().empty())
        where += ", metrics on " + printable(daemon.metrics_address());
    spdlog::info("peerpressd {} serves on {}", version, where);
    notify_ready("Serving on " + where);
    signal_loop(daemon, std::chrono::seconds(c.jobs.drain_seconds)).run();
    spdlog::info("stopped");
}

int run(int argc, char** argv) {
    const auto call =
        parse_command_line(argc, argv, ::geteuid() == 0, process_environment(), std::cout);
    if (!call) return 0;
    switch (call->command) {
        case command::check_config:
            // A socket that systemd passes has a mode of its own; the daemon's log tells then.
            if (const std::string warning =
                    p2p_warning(call->config, (call->config.listen.unix_mode & 0077) == 0);
                !warning.empty())
                std::cerr << "peerpressd: warning: " << printable(warning) << '\n';
            return 0;
        case command::print_config:
            std::cout << print_config(call->config, call->defaults);
            return 0;
        case command::serve:
            serve(call->config);
            return 0;
    }
    return 1;
}

}  // namespace
}  // namespace peerpress::server

int main(int argc, char** argv) {
    try {
        return peerpress::server::run(argc, argv);
    } catch (const peerpress::server::config_error& e) {
        // A line per mistake, each of which names its place.
        std::cerr << "peerpressd: " << e.what() << '\n';
    } catch (const std::exception& e) {
        std::cerr << "peerpressd: " << peerpress::server::printable(e.what()) << '\n';
    }
    return 1;
}
