#include "client/grammar/server_grammars.hpp"

#include <array>

namespace peerpress::client {
namespace {

constexpr std::array states{std::pair{"queued", jobs::job_state::queued},
                            std::pair{"running", jobs::job_state::running},
                            std::pair{"succeeded", jobs::job_state::succeeded},
                            std::pair{"failed", jobs::job_state::failed},
                            std::pair{"cancelling", jobs::job_state::cancelling},
                            std::pair{"cancelled", jobs::job_state::cancelled},
                            std::pair{"partial", jobs::job_state::partial}};

jobs::job_state state_value(const std::string& given) {
    for (const auto& [name, state] : states) {
        if (given == name) return state;
    }
    refuse_value("--state", given,
                 "must be queued, running, succeeded, failed, cancelling, cancelled or partial");
}

}  // namespace

jobs_grammar::jobs_grammar() : command_grammar("jobs", "List a server's jobs, newest first", "") {
    app()
        .add_option_function<std::vector<std::string>>(
            "--state",
            [this](const std::vector<std::string>& given) {
                for (const std::string& name : given) request_.states.push_back(state_value(name));
            },
            "Only jobs in this state; may be repeated")
        ->type_name("queued|running|succeeded|failed|cancelling|cancelled|partial")
        ->allow_extra_args(false);
    value(
        "--limit", "N",
        [this](const std::string& given) {
            request_.limit = static_cast<std::uint32_t>(number_value("--limit", given, 1, 1000));
        },
        "At most N jobs; 50 by default");
    value(
        "--page", "TOKEN", [this](const std::string& given) { request_.page_token = given; },
        "Continue where the page before ended");
    flag("-a,--all", request_.all, "All pages");
    add_server_options(request_.server);
    add_output_options(request_.output);
}

watch_grammar::watch_grammar()
    : command_grammar("watch", "Follow a server's job to its end",
                      "The exit code is the one the job's own command would have had. Ctrl-C stops "
                      "watching and "
                      "leaves the job alone.") {
    operands(jobs_, "JOB", 1, 1);
    add_server_options(request_.server);
    add_output_options(request_.output);
    add_progress_options(request_.output);
}

request watch_grammar::finish() {
    request_.job = jobs_.front();
    return request_;
}

cancel_grammar::cancel_grammar()
    : command_grammar("cancel", "Cancel jobs of a server",
                      "Files that are complete by then stay.") {
    operands(request_.jobs, "JOB...", 1);
    add_server_options(request_.server);
    add_output_options(request_.output);
}

server_info_grammar::server_info_grammar()
    : command_grammar("server-info", "Show what a server is and what it can do", "") {
    add_server_options(request_.server);
    add_output_options(request_.output);
}

}  // namespace peerpress::client
