#include "server/identities.hpp"

#include "jobs/problem_error.hpp"
#include "jobs/user.hpp"
#include "server/caller.hpp"
#include "server/refusal.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace peerpress::server {
namespace {

[[noreturn]] void refuse_identity(const std::string& name, const std::string& why) {
    throw refusal(jobs::reason::invalid_argument,
                  fmt::format("security.identities: {}: {}", name, why));
}

std::shared_ptr<const jobs::root_set> open_roots(const std::string& name,
                                                 const std::vector<std::string>& paths,
                                                 bool opened_elsewhere) {
    if (opened_elsewhere)
        return std::make_shared<const jobs::root_set>(paths, jobs::root_set::opened_elsewhere());
    try {
        return std::make_shared<const jobs::root_set>(paths);
    } catch (const system_error& e) {
        refuse_identity(name, e.what());
    }
}

}  // namespace

std::string certificate_names::text() const {
    if (uris.empty()) return common_name.empty() ? "unknown" : "CN=" + common_name;
    std::string all;
    for (const auto& uri : uris) all += (all.empty() ? "" : " ") + uri;
    return all;
}

identities::identities(const config& config, const std::shared_ptr<const jobs::root_set>& roots) {
    for (const identity_config& each : config.security.identities) {
        const auto user = jobs::find_user(each.user);
        if (!user) refuse_identity(each.name(), fmt::format("there is no user {}", each.user));
        if (user->uid == 0)
            refuse_identity(each.name(), "nobody is root from afar: name another user");
        if (const jobs::problem objection = objection_to_jobs_of(user->uid))
            refuse_identity(each.name(), objection.message);
        known_.push_back({.name = each.name(),
                          .user = each.user,
                          .uid = user->uid,
                          .gid = user->gid,
                          .roots = each.roots.empty() ? roots
                                                      : open_roots(each.name(), each.roots,
                                                                   !config.roles.opener.empty())});
    }
}

const remote_identity* identities::find(std::string_view name) const {
    const auto found = std::ranges::find(known_, name, &remote_identity::name);
    return found == known_.end() ? nullptr : &*found;
}

const remote_identity* identities::find(const certificate_names& names) const {
    if (names.uris.empty())
        return names.common_name.empty() ? nullptr : find("CN=" + names.common_name);
    const remote_identity* found = nullptr;
    for (const auto& uri : names.uris) {
        const remote_identity* const one = find(uri);
        if (one == nullptr || one == found) continue;
        if (found != nullptr) return nullptr;
        found = one;
    }
    return found;
}

const remote_identity& identities::of(const job_owner& owner) const {
    const remote_identity* const found = find(owner.identity);
    if (found != nullptr && found->uid == owner.uid) return *found;
    throw jobs::problem_error(
        {jobs::reason::permission_denied,
         fmt::format("{}, for whom this job was to run on, no longer stands for user {}",
                     owner.identity, owner.uid)});
}

}  // namespace peerpress::server
