#include "server/local_callers.hpp"

#include "server/refusal.hpp"
#include "server/socket_peer.hpp"

#include <fmt/format.h>
#include <grp.h>
#include <grpcpp/server_context.h>

#include <cerrno>
#include <charconv>

namespace peerpress::server {
namespace {

std::string name_of(uid_t uid) {
    return job_owner{.uid = uid}.name();
}

[[noreturn]] void refuse_unknown() {
    throw refusal(jobs::reason::permission_denied,
                  "the server cannot tell who asks: connect to its Unix socket");
}

std::optional<gid_t> find_group(const std::string& name) {
    for (std::size_t bytes = 1024; bytes <= 1 << 20; bytes *= 4) {
        std::string memory(bytes, '\0');
        group found{};
        group* result = nullptr;
        const int error = ::getgrnam_r(name.c_str(), &found, memory.data(), bytes, &result);
        if (error == ERANGE) continue;
        return result == nullptr ? std::nullopt : std::optional(result->gr_gid);
    }
    return std::nullopt;
}

}  // namespace

local_caller_rules local_caller_rules_of(const config& config,
                                         std::shared_ptr<const jobs::root_set> roots) {
    local_caller_rules rules{.roots = std::move(roots)};
    const std::string& name = config.security.administrators;
    if (name.empty()) return rules;
    rules.administrators = find_group(name);
    if (!rules.administrators) {
        throw refusal(jobs::reason::invalid_argument,
                      fmt::format("security.administrators: there is no group {}", name));
    }
    return rules;
}

std::optional<int> descriptor_of(std::string_view peer) {
    constexpr std::string_view prefix = "fd:";
    if (!peer.starts_with(prefix)) return std::nullopt;
    const std::string_view digits = peer.substr(prefix.size());
    int fd = -1;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), fd);
    if (error != std::errc{} || end != digits.data() + digits.size() || fd < 0) return std::nullopt;
    return fd;
}

caller local_callers::of(const grpc::CallbackServerContext& context) const {
    const std::optional<int> fd = descriptor_of(context.peer());
    if (!fd) refuse_unknown();
    return of_socket(*fd);
}

caller local_callers::of_socket(int fd) const {
    auto peer = peer_of(fd);
    if (!peer) refuse_unknown();
    const uid_t uid = peer->user.uid;
    if (uid == unmapped_uid() || uid == static_cast<uid_t>(-1)) {
        throw refusal(jobs::reason::permission_denied,
                      fmt::format("user {} stands for users whom this machine does not know "
                                  "(another user namespace): they have no jobs here",
                                  uid),
                      {{"caller", name_of(uid)}});
    }
    const bool administrator =
        uid == 0 || (rules_.administrators && peer->user.is_in(*rules_.administrators));
    if (!administrator)
        if (const jobs::problem objection = objection_to_jobs_of(uid))
            throw refusal(objection.reason, objection.message, {{"caller", name_of(uid)}});
    return {.rights = {.user = std::move(peer->user), .roots = rules_.roots},
            .pid = peer->pid,
            .administrator = administrator};
}

}  // namespace peerpress::server
