// The record of what callers were let do, and what not: one line of JSON for each decision, in the
// log, whatever log.level says. Paths stand in it escaped; nothing of what files hold does.
#pragma once

#include "jobs/access.hpp"

#include <sys/types.h>

#include <string>

namespace peerpress::server {

struct decision {
    std::string who = {};   // caller::name
    pid_t pid = 0;          // 0: unknown
    std::string what = {};  // "CreateJob", "read"
    std::string job = {};
    std::string root = {};
    std::string path = {};
    std::uint64_t device = 0;
    std::uint64_t inode = 0;   // 0: there is no file
    std::string detail = {};   // beyond the reason, in a few words
    jobs::problem error = {};  // none: it was granted
};

// {"who":"uid:1000","pid":77,"what":"read","job":"jobs/...","path":"/a\\x0ab","file":"259:2:1234",
//  "verdict":"refused","reason":"SOURCE_UNREADABLE"}
std::string audit_line(const decision& decided);

void audit(const decision& decided);

// Was something not let, rather than not there, full or broken?
bool is_refusal(jobs::reason reason);

}  // namespace peerpress::server
