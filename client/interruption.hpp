// SIGINT, SIGTERM and SIGHUP as requests to stop.
//
// The first signal asks whatever runs to stop and clean up; the second asks a command that works
// through a server to leave its job there; a third ends the process where it stands. Signals that
// were ignored when the process started (nohup) stay ignored.
#pragma once

#include <atomic>
#include <stop_token>
#include <thread>

namespace peerpress::client {

class interruption {
public:
    // Construct before any other thread starts: threads inherit the blocked signals.
    interruption();
    interruption(const interruption&) = delete;
    ~interruption();

    std::stop_token cancelled() const { return cancelled_.get_token(); }
    std::stop_token detached() const { return detached_.get_token(); }

    // The first signal's number; 0: none came.
    int signal() const { return signal_; }

    // A stop that no signal asked for: nobody reads our output any more.
    void request_stop() { cancelled_.request_stop(); }

private:
    void watch();
    void take(int number);

    std::stop_source cancelled_;
    std::stop_source detached_;
    std::atomic<int> signal_{0};
    int count_ = 0;
    int signals_fd_ = -1;
    int end_fd_ = -1;
    std::thread watcher_;
};

// Ends the process by a signal's default action, as its parent expects to see it.
[[noreturn]] void die_by(int number);

}  // namespace peerpress::client
