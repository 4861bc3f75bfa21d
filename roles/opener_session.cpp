#include "roles/opener_session.hpp"

#include "io/event.hpp"
#include "io/task_group.hpp"
#include "jobs/local_opener.hpp"
#include "jobs/output.hpp"
#include "jobs/problem_error.hpp"
#include "jobs/reason.hpp"

#include <map>
#include <utility>

namespace peerpress::roles {
namespace {

using jobs::problem;
using jobs::reason;

constexpr std::uint32_t calls_max = 32;  // at once; more wait in the socket
constexpr std::size_t walks_max = 16;
constexpr std::size_t tickets_max = 16'384;

// What is kept of a file until its output has its name: sealing and naming need descriptors.
struct kept_file {
    io::unique_fd source;
    io::unique_fd output;
    std::unique_ptr<jobs::output_ticket> ticket;
};

problem objection_to(const hello& said, const session_rules& rules) {
    if (said.version != protocol_version || said.release != rules.release)
        return {reason::internal, "peerpress-opend is of release " + rules.release +
                                      ", peerpressd of " + said.release +
                                      ": restart the older one of them"};
    if (!said.user && !rules.own_rights)
        return {reason::permission_denied, "the opener acts for users alone, and was told none"};
    if (said.user && said.user->uid == 0 && rules.no_root)
        return {reason::permission_denied, "the opener acts for users other than root alone"};
    return {};
}

jobs::rights_source rights_in(hello& said, const session_rules& rules) {
    if (!said.user) return {};
    jobs::rights rights{.user = *std::move(said.user)};
    if (said.roots) rights.roots = rules.open_roots(*said.roots);
    return [rights] { return rights; };
}

class session {
public:
    session(asio::any_io_executor executor, std::shared_ptr<channel> connection,
            const session_rules& rules)
        : executor_(executor),
          connection_(std::move(connection)),
          rules_(rules),
          calls_(executor, calls_max) {}

    awaitable<std::string> run();

private:
    awaitable<> serve();
    void begin(frame said);
    jobs::opener_options options_of(hello& said);
    awaitable<> handle(frame asked);
    awaitable<message> answer_to(frame asked);
    awaitable<message> next(next_request wanted);
    awaitable<message> open(std::vector<jobs::open_request> requests);
    awaitable<message> seal(std::vector<sent_seal> requests);
    awaitable<message> publish(std::vector<sent_publish> requests);
    void keep(jobs::opened_file file, std::vector<sent_file>& answers);
    const kept_file& kept(std::uint64_t ticket) const;
    void release(const frame& asked, std::uint64_t number);
    template <class News>
    void tell_later(message_kind kind, const News& news);

