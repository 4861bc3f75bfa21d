#include "client/report/accelerator_report.hpp"

#include "tests/client/documented_json.hpp"

#include <gtest/gtest.h>

namespace peerpress::client {
namespace {

std::vector<accel::noload::found_device> one_device() {
    using accel::core_kind;
    return {{.identity = {.address = "0000:03:00.0",
                          .serial = "S1",
                          .label = "nvme2 (0000:03:00.0)",
                          .model = "Model",
                          .span_bytes = 1 << 20},
             .allocate_path = "",
             .cores = {{.kind = core_kind::compress, .namespace_id = 1, .path = "/dev/ng2n1"},
                       {.kind = core_kind::compress, .namespace_id = 2, .path = "/dev/ng2n2"},
                       {.kind = core_kind::decompress, .namespace_id = 3, .path = "/dev/ng2n3"}}}};
}

TEST(AcceleratorReport, IsALineForEach) {
    EXPECT_EQ(accelerators_text({}), "");
    EXPECT_EQ(accelerators_text(one_device()),
              "accelerator nvme2 (0000:03:00.0)  serial S1  2 to compress, 1 to decompress, 1 MiB "
              "a command\n");
}

TEST(AcceleratorReport, HasTheFieldsThatAreDocumented) {
    const auto lines = accelerators_json(one_device());

    ASSERT_EQ(lines.size(), 1u);
    EXPECT_EQ(fields(lines[0]), documented("accelerator"));
    EXPECT_EQ(lines[0].at("compress_cores"), 2);
}

}  // namespace
}  // namespace peerpress::client
