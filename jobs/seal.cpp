#include "jobs/seal.hpp"

#include "jobs/describe.hpp"
#include "jobs/metadata.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

namespace peerpress::jobs {

sealed_file seal_output(const seal_request& request, const seal_options& options) {
    struct stat source{};
    struct stat output{};
    const std::string path = request.source.path();
    if (::fstat(request.source_fd, &source) != 0)
        return {.error = describe_open_source(errno, path)};
    if (::fstat(request.output_fd, &output) != 0)
        return {.error = describe_output(errno, request.destination)};
    if (!S_ISBLK(source.st_mode) && snapshot_of(source) != request.snapshot)
        return {.error = {reason::source_changed,
                          path + " changed while it was read; " +
                              (S_ISBLK(output.st_mode)
                                   ? request.destination + " holds a mixture of old and new"
                                   : "no output was left")}};
    sealed_file sealed;
    if (S_ISBLK(output.st_mode)) return {.device = output.st_dev, .inode = output.st_ino};
    if (S_ISBLK(source.st_mode)) {
        // What a whole device holds is nobody's but its owner's until they say otherwise.
        if (::fchmod(request.output_fd, 0600) != 0)
            return {.error = describe_output(errno, request.destination)};
    } else if (options.carry_metadata) {
        for (const std::string& lost : carry_metadata(request.source_fd, source, request.output_fd))
            sealed.warnings.push_back(
                {reason::metadata_lost, request.destination + ": could not keep the " + lost});
    } else if (::fchmod(request.output_fd, options.plain_mode) != 0) {
        return {.error = describe_output(errno, request.destination)};
    }
    sealed.device = output.st_dev;
    sealed.inode = output.st_ino;
    // Best effort: the fsync that follows reports what this could not do.
    if (request.start_writeback && options.durable)
        ::sync_file_range(request.output_fd, 0, 0, SYNC_FILE_RANGE_WRITE);
    return sealed;
}

}  // namespace peerpress::jobs
