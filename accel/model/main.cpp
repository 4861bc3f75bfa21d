// peerpress-model: waits for QEMU to connect, and is the device until QEMU goes, a signal comes, or
// the device is told to disappear.
#include "accel/model/channel.hpp"
#include "accel/model/control.hpp"
#include "accel/model/device.hpp"
#include "accel/model/local_socket.hpp"
#include "accel/model/options.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>

namespace peerpress::accel::model {
namespace {

// SIGTERM and SIGINT, to be read like anything else. Before any thread is started.
io::unique_fd take_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    return io::unique_fd(signalfd(-1, &signals, SFD_CLOEXEC));
}

// True: there is something to read. False: it is time to end.
bool wait_for(int descriptor, int signals, int end) {
    std::array<pollfd, 3> waiting{
        {{descriptor, POLLIN, 0}, {signals, POLLIN, 0}, {end, POLLIN, 0}}};
    while (poll(waiting.data(), waiting.size(), -1) < 0) {
        if (errno != EINTR) return false;
    }
    return waiting[1].revents == 0 && waiting[2].revents == 0;
}

int serve(channel channel, device& device, int signals, int end) {
    while (wait_for(channel.descriptor(), signals, end)) {
        auto request = channel.receive();
        if (request.has_error()) {
            fmt::print(stderr, "peerpress-model: {}\n", request.error().message());
            return 1;
        }
        if (!request->has_value()) break;
        const auto sent = channel.send((*request)->header, device.handle(**request));
        if (sent.has_error()) {
            fmt::print(stderr, "peerpress-model: {}\n", sent.error().message());
            return 1;
        }
        device.work();
    }
    return 0;
}

int run(const options& wanted) {
    const io::unique_fd signals = take_signals();
    const io::unique_fd end(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    device device(wanted.device, wanted.trace.empty() ? trace() : trace(wanted.trace),
                  [&end] { eventfd_write(end.get(), 1); });
    for (const std::string& fault : wanted.orders) {
        if (!device.obey("fault " + fault)) {
            fmt::print(stderr, "peerpress-model: --fault '{}' makes no sense\n", fault);
            return 2;
        }
    }
    std::unique_ptr<control> control;
    if (!wanted.control.empty()) {
        control = std::make_unique<model::control>(
            wanted.control, [&device](std::string_view order) { return device.obey(order); });
    }
    io::unique_fd listener = listen_at(wanted.socket);
    fmt::print(stderr, "peerpress-model: {} waits at {}\n", wanted.device.identity.serial,
               wanted.socket);
    int status = 0;
    if (wait_for(listener.get(), signals.get(), end.get())) {
        io::unique_fd socket(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
        status = serve(channel(std::move(socket)), device, signals.get(), end.get());
    }
    unlink(wanted.socket.c_str());
    return status;
}

int tell_device(const options& wanted) {
    if (tell(wanted.control, wanted.tell)) return 0;
    fmt::print(stderr, "peerpress-model: no such order: {}\n", wanted.tell);
    return 1;
}

}  // namespace
}  // namespace peerpress::accel::model

int main(int count, char** words) {
    using namespace peerpress::accel::model;
    int status = 0;
    const auto wanted = parse_options(count, words, status);
    if (!wanted) return status;
    try {
        return wanted->tell.empty() ? run(*wanted) : tell_device(*wanted);
    } catch (const std::exception& error) {
        fmt::print(stderr, "peerpress-model: {}\n", error.what());
        return 1;
    }
}
