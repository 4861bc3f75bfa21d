// What a job was let do to a file, or was not: for whoever keeps a record of that.
#pragma once

#include "jobs/reason.hpp"

#include <cstdint>
#include <functional>
#include <string>

namespace peerpress::jobs {

enum class access_kind { list, read, write, remove };

struct access {
    access_kind kind = access_kind::read;
    std::string root = {};  // below which it lies; empty: there are no roots
    std::string path;
    std::uint64_t device = 0;  // of the file; with `inode` 0 where there is none
    std::uint64_t inode = 0;
    problem error = {};  // none: it was let
};

// Called on the opener's threads.
using access_hook = std::function<void(const access&)>;

constexpr const char* access_name(access_kind kind) {
    switch (kind) {
        case access_kind::list:
            return "list";
        case access_kind::read:
            return "read";
        case access_kind::write:
            return "write";
        case access_kind::remove:
            return "remove";
    }
    return "";
}

}  // namespace peerpress::jobs
