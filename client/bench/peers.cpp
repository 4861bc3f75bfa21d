#include "client/bench/peers.hpp"

#include "io/asio.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <string_view>

namespace peerpress::client::bench {
namespace {

struct known_peer {
    const char* tool;
    std::array<int, 3> levels;
    std::vector<std::string> (*command)(int level, const std::string& threads);
};

// igzip takes -T also where it was built without threads, and zstd writes a format of its own.
const std::array known_peers{
    known_peer{"pigz",
               {1, 6, 9},
               [](int level, const std::string& threads) {
                   return std::vector<std::string>{"pigz", "-" + std::to_string(level),
                                                   "-p" + threads, "-c"};
               }},
    known_peer{"igzip",
               {1, 2, 3},
               [](int level, const std::string& threads) {
                   return std::vector<std::string>{"igzip", "-" + std::to_string(level), "-T",
                                                   threads, "-c"};
               }},
    known_peer{"bgzip",
               {1, 6, 9},
               [](int level, const std::string& threads) {
                   return std::vector<std::string>{"bgzip", "-l" + std::to_string(level),
                                                   "-@" + threads, "-c"};
               }},
    known_peer{"zstd",
               {1, 3, 9},
               [](int level, const std::string& threads) {
                   return std::vector<std::string>{"zstd", "-" + std::to_string(level),
                                                   "-T" + threads, "-c", "-q"};
               }},
};

bool on_path(const std::string& program) {
    const char* const path = std::getenv("PATH");
    std::string_view rest = path ? path : "/usr/bin:/bin";
    while (!rest.empty()) {
        const std::size_t colon = std::min(rest.find(':'), rest.size());
        const std::string candidate = std::string(rest.substr(0, colon)) + "/" + program;
        if (::access(candidate.c_str(), X_OK) == 0) return true;
        rest.remove_prefix(std::min(colon + 1, rest.size()));
    }
    return false;
}

// How a child starts: with our ends as its standard input and output, and the signals as we found
// them; ours are blocked, and SIGPIPE is ignored.
class spawn_plan {
public:
    spawn_plan(int input, int output) {
        ::posix_spawn_file_actions_init(&actions_);
        ::posix_spawn_file_actions_adddup2(&actions_, input, STDIN_FILENO);
        ::posix_spawn_file_actions_adddup2(&actions_, output, STDOUT_FILENO);
        ::posix_spawn_file_actions_addopen(&actions_, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
        ::posix_spawnattr_init(&attributes_);
        sigset_t none;
        ::sigemptyset(&none);
        sigset_t pipe = none;
        ::sigaddset(&pipe, SIGPIPE);
        ::posix_spawnattr_setsigmask(&attributes_, &none);
        ::posix_spawnattr_setsigdefault(&attributes_, &pipe);
        ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    }
    spawn_plan(const spawn_plan&) = delete;
    spawn_plan& operator=(const spawn_plan&) = delete;
    ~spawn_plan() {
        ::posix_spawn_file_actions_destroy(&actions_);
        ::posix_spawnattr_destroy(&attributes_);
    }

    // 0 where it cannot be started.
    pid_t start(const std::vector<std::string>& command) {
        std::vector<char*> words;
        for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
        words.push_back(nullptr);
        pid_t child = 0;
        return ::posix_spawnp(&child, words[0], &actions_, &attributes_, words.data(), environ) == 0
                   ? child
                   : 0;
    }

private:
    posix_spawn_file_actions_t actions_{};
    posix_spawnattr_t attributes_{};
};

double seconds_of(const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
}

// CPU seconds; nothing where it failed.
std::optional<double> run_to_end(const std::vector<std::string>& command, int input, int output,
                                 const std::stop_token& stop) {
    const pid_t child = spawn_plan(input, output).start(command);
    if (child == 0) return std::nullopt;
    int status = 0;
    rusage used{};
    {
        const std::stop_callback end(stop, [child] { ::kill(child, SIGTERM); });
        while (::wait4(child, &status, 0, &used) < 0 && errno == EINTR) {
        }
    }
    if (stop.stop_requested()) throw system_error{asio::error::operation_aborted};
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) return std::nullopt;
    return seconds_of(used.ru_utime) + seconds_of(used.ru_stime);
}

}  // namespace

std::vector<peer> installed_peers(std::uint32_t threads) {
    std::vector<peer> all;
    for (const known_peer& known : known_peers) {
        if (!on_path(known.tool)) continue;
        for (const int level : known.levels)
            all.push_back({.tool = known.tool,
                           .level = level,
                           .command = known.command(level, std::to_string(threads))});
    }
    return all;
}

std::optional<job_figures> measure_peer(const peer& peer, const sample& data,
                                        const std::string& directory, std::stop_token stop) {
    const io::unique_fd input = open_again(data.fd, O_RDONLY);
    const io::unique_fd output = open_nameless(directory);
    forget_cached(input);

    const auto started = std::chrono::steady_clock::now();
    const auto cpu_seconds = run_to_end(peer.command, input.get(), output.get(), stop);
    if (!cpu_seconds || ::fsync(output.get()) != 0) return std::nullopt;
    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();

    forget_cached(input);
    forget_cached(output);
    struct stat status{};
    if (::fstat(output.get(), &status) != 0 || status.st_size == 0) return std::nullopt;
    const auto bytes = static_cast<double>(data.size_bytes);
    return job_figures{.rate = bytes / seconds,
                       .cpu_seconds_per_gb = *cpu_seconds / bytes * 1e9,
                       .ratio = bytes / static_cast<double>(status.st_size)};
}

}  // namespace peerpress::client::bench
