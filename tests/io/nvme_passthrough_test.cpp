#include "io/nvme_passthrough.hpp"

#include "io/nvme_error.hpp"
#include "tests/support/files.hpp"
#include "tests/support/run.hpp"
#include "tests/support/temp_dir.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <array>
#include <cstring>

namespace peerpress::io {
namespace {

TEST(NvmeError, IsNoneForSuccess) {
    EXPECT_FALSE(nvme_error(0));
}

TEST(NvmeError, KeepsTypeAndCodeAndNothingElseOfTheStatus) {
    const error_code from_kernel = nvme_error(0x4002);  // Do Not Retry, invalid field

    EXPECT_EQ(from_kernel, nvme_errc::invalid_field);
    EXPECT_EQ(from_kernel.value(), 0x002);
}

TEST(NvmeError, SaysInWordsWhatItKnowsAndTheNumberOfTheRest) {
    EXPECT_EQ(nvme_error(0x006).message(), "internal error of the controller (NVMe status 0x006)");
    EXPECT_EQ(nvme_error(0x281).message(), "NVMe status 0x281");
    EXPECT_EQ(nvme_error(0x701).message(), "vendor-specific NVMe status 0x701");
}

TEST(NvmePassthrough, LaysACommandOutAsTheKernelTakesIt) {
    std::array<std::byte, 4096> span{};
    const nvme_command command{.opcode = 0x82,
                               .cdw2 = 2,
                               .cdw3 = 3,
                               .cdw10 = 10,
                               .cdw11 = 11,
                               .cdw12 = 12,
                               .cdw13 = 13,
                               .cdw14 = 14,
                               .cdw15 = 15,
                               .data = span,
                               .timeout_ms = 1500};

    const nvme_uring_cmd made = to_uring_command(command, 7);

    std::array<std::uint32_t, sizeof made / sizeof(std::uint32_t)> words{};
    std::memcpy(words.data(), &made, sizeof made);
    const auto address = reinterpret_cast<std::uintptr_t>(span.data());
    const std::array<std::uint32_t, 18> expected{0x82,
                                                 7,
                                                 2,
                                                 3,
                                                 0,
                                                 0,
                                                 static_cast<std::uint32_t>(address),
                                                 static_cast<std::uint32_t>(address >> 32),
                                                 0,
                                                 4096,
                                                 10,
                                                 11,
                                                 12,
                                                 13,
                                                 14,
                                                 15,
                                                 1500,
                                                 0};
    EXPECT_EQ(words, expected);
}

TEST(NvmePassthrough, FailsOnWhatIsNoNvmeDevice) {
    asio::io_context context;
    uring ring(context.get_executor(), {.queue_depth = 4, .commands = true});
    const test::temp_dir dir;
    unique_fd file(::open((dir / "file").c_str(), O_RDWR | O_CREAT, 0600));
    ASSERT_TRUE(file);
    nvme_passthrough device(ring, std::move(file), 1);

    EXPECT_EQ(test::run_error(context, device.send({.opcode = 0x82})),
              boost::system::errc::operation_not_supported);

    ring.close();
    test::run(context, ring.drained());
}

TEST(NvmePassthrough, IdentifiesNothingOnWhatIsNoNvmeDevice) {
    const test::temp_dir dir;
    const unique_fd file(::open((dir / "file").c_str(), O_RDWR | O_CREAT, 0600));
    ASSERT_TRUE(file);

    const auto data = identify(file.get(), nvme_identify_kind::of_controller, 0);
    const auto id = nvme_namespace_id(file.get());

    EXPECT_EQ(data.error(), boost::system::errc::inappropriate_io_control_operation);
    EXPECT_EQ(id.error(), boost::system::errc::inappropriate_io_control_operation);
}

}  // namespace
}  // namespace peerpress::io
