#include "accel/noload/judge.hpp"

#include "accel/accelerator.hpp"
#include "accel/device_engine.hpp"
#include "io/nvme_error.hpp"

#include <cerrno>

namespace peerpress::accel::noload {
namespace {

using io::nvme_errc;

// It may work the next time, here or on another core. A device none of whose cores does it is not
// well.
verdict insist(const failure& failed) {
    if (!failed.final && failed.tries < tries_max) return verdict::retry;
    return failed.other_cores > 0 ? verdict::other_core : verdict::quarantine;
}

verdict judge_status(const failure& failed) {
    switch (static_cast<nvme_errc>(failed.error.value())) {
        case nvme_errc::command_interrupted:
        case nvme_errc::namespace_not_ready:
        case nvme_errc::transient_transport_error:
        case nvme_errc::abort_requested:
        case nvme_errc::data_transfer_error:
        case nvme_errc::internal:
            return insist(failed);
        // A core that has lost its abilities; the others may have theirs.
        case nvme_errc::invalid_opcode:
        case nvme_errc::invalid_namespace:
            return failed.other_cores > 0 ? verdict::other_core : verdict::quarantine;
        // A limit of this device's own, which nothing had shown: another may take the command, and
        // software does the work.
        case nvme_errc::invalid_field:
            return verdict::redo_elsewhere;
        case nvme_errc::aborted_power_loss:
        case nvme_errc::aborted_queue_deleted:
        case nvme_errc::host_path_error:
        case nvme_errc::host_aborted:
            break;
    }
    return verdict::quarantine;
}

verdict judge_errno(const failure& failed) {
    switch (failed.error.value()) {
        case ENOMEM:
        case EAGAIN:
        case EBUSY:
            return failed.tries < tries_max ? verdict::retry : verdict::redo_elsewhere;
        // The kernel does not take this span of memory.
        case EINVAL:
        case EFAULT:
        case EREMOTEIO:
            return verdict::redo_elsewhere;
        case ECANCELED:
            return verdict::fail;
        // EINTR is what a command gets that timed out, or went with a reset; ENODEV, ENXIO, EIO:
        // the device is gone; EACCES: commands are no longer permitted.
        default:
            return verdict::quarantine;
    }
}

}  // namespace

verdict judge(const failure& failed) {
    if (!failed.error) return verdict::done;
    if (failed.error == codec_errc::output_too_small) return verdict::redo_elsewhere;
    if (failed.error == codec_errc::bad_data) return verdict::blame_data;
    if (failed.error.category() == io::nvme_category()) return judge_status(failed);
    if (failed.error.category() == boost::system::system_category()) return judge_errno(failed);
    // What a device returned cannot be: device_errc, and whatever else nobody foresaw.
    return verdict::quarantine;
}

}  // namespace peerpress::accel::noload
