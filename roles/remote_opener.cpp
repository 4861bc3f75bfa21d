#include "roles/remote_opener.hpp"

#include "io/event.hpp"
#include "jobs/blocking_calls.hpp"
#include "jobs/problem_error.hpp"
#include "roles/channel.hpp"
#include "roles/role_lost.hpp"

#include <map>
#include <optional>
#include <utility>

namespace peerpress::roles {
namespace {

using namespace std::chrono_literals;
using jobs::problem;

constexpr auto connect_pause = 50ms;

// What has been heard of a session, shared with the reader that hears it.
struct hearing {
    explicit hearing(asio::any_io_executor executor) : news(std::move(executor)) {}

    jobs::step_hook on_step;
    jobs::access_hook on_access;
    std::map<std::uint64_t, std::optional<frame>> calls;  // under way
    std::string lost;                                     // why; empty: it is there
    io::event news;
};

void hear(hearing& by, frame got) {
    if (got.kind == message_kind::step) {
        const auto news = unpack<step_news>(std::move(got.content));
        if (by.on_step) by.on_step(news.done, news.path);
    } else if (got.kind == message_kind::access) {
        const auto seen = unpack<jobs::access>(std::move(got.content));
        if (by.on_access) by.on_access(seen);
    } else {
        const auto call = by.calls.find(got.call);
        if (call == by.calls.end() || call->second)
            throw wire_error("an answer that nobody waits for");
        call->second = std::move(got);
        by.news.notify_all();
    }
}

awaitable<> listen(std::shared_ptr<channel> from, std::shared_ptr<hearing> by) {
    try {
        for (;;) hear(*by, co_await from->receive());
    } catch (const std::exception& gone) {
        by->lost = gone.what();
    }
    from->close();
    by->news.notify_all();
}

// One connection, and the calls that go over it.
class session {
public:
    session(asio::any_io_executor executor, io::unique_fd connected,
            const jobs::opener_options& how)
        : channel_(std::make_shared<channel>(executor, std::move(connected))),
          hearing_(std::make_shared<hearing>(executor)) {
        hearing_->on_step = how.on_step;
        hearing_->on_access = how.on_access;
        asio::co_spawn(executor, listen(channel_, hearing_), asio::detached);
    }

    template <class Answer>
    awaitable<Answer> call(message_kind kind, message content) {
        const std::uint64_t number = ++last_call_;
        const auto heard = hearing_;
        channel_->send({.kind = kind, .call = number, .content = std::move(content)});
        heard->calls.emplace(number, std::nullopt);
        while (!heard->calls.at(number) && heard->lost.empty()) co_await heard->news.wait();
        std::optional<frame> got = std::move(heard->calls.at(number));
        heard->calls.erase(number);
        if (!got) throw role_lost("the opener went away: " + heard->lost);
        if (got->kind == message_kind::failed)
            throw jobs::problem_error(unpack<problem>(std::move(got->content)));
        co_return unpack<Answer>(std::move(got->content));
    }

    void tell(message_kind kind, std::uint64_t number) {
        channel_->send({.kind = kind, .content = pack(number)});
    }

    void finish(std::chrono::milliseconds wait_max) { channel_->finish(wait_max); }

private:
    std::shared_ptr<channel> channel_;
    std::shared_ptr<hearing> hearing_;
    std::uint64_t last_call_ = 0;
};

struct remote_ticket final : jobs::output_ticket {
    remote_ticket(std::shared_ptr<session> in, std::uint64_t number)
        : in(std::move(in)), number(number) {}
    ~remote_ticket() override { in->tell(message_kind::release_ticket, number); }

    std::shared_ptr<session> in;
    std::uint64_t number;
};

struct remote_walk final : jobs::tree_cursor {
    std::string root;
    std::uint64_t number = 0;
    std::shared_ptr<session> in;  // once it has begun
    bool ended = false;
    ~remote_walk() override {
        if (in && !ended) in->tell(message_kind::release_walk, number);
    }
};

std::uint64_t number_of(const jobs::output_ticket* ticket) {
    return static_cast<const remote_ticket&>(*ticket).number;
}

class remote_opener final : public jobs::opener {
public:
    remote_opener(remote_opener_options where, jobs::opener_options options)
        : where_(std::move(where)), options_(std::move(options)) {}
    ~remote_opener() override {
        if (session_) session_->finish(where_.finish_max);
    }

    awaitable<std::vector<jobs::source_look>> look(std::vector<std::string> paths) override {
        return ask<std::vector<jobs::source_look>>(message_kind::look, pack(paths));
    }
    std::unique_ptr<jobs::tree_cursor> walk(std::string root) override {
        auto made = std::make_unique<remote_walk>();
        made->root = std::move(root);
        made->number = ++last_walk_;
        return made;
    }
    awaitable<jobs::tree_page> next(jobs::tree_cursor& cursor) override;
    awaitable<std::vector<jobs::opened_file>> open(
        std::vector<jobs::open_request> requests) override;
    awaitable<std::vector<jobs::sealed_file>> seal(
        std::vector<jobs::seal_request> requests) override;
    awaitable<std::vector<problem>> publish(std::vector<jobs::publish_request> requests) override;
    awaitable<std::vector<problem>> remove(std::vector<jobs::remove_request> requests) override {
        return ask<std::vector<problem>>(message_kind::remove, pack(requests));
    }
    awaitable<> tidy(std::vector<jobs::output_place> places) override {
        co_await ask<bool>(message_kind::tidy, pack(places));
    }

private:
    template <class Answer>
    awaitable<Answer> ask(message_kind kind, message content) {
        const std::shared_ptr<session> in = co_await connected();
        co_return co_await in->call<Answer>(kind, std::move(content));
    }
    awaitable<std::shared_ptr<session>> connected();
    awaitable<> connect();
    awaitable<io::unique_fd> reach(asio::any_io_executor executor) const;
    hello introduction(const std::optional<jobs::rights>& rights) const;

