#include "server/metrics_server.hpp"

#include "server/refusal.hpp"
#include "server/unix_socket.hpp"

#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <chrono>

namespace peerpress::server {

namespace {

namespace beast = boost::beast;
namespace http = beast::http;

constexpr std::chrono::seconds request_timeout{10};
constexpr std::size_t connections_max = 16;
constexpr std::uint32_t header_bytes_max = 8 << 10;

using response = http::response<http::string_body>;

response make_response(const http::request<http::empty_body>& request, http::status status,
                       std::string body) {
    response r{status, request.version()};
    r.set(http::field::content_type, status == http::status::ok
                                         ? "text/plain; version=0.0.4; charset=utf-8"
                                         : "text/plain; charset=utf-8");
    r.keep_alive(request.keep_alive());
    r.body() = std::move(body);
    r.prepare_payload();
    // A HEAD answer tells the length, and has no body.
    if (request.method() == http::verb::head) r.body().clear();
    return r;
}

}  // namespace

metrics_server::metrics_server(const endpoint& at, text_source text) : text_(std::move(text)) {
    if (at.unix_path.empty()) {
        listen<asio::ip::tcp>({asio::ip::make_address(at.address), at.port});
    } else {
        socket_path_ = at.unix_path;
        const int fd = listen_unix(at.unix_path, 0600);
        asio::local::stream_protocol::acceptor acceptor(context_, asio::local::stream_protocol(),
                                                        fd);
        address_ = at.text();
        asio::co_spawn(context_, serve(std::move(acceptor)), asio::detached);
    }
    thread_ = std::thread([this] { context_.run(); });
}

metrics_server::~metrics_server() {
    context_.stop();
    thread_.join();
    if (!socket_path_.empty()) ::unlink(socket_path_.c_str());
}

template <class Protocol>
void metrics_server::listen(const typename Protocol::endpoint& at) {
    try {
        typename Protocol::acceptor acceptor(context_, at);
        const auto bound = acceptor.local_endpoint();
        address_ =
            endpoint{.unix_path = {}, .address = bound.address().to_string(), .port = bound.port()}
                .text();
        asio::co_spawn(context_, serve(std::move(acceptor)), asio::detached);
    } catch (const system_error& e) {
        throw refusal(jobs::reason::internal,
                      fmt::format("metrics.listen: {}:{}: {}", at.address().to_string(), at.port(),
                                  e.code().message()));
    }
}

template <class Acceptor>
awaitable<> metrics_server::serve(Acceptor acceptor) {
    while (true) {
        auto [ec, socket] = co_await acceptor.async_accept(asio::as_tuple(asio::use_awaitable));
        if (ec || connections_ >= connections_max) {
            // Out of descriptors, say: the next attempt would fail at once, and the next, and the
            // next.
            asio::steady_timer pause(context_, std::chrono::milliseconds(100));
            co_await pause.async_wait(asio::use_awaitable);
            continue;
        }
        ++connections_;
        asio::co_spawn(context_, answer(std::move(socket)),
                       [this](std::exception_ptr) { --connections_; });
    }
}

template <class Socket>
awaitable<> metrics_server::answer(Socket socket) {
    beast::basic_stream<typename Socket::protocol_type> stream(std::move(socket));
    beast::flat_buffer buffer;
    bool keep_alive = true;
    while (keep_alive) {
        stream.expires_after(request_timeout);
        http::request_parser<http::empty_body> parser;
        parser.header_limit(header_bytes_max);
        co_await http::async_read(stream, buffer, parser, asio::use_awaitable);

        const auto& request = parser.get();
        const bool reads =
            request.method() == http::verb::get || request.method() == http::verb::head;
        const bool found = request.target() == "/metrics";
        response answer;
        if (reads && found) {
            answer = make_response(request, http::status::ok, text_());
        } else {
            answer = make_response(
                request, found ? http::status::method_not_allowed : http::status::not_found,
                "GET /metrics is all there is\n");
        }
        keep_alive = answer.keep_alive();
        stream.expires_after(request_timeout);
        co_await http::async_write(stream, answer, asio::use_awaitable);
    }
}

}  // namespace peerpress::server
