// Where a file's data lie is nothing that a run depends on: of each file it is said that it lies in
// one piece.
#include "tests/simulation/world.hpp"

#include <dlfcn.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <cstdarg>

namespace peerpress::simulation {
namespace {

int map_in_one_piece(int fd, fiemap& map) {
    struct stat status{};
    const std::string path = "/proc/self/fd/" + std::to_string(fd);
    if (::stat(path.c_str(), &status) != 0) return -1;
    map.fm_mapped_extents = 0;
    const auto size_bytes = static_cast<std::uint64_t>(status.st_size);
    if (map.fm_extent_count == 0 || map.fm_start >= size_bytes) return 0;
    map.fm_mapped_extents = 1;
    map.fm_extents[0] = {};
    map.fm_extents[0].fe_physical = 1 << 20;
    map.fm_extents[0].fe_length = (size_bytes + 4095) / 4096 * 4096;
    map.fm_extents[0].fe_flags = FIEMAP_EXTENT_LAST;
    return 0;
}

}  // namespace
}  // namespace peerpress::simulation

extern "C" int ioctl(int fd, unsigned long request, ...) noexcept {
    using namespace peerpress::simulation;
    va_list more;
    va_start(more, request);
    void* const argument = va_arg(more, void*);
    va_end(more);
    const world* const in = world::current();
    if (request == FS_IOC_FIEMAP && in != nullptr && in->runs())
        return map_in_one_piece(fd, *static_cast<fiemap*>(argument));
    static auto* const real =
        reinterpret_cast<int (*)(int, unsigned long, void*)>(::dlsym(RTLD_NEXT, "ioctl"));
    return real(fd, request, argument);
}
