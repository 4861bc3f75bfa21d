#include "tests/simulation/faults.hpp"

#include "io/nvme_error.hpp"

#include <cerrno>
#include <iterator>

namespace peerpress::simulation {
namespace {

using io::nvme_errc;

constexpr int call_errors[] = {EIO, ENOSPC, EDQUOT, EMFILE, EACCES, ENOMEM};
constexpr int read_errors[] = {EIO, EINTR, EAGAIN, ENOMEM, EINVAL};
constexpr int write_errors[] = {EIO, ENOSPC, EDQUOT, EFBIG, EINTR, EAGAIN, EINVAL};
constexpr int allocate_errors[] = {EOPNOTSUPP, ENOSPC, EIO};
constexpr int sync_errors[] = {EIO, ENOSPC, EDQUOT};
constexpr int command_errors[] = {EINTR, EIO, ENODEV, ENOMEM, EAGAIN, EINVAL};
constexpr int command_statuses[] = {static_cast<int>(nvme_errc::internal),
                                    static_cast<int>(nvme_errc::internal),
                                    static_cast<int>(nvme_errc::data_transfer_error),
                                    static_cast<int>(nvme_errc::command_interrupted),
                                    static_cast<int>(nvme_errc::namespace_not_ready),
                                    static_cast<int>(nvme_errc::aborted_queue_deleted),
                                    static_cast<int>(nvme_errc::invalid_opcode),
                                    static_cast<int>(nvme_errc::invalid_field),
                                    static_cast<int>(nvme_errc::host_path_error),
                                    0x4000 | static_cast<int>(nvme_errc::internal),
                                    0x701,
                                    0x702,
                                    0x703};

}  // namespace

seeded_faults::seeded_faults(std::uint64_t seed, bool lies) : random_(seed), lies_(lies) {
    // A run in which everything fails at its first step says little of the later ones.
    constexpr double rates[] = {0, 0.005, 0.01, 0.02, 0.05, 0.1, 0.3};
    const double most = rates[random_() % std::size(rates)];
    for (double& rate : rates_) rate = random_() % 3 == 0 ? most : most / 10;
    late_rate_ = random_() % 4 == 0 ? 0.05 : 0;
}

double seeded_faults::chance() {
    return static_cast<double>(random_() >> 11) / static_cast<double>(std::uint64_t{1} << 53);
}

fault seeded_faults::of_transfer(occasion what) {
    const auto kind = random_() % 8;
    if (kind < 3) return {.shortened = true};
    if (kind == 3 && lies_) return {.told = lie::data};
    return {.error = what == occasion::read ? one_of(read_errors) : one_of(write_errors)};
}

fault seeded_faults::of_command() {
    constexpr lie lies[] = {lie::data, lie::checksum, lie::length, lie::stale};
    const auto kind = random_() % 8;
    if (kind < 2 && lies_) return {.told = lies[random_() % std::size(lies)]};
    if (kind < 4) return {.error = one_of(command_errors)};
    return {.status = static_cast<std::uint32_t>(one_of(command_statuses))};
}

fault seeded_faults::next(occasion what) {
    // The same draws whatever comes of them, so that runs of one seed that differ in a little do
    // not differ in everything.
    const double drawn = chance();
    const bool late = chance() < late_rate_;
    fault wrong;
    if (drawn < rates_[static_cast<std::size_t>(what)]) {
        switch (what) {
            case occasion::call:
                wrong = {.error = one_of(call_errors)};
                break;
            case occasion::read:
            case occasion::write:
                wrong = of_transfer(what);
                break;
            case occasion::allocate:
                wrong = {.error = one_of(allocate_errors)};
                break;
            case occasion::sync:
                wrong = {.error = one_of(sync_errors)};
                break;
            case occasion::command:
                wrong = of_command();
                break;
            case occasion::codec:
                wrong = {.error = ENOMEM};
                break;
            case occasion::observer:
                // An owner that fails ends the job, so that it does so more seldom.
                if (random_() % 8 == 0) wrong = {.error = EIO};
                break;
        }
    }
    wrong.late = late;
    return wrong;
}

}  // namespace peerpress::simulation
