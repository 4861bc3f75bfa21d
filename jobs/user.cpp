#include "jobs/user.hpp"

#include <grp.h>
#include <pwd.h>

#include <algorithm>
#include <cerrno>

namespace peerpress::jobs {
namespace {

constexpr int groups_max = 65536;  // Linux's own limit, NGROUPS_MAX

// An entry's strings lie in memory that must be large enough; no size is promised to be.
constexpr std::size_t entry_bytes_max = 1 << 20;

struct entry {
    std::string name;
    uid_t uid = 0;
    gid_t gid = 0;
};

template <class Lookup>
std::optional<entry> look_up(Lookup lookup) {
    for (std::size_t bytes = 1024; bytes <= entry_bytes_max; bytes *= 4) {
        std::string memory(bytes, '\0');
        passwd found{};
        passwd* result = nullptr;
        const int error = lookup(&found, memory.data(), memory.size(), &result);
        if (error == ERANGE) continue;
        if (result == nullptr) return std::nullopt;
        return entry{.name = result->pw_name, .uid = result->pw_uid, .gid = result->pw_gid};
    }
    return std::nullopt;
}

std::vector<gid_t> groups_of(const entry& who) {
    int count = 32;
    std::vector<gid_t> groups(static_cast<std::size_t>(count));
    while (::getgrouplist(who.name.c_str(), who.gid, groups.data(), &count) < 0 &&
           count <= groups_max)
        groups.resize(static_cast<std::size_t>(count));
    groups.resize(static_cast<std::size_t>(std::min(count, groups_max)));
    return groups;
}

std::optional<user> complete(const std::optional<entry>& found, std::optional<gid_t> gid) {
    if (!found) return std::nullopt;
    user who{.uid = found->uid, .gid = found->gid, .groups = groups_of(*found)};
    if (gid && who.is_in(*gid)) who.gid = *gid;
    return who;
}

}  // namespace

bool user::is_in(gid_t group) const {
    return group == gid || std::ranges::find(groups, group) != groups.end();
}

std::optional<user> find_user(uid_t uid, std::optional<gid_t> gid) {
    return complete(look_up([uid](passwd* into, char* memory, std::size_t bytes, passwd** result) {
                        return ::getpwuid_r(uid, into, memory, bytes, result);
                    }),
                    gid);
}

std::optional<user> find_user(const std::string& name) {
    return complete(look_up([&](passwd* into, char* memory, std::size_t bytes, passwd** result) {
                        return ::getpwnam_r(name.c_str(), into, memory, bytes, result);
                    }),
                    {});
}

}  // namespace peerpress::jobs
