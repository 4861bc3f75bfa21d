#include "client/interruption.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdint>
#include <cstdlib>

namespace peerpress::client {
namespace {

sigset_t signals_to_take() {
    sigset_t set;
    ::sigemptyset(&set);
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
        struct sigaction action{};
        ::sigaction(number, nullptr, &action);
        if (action.sa_handler != SIG_IGN) ::sigaddset(&set, number);
    }
    return set;
}

}  // namespace

interruption::interruption() {
    const sigset_t set = signals_to_take();
    ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
    signals_fd_ = ::signalfd(-1, &set, SFD_CLOEXEC);
    end_fd_ = ::eventfd(0, EFD_CLOEXEC);
    watcher_ = std::thread([this] { watch(); });
}

interruption::~interruption() {
    const std::uint64_t one = 1;
    if (::write(end_fd_, &one, sizeof one) == sizeof one) watcher_.join();
    ::close(signals_fd_);
    ::close(end_fd_);
}

void interruption::watch() {
    std::array<pollfd, 2> waits{pollfd{signals_fd_, POLLIN, 0}, pollfd{end_fd_, POLLIN, 0}};
    for (;;) {
        if (::poll(waits.data(), waits.size(), -1) < 0) continue;
        if (waits[1].revents != 0) return;
        signalfd_siginfo info{};
        if (::read(signals_fd_, &info, sizeof info) == sizeof info)
            take(static_cast<int>(info.ssi_signo));
    }
}

void interruption::take(int number) {
    ++count_;
    if (count_ == 1) {
        signal_ = number;
        cancelled_.request_stop();
    } else if (count_ == 2) {
        detached_.request_stop();
    } else {
        die_by(number);
    }
}

void die_by(int number) {
    std::signal(number, SIG_DFL);
    sigset_t set;
    ::sigemptyset(&set);
    ::sigaddset(&set, number);
    ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
    std::raise(number);
    std::_Exit(128 + number);
}

}  // namespace peerpress::client
