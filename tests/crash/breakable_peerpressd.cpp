// peerpressd, which can be told to die at a step, or to leave a part of the commit protocol out.
//
//     breakable_peerpressd [--kill-at STEP:N] [--named-outputs]
//         [--without-prepared] [--without-data-sync] [--without-directory-sync]
//         [--without-full-sync] [--leaking] -- PEERPRESSD'S OPTIONS
//
// SIGTERM ends it; it prints then how often each step came.
#include "server/command_line.hpp"
#include "server/config_file.hpp"
#include "server/daemon.hpp"
#include "server/logging.hpp"
#include "tests/crash/faults.hpp"

#include <unistd.h>

#include <csignal>
#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>

namespace peerpress::test {
namespace {

// Takes its own options off the front.
faults read_faults(std::vector<const char*>& arguments) {
    faults asked;
    std::size_t at = 1;
    for (; at < arguments.size(); ++at) {
        const std::string option = arguments[at];
        if (option == "--") break;
        if (option == "--kill-at" && at + 1 < arguments.size()) {
            asked.kill_at = arguments[++at];
        } else if (option == "--named-outputs") {
            asked.named_outputs = true;
        } else if (option == "--without-prepared") {
            asked.without_prepared = true;
        } else if (option == "--without-data-sync") {
            asked.without_data_sync = true;
        } else if (option == "--without-directory-sync") {
            asked.without_directory_sync = true;
        } else if (option == "--without-full-sync") {
            asked.without_full_sync = true;
        } else if (option == "--leaking") {
            asked.leaking = true;
        } else {
            throw std::invalid_argument("unknown option " + option);
        }
    }
    if (at == arguments.size()) throw std::invalid_argument("peerpressd's options follow after --");
    arguments.erase(arguments.begin() + 1, arguments.begin() + 1 + static_cast<std::ptrdiff_t>(at));
    return asked;
}

void run(std::vector<const char*> arguments) {
    set_up(read_faults(arguments));
    const auto call =
        server::parse_command_line(static_cast<int>(arguments.size()), arguments.data(),
                                   ::geteuid() == 0, server::process_environment(), std::cout);
    if (!call) return;
    std::signal(SIGPIPE, SIG_IGN);
    // Before there are threads, which inherit it.
    sigset_t ending;
    sigemptyset(&ending);
    sigaddset(&ending, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &ending, nullptr);

    server::set_up_logging(call->config.log.level);
    server::daemon_seams seams;
    seams.make_runner = make_faulty_runner;
    server::daemon daemon(call->config, seams);
    int signal = 0;
    sigwait(&ending, &signal);
    daemon.stop(std::chrono::seconds(call->config.jobs.drain_seconds));
    std::cout << step_counts() << std::flush;
}

}  // namespace
}  // namespace peerpress::test

int main(int argc, char** argv) {
    try {
        peerpress::test::run({argv, argv + argc});
        return 0;
    } catch (const std::exception& e) {
        std::cerr << "breakable_peerpressd: " << e.what() << '\n';
        return 1;
    }
}