    remote_opener_options where_;
    jobs::opener_options options_;
    std::shared_ptr<session> session_;
    bool connecting_ = false;
    std::exception_ptr refused_;
    std::unique_ptr<io::event> connected_;
    std::uint64_t last_walk_ = 0;
};

// The first call connects; others that come meanwhile wait for that.
awaitable<std::shared_ptr<session>> remote_opener::connected() {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    if (!connected_) connected_ = std::make_unique<io::event>(executor);
    while (connecting_) co_await connected_->wait();
    if (!session_ && !refused_) {
        connecting_ = true;
        try {
            co_await connect();
        } catch (...) {
            refused_ = std::current_exception();
        }
        connecting_ = false;
        connected_->notify_all();
    }
    if (refused_) std::rethrow_exception(refused_);
    co_return session_;
}

awaitable<> remote_opener::connect() {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    std::optional<jobs::rights> rights;
    if (options_.act_for) {
        // May have to ask a user database.
        jobs::blocking_calls calls(1);
        rights = co_await calls.run(options_.act_for);
    }
    io::unique_fd socket = co_await reach(executor);
    auto made = std::make_shared<session>(executor, std::move(socket), options_);
    std::exception_ptr refused;
    try {
        co_await made->call<bool>(message_kind::hello, pack(introduction(rights)));
    } catch (...) {
        refused = std::current_exception();
    }
    if (refused) {
        made->finish(0ms);
        std::rethrow_exception(refused);
    }
    session_ = std::move(made);
}

awaitable<io::unique_fd> remote_opener::reach(asio::any_io_executor executor) const {
    const auto deadline = std::chrono::steady_clock::now() + where_.connect_max;
    asio::steady_timer pause(executor);
    for (;;) {
        std::string why;
        try {
            co_return connect_to(where_.socket);
        } catch (const system_error& failed) {
            why = failed.code().message();
        }
        if (std::chrono::steady_clock::now() >= deadline)
            throw role_lost("nobody opens files: " + where_.socket + ": " + why +
                            " (is peerpress-opend running?)");
        pause.expires_after(connect_pause);
        co_await pause.async_wait(asio::use_awaitable);
    }
}

hello remote_opener::introduction(const std::optional<jobs::rights>& rights) const {
    hello made{.release = where_.release,
               .follow_symlinks = options_.follow_symlinks,
               .overwrite = options_.overwrite,
               .carry_metadata = options_.carry_metadata,
               .durable = options_.durable,
               .tag = options_.tag,
               .resumed = options_.resumed,
               .unnamed_outputs = options_.unnamed_outputs,
               .devices = options_.devices,
               .out_of_bounds = options_.out_of_bounds,
               .tell_steps = static_cast<bool>(options_.on_step),
               .tell_accesses = static_cast<bool>(options_.on_access)};
    if (!rights) return made;
    made.user = rights->user;
    if (rights->roots) made.roots = rights->roots->paths();
    return made;
}

awaitable<jobs::tree_page> remote_opener::next(jobs::tree_cursor& cursor) {
    auto& walk = static_cast<remote_walk&>(cursor);
    walk.in = co_await connected();
    const next_request wanted{.walk = walk.number, .root = walk.root};
    auto page = co_await walk.in->call<jobs::tree_page>(message_kind::next, pack(wanted));
    walk.ended = page.ended;
    co_return page;
}

awaitable<std::vector<jobs::opened_file>> remote_opener::open(
    std::vector<jobs::open_request> requests) {
    const std::shared_ptr<session> in = co_await connected();
    std::vector<jobs::opened_file> opened;
    for (std::size_t begin = 0; begin < requests.size(); begin += open_files_max) {
        const std::size_t end = std::min(begin + open_files_max, requests.size());
        std::vector<jobs::open_request> batch(
            std::make_move_iterator(requests.begin() + static_cast<std::ptrdiff_t>(begin)),
            std::make_move_iterator(requests.begin() + static_cast<std::ptrdiff_t>(end)));
        auto files = co_await in->call<std::vector<sent_file>>(message_kind::open, pack(batch));
        if (files.size() != batch.size()) throw role_lost("the opener gave another count of files");
        for (sent_file& got : files) {
            if (got.ticket != 0) got.file.ticket = std::make_unique<remote_ticket>(in, got.ticket);
            opened.push_back(std::move(got.file));
        }
    }
    co_return opened;
}

awaitable<std::vector<jobs::sealed_file>> remote_opener::seal(
    std::vector<jobs::seal_request> requests) {
    std::vector<sent_seal> sent;
    for (jobs::seal_request& request : requests) {
        const std::uint64_t ticket = number_of(request.ticket);
        sent.push_back({.request = std::move(request), .ticket = ticket});
    }
    return ask<std::vector<jobs::sealed_file>>(message_kind::seal, pack(sent));
}

awaitable<std::vector<problem>> remote_opener::publish(
    std::vector<jobs::publish_request> requests) {
    std::vector<sent_publish> sent;
    for (const jobs::publish_request& request : requests)
        sent.push_back({.ticket = number_of(request.ticket), .drop_cache = request.drop_cache});
    return ask<std::vector<problem>>(message_kind::publish, pack(sent));
}

}  // namespace

std::unique_ptr<jobs::opener> make_remote_opener(remote_opener_options where,
                                                 jobs::opener_options options) {
    return std::make_unique<remote_opener>(std::move(where), std::move(options));
}

}  // namespace peerpress::roles
