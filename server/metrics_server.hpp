// A small HTTP server for GET /metrics, on a thread of its own. Prometheus is its client: one
// request at a time per connection, few connections, and whoever is slow is cut off.
#pragma once

#include "io/asio.hpp"
#include "server/endpoint.hpp"

#include <functional>
#include <string>
#include <thread>

namespace peerpress::server {

class metrics_server {
public:
    using text_source = std::function<std::string()>;

    // Throws refusal where the address cannot be had. `text` is called on the server's own thread.
    metrics_server(const endpoint& at, text_source text);
    metrics_server(const metrics_server&) = delete;
    metrics_server& operator=(const metrics_server&) = delete;
    ~metrics_server();

    const std::string& address() const { return address_; }  // with the port that was taken

private:
    template <class Protocol>
    void listen(const typename Protocol::endpoint& at);
    template <class Acceptor>
    awaitable<> serve(Acceptor acceptor);
    template <class Socket>
    awaitable<> answer(Socket socket);

    text_source text_;
    asio::io_context context_{1};
    std::string address_;
    std::string socket_path_;
    std::size_t connections_ = 0;
    std::thread thread_;
};

}  // namespace peerpress::server
