// Accepts sessions and serves each on a thread of its own, so that a file system which hangs one
// job's opener hangs no other's.
#pragma once

#include "io/unique_fd.hpp"
#include "jobs/output_registry.hpp"
#include "jobs/root_set.hpp"

#include <condition_variable>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace peerpress::roles {

struct opener_server_options {
    std::string release;
    // See session_rules.
    bool own_rights = false;
    bool no_root = false;
    // Told what ended a session before its time, and who was turned away.
    std::function<void(const std::string&)> log = [](const std::string&) {};
};

class opener_server {
public:
    // `listening`: a Unix stream socket. Whoever connects to it must be this process's user.
    opener_server(io::unique_fd listening, opener_server_options options);
    opener_server(const opener_server&) = delete;
    opener_server& operator=(const opener_server&) = delete;
    ~opener_server();  // stop(), and waits until every session has ended

    // Serves until stop().
    void run();
    void stop();  // from any thread, and from a signal handler

private:
    struct live_session {
        io::unique_fd watched;  // a duplicate of its socket, to end it by
        bool ended = false;
        std::thread thread;
    };

    void accept_one();
    void serve(live_session& session, io::unique_fd connected);
    void end_sessions();
    void reap();
    std::shared_ptr<const jobs::root_set> open_roots(const std::vector<std::string>& paths);
    std::shared_ptr<void> claim_job(const std::string& tag);

    io::unique_fd listening_;
    io::unique_fd stop_event_;
    opener_server_options options_;
    std::shared_ptr<jobs::output_registry> outputs_ = jobs::make_output_registry();
    std::mutex mutex_;
    std::condition_variable job_ended_;
    std::map<std::vector<std::string>, std::shared_ptr<const jobs::root_set>> roots_;
    std::set<std::string> jobs_;  // that have a session
    std::list<live_session> sessions_;
};

}  // namespace peerpress::roles
