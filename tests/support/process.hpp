// Runs a program as a shell would: arguments, standard input, what it said, how it ended.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <map>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace peerpress::test {

struct process_options {
    std::string input = {};  // of standard input, a pipe
    std::filesystem::path directory = {};
    std::map<std::string, std::string> environment = {};  // beside the caller's; empty: unset
    std::chrono::seconds limit{60};
};

struct process_result {
    int exit_code = -1;  // -1: ended by a signal
    int signal = 0;
    std::string out;
    std::string err;
};

// A child under way; killed where nobody has waited for its end.
class process {
public:
    explicit process(const std::vector<std::string>& arguments, process_options options = {})
        : options_(std::move(options)) {
        std::array<std::array<int, 2>, 3> pipes{};
        for (auto& pipe : pipes) {
            if (::pipe2(pipe.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
        }
        std::vector<char*> argv;
        for (const std::string& argument : arguments)
            argv.push_back(const_cast<char*>(argument.c_str()));
        argv.push_back(nullptr);
        pid_ = ::fork();
        if (pid_ < 0) throw std::runtime_error("fork");
        if (pid_ == 0) become(argv, pipes);
        ::close(pipes[0][0]);
        ::close(pipes[1][1]);
        ::close(pipes[2][1]);
        input_ = pipes[0][1];
        outputs_ = {pipes[1][0], pipes[2][0]};
        ::fcntl(input_, F_SETFL, O_NONBLOCK);
    }
    process(const process&) = delete;
    process& operator=(const process&) = delete;
    ~process() {
        close_input();
        for (const int fd : outputs_) {
            if (fd >= 0) ::close(fd);
        }
        if (pid_ > 0) {
            ::kill(pid_, SIGKILL);
            ::waitpid(pid_, nullptr, 0);
        }
    }

    pid_t pid() const { return pid_; }
    void send_signal(int number) const { ::kill(pid_, number); }

    void close_input() {
        if (input_ >= 0) ::close(input_);
        input_ = -1;
    }
    // Its reader goes away.
    void close_output() {
        ::close(outputs_[0]);
        outputs_[0] = -1;
    }

    // Feeds and drains it until `done` sees what it waits for in the result so far; false: the time
    // was up.
    template <class Done>
    bool run_until(Done done) {
        const auto deadline = std::chrono::steady_clock::now() + options_.limit;
        while (!done(result_)) {
            if (std::chrono::steady_clock::now() > deadline) return false;
            if (!step()) return done(result_);
        }
        return true;
    }

    // Feeds it all of its input and waits for its end.
    process_result wait() {
        const auto deadline = std::chrono::steady_clock::now() + options_.limit;
        while (step()) {
            if (std::chrono::steady_clock::now() > deadline)
                throw std::runtime_error("a child does not end: " + result_.err);
        }
        int status = 0;
        while (::waitpid(pid_, &status, WNOHANG) == 0) {
            if (std::chrono::steady_clock::now() > deadline)
                throw std::runtime_error("a child does not end: " + result_.err);
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
        pid_ = -1;
        if (WIFEXITED(status)) result_.exit_code = WEXITSTATUS(status);
        if (WIFSIGNALED(status)) result_.signal = WTERMSIG(status);
        return result_;
    }

private:
    [[noreturn]] void become(const std::vector<char*>& argv,
                             const std::array<std::array<int, 2>, 3>& pipes) {
        ::dup2(pipes[0][0], STDIN_FILENO);
        ::dup2(pipes[1][1], STDOUT_FILENO);
        ::dup2(pipes[2][1], STDERR_FILENO);
        if (!options_.directory.empty() && ::chdir(options_.directory.c_str()) != 0) ::_exit(127);
        for (const auto& [name, value] : options_.environment) {
            if (value.empty()) {
                ::unsetenv(name.c_str());
            } else {
                ::setenv(name.c_str(), value.c_str(), 1);
            }
        }
        ::execvp(argv[0], argv.data());
        ::_exit(127);
    }

    // One round of input and output. False: both of its outputs are closed.
    bool step() {
        if (input_ >= 0 && fed_ == options_.input.size() && !hold_input) close_input();
        std::array<pollfd, 3> waits{pollfd{outputs_[0], POLLIN, 0}, pollfd{outputs_[1], POLLIN, 0},
                                    pollfd{fed_ < options_.input.size() ? input_ : -1, POLLOUT, 0}};
        ::poll(waits.data(), waits.size(), 50);
        if (waits[2].revents != 0) feed();
        drain(outputs_[0], waits[0].revents, result_.out);
        drain(outputs_[1], waits[1].revents, result_.err);
        return outputs_[0] >= 0 || outputs_[1] >= 0;
    }

    void feed() {
        struct sigaction ignore{};
        struct sigaction before{};
        ignore.sa_handler = SIG_IGN;
        ::sigaction(SIGPIPE, &ignore, &before);
        const std::size_t bytes = std::min<std::size_t>(options_.input.size() - fed_, 64 << 10);
        const ssize_t written = ::write(input_, options_.input.data() + fed_, bytes);
        ::sigaction(SIGPIPE, &before, nullptr);
        if (written > 0) fed_ += static_cast<std::size_t>(written);
        if (written < 0 && errno == EPIPE) {
            fed_ = options_.input.size();
            close_input();
        }
    }

    static void drain(int& fd, short events, std::string& into) {
        if (fd < 0 || events == 0) return;
        std::array<char, 65536> buffer;
        const ssize_t bytes = ::read(fd, buffer.data(), buffer.size());
        if (bytes > 0) {
            into.append(buffer.data(), static_cast<std::size_t>(bytes));
        } else {
            ::close(fd);
            fd = -1;
        }
    }

public:
    bool hold_input = false;  // leaves its standard input open after all of it was fed

private:
    process_options options_;
    pid_t pid_ = -1;
    int input_ = -1;
    std::size_t fed_ = 0;
    std::array<int, 2> outputs_{-1, -1};
    process_result result_;
};

inline process_result run_program(const std::vector<std::string>& arguments,
                                  process_options options = {}) {
    return process(arguments, std::move(options)).wait();
}

}  // namespace peerpress::test
