#include "jobs/root_set.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>

namespace peerpress::jobs {
namespace {

// "//" and "/./" are "/", and no "/" stands at the end; ".." is left to the kernel, which alone
// knows what it means.
std::string tidy(std::string_view path) {
    std::string made;
    for (std::size_t begin = 0; begin < path.size();) {
        const std::size_t slash = std::min(path.find('/', begin), path.size());
        const std::string_view name = path.substr(begin, slash - begin);
        if (!name.empty() && name != ".") made.append("/").append(name);
        begin = slash + 1;
    }
    return made;  // empty for "/"
}

}  // namespace

root_set::root_set(const std::vector<std::string>& paths) {
    for (const std::string& path : paths) {
        io::unique_fd fd(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
        if (!fd) throw system_error(error_code(errno, boost::system::system_category()), path);
        roots_.push_back({tidy(path), std::move(fd)});
    }
    sort();
}

root_set::root_set(const std::vector<std::string>& paths, opened_elsewhere) {
    for (const std::string& path : paths) roots_.push_back({tidy(path), {}});
    sort();
}

std::vector<std::string> root_set::paths() const {
    std::vector<std::string> made;
    for (const root& each : roots_) made.push_back(each.path.empty() ? "/" : each.path);
    return made;
}

void root_set::sort() {
    // Of two of one length neither holds the other.
    std::ranges::sort(roots_, std::ranges::greater(),
                      [](const root& each) { return each.path.size(); });
}

std::optional<root_set::place> root_set::find(std::string_view path) const {
    if (!path.starts_with('/')) return std::nullopt;
    const std::string whole = tidy(path);
    for (const root& at : roots_) {
        if (!whole.starts_with(at.path)) continue;
        const std::string_view rest = std::string_view(whole).substr(at.path.size());
        if (!rest.empty() && !rest.starts_with('/')) continue;
        return place{.fd = at.fd.get(),
                     .root = at.path.empty() ? "/" : at.path,
                     .relative = rest.empty() ? "." : std::string(rest.substr(1))};
    }
    return std::nullopt;
}

}  // namespace peerpress::jobs