    asio::any_io_executor executor_;
    std::shared_ptr<channel> connection_;
    const session_rules& rules_;
    std::shared_ptr<void> job_;  // its name, while it is ours
    std::unique_ptr<jobs::opener> opener_;
    std::map<std::uint64_t, std::shared_ptr<kept_file>> files_;
    std::map<std::uint64_t, std::shared_ptr<jobs::tree_cursor>> walks_;
    std::uint64_t last_ticket_ = 0;
    io::task_group calls_;
};

awaitable<std::string> session::run() {
    std::string why;
    try {
        co_await serve();
    } catch (const system_error& ended) {
        if (ended.code() != asio::error::eof) why = ended.what();
    } catch (const std::exception& wrong) {
        why = wrong.what();
    }
    // What was asked for before the end is done to its end.
    try {
        co_await calls_.join();
    } catch (const std::exception& wrong) {
        why = wrong.what();
    }
    walks_.clear();
    files_.clear();
    opener_.reset();
    job_.reset();
    // Last: it tells the other end that all of that is so.
    connection_->close();
    co_return why;
}

awaitable<> session::serve() {
    begin(co_await connection_->receive());
    while (opener_) {
        co_await calls_.room();
        if (calls_.failed()) co_return;
        frame asked = co_await connection_->receive();
        if (asked.kind == message_kind::release_ticket ||
            asked.kind == message_kind::release_walk) {
            const auto number = unpack<std::uint64_t>(std::move(asked.content));
            release(asked, number);
        } else {
            calls_.spawn(handle(std::move(asked)));
        }
    }
}

// Blocks where an earlier run of the job is still being cleared away: this session has nothing else
// to do meanwhile.
void session::begin(frame said) {
    if (said.kind != message_kind::hello) throw wire_error("a session that begins without a hello");
    auto introduced = unpack<hello>(std::move(said.content));
    problem objection = objection_to(introduced, rules_);
    if (!objection) {
        job_ = rules_.claim_job(introduced.tag);
        if (!job_) objection = {reason::internal, "an earlier run of this job is still at work"};
    }
    try {
        if (!objection) opener_ = jobs::make_local_opener(options_of(introduced));
    } catch (const system_error& failed) {
        objection = {reason::permission_denied, std::string("security.roots: ") + failed.what()};
    }
    if (objection) {
        connection_->send({message_kind::failed, said.call, pack(objection)});
        return;
    }
    connection_->send({message_kind::answer, said.call, pack(true)});
}

jobs::opener_options session::options_of(hello& said) {
    jobs::opener_options options{.follow_symlinks = said.follow_symlinks,
                                 .overwrite = said.overwrite,
                                 .carry_metadata = said.carry_metadata,
                                 .durable = said.durable,
                                 .tag = jobs::temporary_tag(said.tag),
                                 .resumed = said.resumed,
                                 .unnamed_outputs = said.unnamed_outputs,
                                 .outputs = rules_.outputs,
                                 .devices = std::move(said.devices),
                                 .act_for = rights_in(said, rules_),
                                 .out_of_bounds = std::move(said.out_of_bounds),
                                 .on_access = {},
                                 .on_step = {}};
    if (said.tell_steps)
        options.on_step = [this](jobs::step done, const std::string& path) {
            tell_later(message_kind::step, step_news{.done = done, .path = path});
        };
    if (said.tell_accesses)
        options.on_access = [this](const jobs::access& seen) {
            tell_later(message_kind::access, seen);
        };
    return options;
}

// On an opener's thread, which comes back here after it: so it is sent before the answer.
template <class News>
void session::tell_later(message_kind kind, const News& news) {
    auto packed = std::make_shared<message>(pack(news));
    asio::post(executor_, [connection = connection_, kind, packed] {
        connection->send({kind, 0, std::move(*packed)});
    });
}

awaitable<> session::handle(frame asked) {
    const std::uint64_t call = asked.call;
    std::optional<message> answer;
    problem failed;
    std::exception_ptr broken;
    try {
        answer = co_await answer_to(std::move(asked));
    } catch (const jobs::problem_error& error) {
        failed = error.problem();
    } catch (const wire_error&) {
        broken = std::current_exception();
    } catch (const std::exception& error) {
        failed = {reason::internal, error.what()};
    }
    if (broken) {
        // Ends the session: nothing that follows can be trusted.
        connection_->close();
        std::rethrow_exception(broken);
    }
    if (answer)
        connection_->send({message_kind::answer, call, std::move(*answer)});
    else
        connection_->send({message_kind::failed, call, pack(failed)});
}

awaitable<message> session::answer_to(frame asked) {
    message& content = asked.content;
    switch (asked.kind) {
        case message_kind::look:
            co_return pack(
                co_await opener_->look(unpack<std::vector<std::string>>(std::move(content))));
        case message_kind::next:
            co_return co_await next(unpack<next_request>(std::move(content)));
        case message_kind::open:
            co_return co_await open(unpack<std::vector<jobs::open_request>>(std::move(content)));
        case message_kind::seal:
            co_return co_await seal(unpack<std::vector<sent_seal>>(std::move(content)));
        case message_kind::publish:
            co_return co_await publish(unpack<std::vector<sent_publish>>(std::move(content)));
        case message_kind::remove:
            co_return pack(co_await opener_->remove(
                unpack<std::vector<jobs::remove_request>>(std::move(content))));
        case message_kind::tidy:
            co_await opener_->tidy(unpack<std::vector<jobs::output_place>>(std::move(content)));
            co_return pack(true);
        default:
            throw wire_error("a message that is not for an opener");
    }
}

awaitable<message> session::next(next_request wanted) {
    auto found = walks_.find(wanted.walk);
    if (found == walks_.end()) {
        if (walks_.size() == walks_max) throw wire_error("too many walks at once");
        found = walks_.emplace(wanted.walk, opener_->walk(std::move(wanted.root))).first;
    }
    const std::shared_ptr<jobs::tree_cursor> cursor = found->second;
    if (cursor.use_count() > 2) throw wire_error("a walk that is asked twice at once");
    const jobs::tree_page page = co_await opener_->next(*cursor);
    if (page.ended) walks_.erase(wanted.walk);
    co_return pack(page);
}

awaitable<message> session::open(std::vector<jobs::open_request> requests) {
    if (requests.size() > open_files_max || files_.size() + requests.size() > tickets_max)
        throw wire_error("too many files at once");
    std::vector<jobs::opened_file> opened = co_await opener_->open(std::move(requests));
    std::vector<sent_file> answers;
    for (jobs::opened_file& file : opened) keep(std::move(file), answers);
    message packed = pack(answers);
    // What was opened stays open here for as long as it has a ticket.
    for (sent_file& answer : answers) {
        if (answer.ticket == 0) continue;
        kept_file& file = *files_.at(answer.ticket);
        file.source = std::move(answer.file.source);
        file.output = std::move(answer.file.output);
    }
    co_return packed;
}

void session::keep(jobs::opened_file file, std::vector<sent_file>& answers) {
    std::uint64_t number = 0;
    if (file.ticket) {
        number = ++last_ticket_;
        auto kept = std::make_shared<kept_file>();
        kept->ticket = std::move(file.ticket);
        files_.emplace(number, std::move(kept));
    }
    answers.push_back({.file = std::move(file), .ticket = number});
}

const kept_file& session::kept(std::uint64_t ticket) const {
    const auto found = files_.find(ticket);
    if (found == files_.end()) throw wire_error("a ticket that was not given");
    return *found->second;
}

awaitable<message> session::seal(std::vector<sent_seal> requests) {
    std::vector<jobs::seal_request> asked;
    std::vector<std::shared_ptr<kept_file>> held;
    for (sent_seal& sent : requests) {
        const kept_file& file = kept(sent.ticket);
        held.push_back(files_.at(sent.ticket));
        sent.request.source_fd = file.source.get();
        sent.request.output_fd = file.output.get();
        sent.request.ticket = file.ticket.get();
        asked.push_back(std::move(sent.request));
    }
    co_return pack(co_await opener_->seal(std::move(asked)));
}

awaitable<message> session::publish(std::vector<sent_publish> requests) {
    std::vector<jobs::publish_request> asked;
    std::vector<std::shared_ptr<kept_file>> held;
    for (const sent_publish& sent : requests) {
        const kept_file& file = kept(sent.ticket);
        held.push_back(files_.at(sent.ticket));
        asked.push_back({.ticket = file.ticket.get(),
                         .output_fd = file.output.get(),
                         .drop_cache = sent.drop_cache});
    }
    const std::vector<problem> problems = co_await opener_->publish(std::move(asked));
    // Named or given up: nobody else waits for these names any more.
    for (const sent_publish& sent : requests) files_.erase(sent.ticket);
    held.clear();
    co_return pack(problems);
}

// Of what is gone already, too: a ticket goes with its publication.
void session::release(const frame& asked, std::uint64_t number) {
    if (asked.kind == message_kind::release_ticket)
        files_.erase(number);
    else
        walks_.erase(number);
}

}  // namespace

awaitable<std::string> serve_session(std::shared_ptr<channel> connection,
                                     const session_rules& rules) {
    session served(co_await asio::this_coro::executor, std::move(connection), rules);
    co_return co_await served.run();
}

}  // namespace peerpress::roles
