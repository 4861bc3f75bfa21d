#include "server/grpc_log.hpp"

#include "server/audit.hpp"
#include "server/printable.hpp"

#include <grpc/support/log.h>
#include <spdlog/spdlog.h>

namespace peerpress::server {
namespace {

constexpr std::size_t line_bytes_max = 500;

void take(gpr_log_func_args* said) {
    const std::string_view line = said->message;
    if (std::string why = refused_handshake(line); !why.empty()) {
        return audit({.who = "unknown",
                      .what = "connect",
                      .detail = std::move(why),
                      .error = {jobs::reason::permission_denied, "its handshake failed"}});
    }
    spdlog::log(
        said->severity == GPR_LOG_SEVERITY_ERROR ? spdlog::level::warn : spdlog::level::debug,
        "gRPC: {}", printable(line, line_bytes_max));
}

}  // namespace

std::string refused_handshake(std::string_view line) {
    if (!line.starts_with("Handshake failed")) return {};
    // "...: error:0A000086:SSL routines::certificate verify failed."
    const auto code = line.find("error:");
    std::string_view why = line;
    if (code != std::string_view::npos) {
        const auto colon = line.find(':', code + 6);
        why = line.substr(colon == std::string_view::npos ? code : colon + 1);
    }
    if (why.ends_with('.')) why.remove_suffix(1);
    return std::string(why);
}

void route_grpc_log() {
    gpr_set_log_function(take);
}

}  // namespace peerpress::server
