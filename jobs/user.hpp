// A user of this machine, as far as files are concerned.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace peerpress::jobs {

struct user {
    uid_t uid = 0;
    gid_t gid = 0;
    std::vector<gid_t> groups = {};  // beside `gid`

    bool operator==(const user&) const = default;
    bool is_in(gid_t group) const;
};

// As the user database has them now; nullopt where it has no such user. Blocks: the database may be
// on another machine. `gid` stays the first group where the user is still in it.
std::optional<user> find_user(uid_t uid, std::optional<gid_t> gid = {});
std::optional<user> find_user(const std::string& name);

}  // namespace peerpress::jobs
