#include "accel/noload/judge.hpp"

#include "accel/device_engine.hpp"
#include "io/nvme_error.hpp"

#include <gtest/gtest.h>

#include <cerrno>

namespace peerpress::accel::noload {
namespace {

using io::nvme_errc;

error_code kernel(int number) {
    return {number, boost::system::system_category()};
}

TEST(Judge, IsContentWithoutAnError) {
    EXPECT_EQ(judge({}), verdict::done);
}

TEST(Judge, TriesAgainWhatMayWorkTheNextTime) {
    for (const nvme_errc errc :
         {nvme_errc::internal, nvme_errc::command_interrupted, nvme_errc::namespace_not_ready,
          nvme_errc::transient_transport_error, nvme_errc::data_transfer_error,
          nvme_errc::abort_requested})
        EXPECT_EQ(judge({.error = errc, .tries = 1}), verdict::retry) << make_error_code(errc);
}

TEST(Judge, AsksAnotherCoreAfterThreeTriesOrWhereTheControllerSaysNotToRetry) {
    EXPECT_EQ(judge({.error = nvme_errc::internal, .tries = 3, .other_cores = 1}),
              verdict::other_core);
    EXPECT_EQ(judge({.error = nvme_errc::internal, .final = true, .other_cores = 1}),
              verdict::other_core);
}

TEST(Judge, QuarantinesADeviceNoneOfWhoseCoresDoesIt) {
    EXPECT_EQ(judge({.error = nvme_errc::internal, .tries = 3}), verdict::quarantine);
    EXPECT_EQ(judge({.error = nvme_errc::invalid_opcode}), verdict::quarantine);
}

TEST(Judge, LeavesACoreThatHasLostItsAbilities) {
    EXPECT_EQ(judge({.error = nvme_errc::invalid_opcode, .other_cores = 2}), verdict::other_core);
    EXPECT_EQ(judge({.error = nvme_errc::invalid_namespace, .other_cores = 2}),
              verdict::other_core);
}

TEST(Judge, QuarantinesADeviceThatWasResetTimedOutOrIsGone) {
    for (const error_code& error :
         {make_error_code(nvme_errc::host_aborted), make_error_code(nvme_errc::host_path_error),
          make_error_code(nvme_errc::aborted_queue_deleted), kernel(EINTR), kernel(ENODEV),
          kernel(EIO), kernel(EACCES)})
        EXPECT_EQ(judge({.error = error, .other_cores = 3}), verdict::quarantine) << error;
}

TEST(Judge, QuarantinesADeviceWhoseAnswerCannotBeTrueOrIsUnknown) {
    EXPECT_EQ(judge({.error = device_errc::implausible_answer}), verdict::quarantine);
    EXPECT_EQ(judge({.error = io::nvme_error(0x7c3)}), verdict::quarantine);
}

TEST(Judge, RedoesElsewhereWhatTheDeviceIsNotToBlameFor) {
    EXPECT_EQ(judge({.error = codec_errc::output_too_small, .other_cores = 2}),
              verdict::redo_elsewhere);
    EXPECT_EQ(judge({.error = kernel(EINVAL)}), verdict::redo_elsewhere);
    EXPECT_EQ(judge({.error = kernel(EFAULT)}), verdict::redo_elsewhere);
}

TEST(Judge, WaitsForTheKernelToHaveMemoryButNotForEver) {
    EXPECT_EQ(judge({.error = kernel(ENOMEM), .tries = 1}), verdict::retry);
    EXPECT_EQ(judge({.error = kernel(ENOMEM), .tries = 3}), verdict::redo_elsewhere);
}

TEST(Judge, BlamesTheDataWhereTheyAreToBlame) {
    EXPECT_EQ(judge({.error = codec_errc::bad_data, .other_cores = 2}), verdict::blame_data);
}

TEST(Judge, LeavesToOthersWhatTheDeviceDoesNotTake) {
    EXPECT_EQ(judge({.error = nvme_errc::invalid_field, .other_cores = 2}),
              verdict::redo_elsewhere);
}

TEST(Judge, FailsWhenStopped) {
    EXPECT_EQ(judge({.error = asio::error::operation_aborted, .other_cores = 2}), verdict::fail);
}

}  // namespace
}  // namespace peerpress::accel::noload
