#include "roles/opener_server.hpp"

#include "roles/opener_session.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <system_error>

namespace peerpress::roles {
namespace {

using namespace std::chrono_literals;

// A front runs a few jobs; each takes five threads here.
constexpr std::size_t sessions_max = 256;
constexpr std::size_t root_sets_max = 256;  // one for each kind of caller
constexpr auto job_wait_max = 60s;
// Out of descriptors, or of threads: until something has ended.
constexpr auto accept_pause = 100ms;

bool is_ours(int connected) {
    ucred peer{};
    socklen_t bytes = sizeof peer;
    return ::getsockopt(connected, SOL_SOCKET, SO_PEERCRED, &peer, &bytes) == 0 &&
           peer.uid == ::geteuid();
}

}  // namespace

opener_server::opener_server(io::unique_fd listening, opener_server_options options)
    : listening_(std::move(listening)),
      stop_event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      options_(std::move(options)) {
    if (!stop_event_) throw system_error{errno, boost::system::system_category(), "eventfd"};
    ::fcntl(listening_.get(), F_SETFL, ::fcntl(listening_.get(), F_GETFL) | O_NONBLOCK);
}

opener_server::~opener_server() {
    stop();
    end_sessions();
}

void opener_server::stop() {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t told = ::write(stop_event_.get(), &one, sizeof one);
}

void opener_server::run() {
    for (;;) {
        std::array<pollfd, 2> waiting{pollfd{listening_.get(), POLLIN, 0},
                                      pollfd{stop_event_.get(), POLLIN, 0}};
        ::poll(waiting.data(), waiting.size(), -1);
        if (waiting[1].revents != 0) break;
        reap();
        if (waiting[0].revents != 0) accept_one();
    }
    end_sessions();
}

void opener_server::accept_one() {
    io::unique_fd connected(
        ::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!connected) {
        if (errno != EAGAIN && errno != EINTR) std::this_thread::sleep_for(accept_pause);
        return;
    }
    if (!is_ours(connected.get())) return options_.log("another user's connection was refused");
    const std::lock_guard lock(mutex_);
    if (sessions_.size() >= sessions_max)
        return options_.log("more sessions at once than are served");
    live_session& made = sessions_.emplace_back();
    made.watched = io::unique_fd(::fcntl(connected.get(), F_DUPFD_CLOEXEC, 0));
    auto socket = std::make_shared<io::unique_fd>(std::move(connected));
    try {
        made.thread = std::thread([this, &made, socket] { serve(made, std::move(*socket)); });
    } catch (const std::system_error& none) {
        sessions_.pop_back();
        options_.log(std::string("no thread can be had for a session: ") + none.what());
    }
}

void opener_server::serve(live_session& session, io::unique_fd connected) {
    const session_rules rules{
        .release = options_.release,
        .outputs = outputs_,
        .own_rights = options_.own_rights,
        .no_root = options_.no_root,
        .open_roots = [this](const auto& paths) { return open_roots(paths); },
        .claim_job = [this](const std::string& tag) { return claim_job(tag); }};
    std::string why;
    try {
        asio::io_context context{1};
        auto connection = std::make_shared<channel>(context.get_executor(), std::move(connected));
        auto ended =
            asio::co_spawn(context, serve_session(std::move(connection), rules), asio::use_future);
        context.run();
        why = ended.get();
    } catch (const std::exception& wrong) {
        why = wrong.what();
    }
    if (!why.empty()) options_.log("a session ended before its time: " + why);
    const std::lock_guard lock(mutex_);
    // Else the other end would not see that the connection is closed.
    session.watched = {};
    session.ended = true;
}

// Once: whoever renames or replaces one of them afterwards changes nothing.
std::shared_ptr<const jobs::root_set> opener_server::open_roots(
    const std::vector<std::string>& paths) {
    const std::lock_guard lock(mutex_);
    std::shared_ptr<const jobs::root_set>& known = roots_[paths];
    if (!known && roots_.size() > root_sets_max)
        throw system_error{EMFILE, boost::system::system_category(), "too many sets of roots"};
    if (!known) known = std::make_shared<const jobs::root_set>(paths);
    return known;
}

// A job that is run again must not meet what its run before is still doing.
std::shared_ptr<void> opener_server::claim_job(const std::string& tag) {
    std::unique_lock lock(mutex_);
    if (!job_ended_.wait_for(lock, job_wait_max, [&] { return !jobs_.contains(tag); }))
        return nullptr;
    jobs_.insert(tag);
    return {this, [this, tag](void*) {
                const std::lock_guard leaving(mutex_);
                jobs_.erase(tag);
                job_ended_.notify_all();
            }};
}

void opener_server::reap() {
    std::list<live_session> ended;
    {
        const std::lock_guard lock(mutex_);
        for (auto at = sessions_.begin(); at != sessions_.end();) {
            const auto next = std::next(at);
            if (at->ended) ended.splice(ended.end(), sessions_, at);
            at = next;
        }
    }
    for (live_session& session : ended) session.thread.join();
}

void opener_server::end_sessions() {
    {
        const std::lock_guard lock(mutex_);
        for (const live_session& session : sessions_)
            if (session.watched) ::shutdown(session.watched.get(), SHUT_RDWR);
    }
    std::list<live_session> left;
    {
        const std::lock_guard lock(mutex_);
        left.swap(sessions_);
    }
    for (live_session& session : left) session.thread.join();
}

}  // namespace peerpress::roles
