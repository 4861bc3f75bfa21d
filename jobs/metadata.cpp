#include "jobs/metadata.hpp"

#include <boost/system/error_code.hpp>
#include <fcntl.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>

namespace peerpress::jobs {
namespace {

constexpr const char* access_acl = "system.posix_acl_access";
// A size asked for may be outgrown before it is used; more than a few rounds means someone plays.
constexpr int rounds_max = 8;

std::string failure(std::string_view what) {
    return std::string(what) + " (" + boost::system::system_category().message(errno) + ")";
}

// Calls get(memory, bytes) until the value fits. False with errno set where it cannot be had.
template <class Get>
bool read_growing(std::string& value, Get get) {
    value.resize(256);
    for (int round = 0; round < rounds_max; ++round) {
        const ssize_t bytes = get(value.data(), value.size());
        if (bytes >= 0) {
            value.resize(static_cast<std::size_t>(bytes));
            return true;
        }
        if (errno != ERANGE) return false;
        const ssize_t needed = get(nullptr, 0);
        if (needed < 0) return false;
        value.resize(static_cast<std::size_t>(needed) + 64);
    }
    return false;
}

bool copy_attribute(int source_fd, int output_fd, const char* name) {
    std::string value;
    if (!read_growing(value, [&](char* memory, std::size_t bytes) {
            return ::fgetxattr(source_fd, name, memory, bytes);
        }))
        return errno == ENODATA;  // removed since the list was made
    return ::fsetxattr(output_fd, name, value.data(), value.size(), 0) == 0;
}

// The names are separated by NULs. Attributes of other kinds (security.*, trusted.*) belong to the
// system, not to the file's owner.
struct attribute_names {
    std::vector<std::string> user;
    bool acl = false;
};

attribute_names list_attributes(int fd, std::vector<std::string>& lost) {
    attribute_names names;
    std::string list;
    if (!read_growing(list, [&](char* memory, std::size_t bytes) {
            return ::flistxattr(fd, memory, bytes);
        })) {
        if (errno != ENOTSUP) lost.push_back(failure("extended attributes"));
        return names;
    }
    for (std::size_t begin = 0; begin < list.size();) {
        const std::string name(list.c_str() + begin);
        begin += name.size() + 1;
        if (name.starts_with("user.")) names.user.push_back(name);
        if (name == access_acl) names.acl = true;
    }
    return names;
}

void carry_owner(const struct stat& source, int output_fd) {
    if (source.st_uid == ::geteuid() && source.st_gid == ::getegid()) return;
    if (::fchown(output_fd, source.st_uid, source.st_gid) == 0) return;
    // An ordinary user may still give it to another group of theirs.
    if (::fchown(output_fd, static_cast<uid_t>(-1), source.st_gid) != 0) return;
}

}  // namespace

std::vector<std::string> carry_metadata(int source_fd, const struct stat& source, int output_fd) {
    std::vector<std::string> lost;
    const attribute_names names = list_attributes(source_fd, lost);
    // In this order: attributes want write permission, which the mode may take away; a change of
    // owner clears mode bits; an ACL refines the mode; times come after everything that changes
    // them.
    for (const std::string& name : names.user)
        if (!copy_attribute(source_fd, output_fd, name.c_str()))
            lost.push_back(failure("attribute " + name));
    carry_owner(source, output_fd);
    if (::fchmod(output_fd, source.st_mode & 0777) != 0) lost.push_back(failure("mode"));
    if (names.acl && !copy_attribute(source_fd, output_fd, access_acl))
        lost.push_back(failure("access control list"));
    const timespec times[2] = {source.st_atim, source.st_mtim};
    if (::futimens(output_fd, times) != 0) lost.push_back(failure("times"));
    return lost;
}

}  // namespace peerpress::jobs
