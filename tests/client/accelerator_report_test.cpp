#include "client/report/accelerator_report.hpp"

#include "tests/client/documented_json.hpp"

#include <gtest/gtest.h>

namespace peerpress::client {
namespace {

using accel::noload::found_device;

found_device one_device(const std::string& address = "0000:03:00.0") {
    using accel::core_kind;
    return {.identity = {.address = address,
                         .serial = "S1",
                         .label = "nvme2 (" + address + ")",
                         .model = "Model",
                         .span_bytes = 1 << 20},
            .allocate_path = "",
            .cores = {{.kind = core_kind::compress, .namespace_id = 1, .path = "/dev/ng2n1"},
                      {.kind = core_kind::compress, .namespace_id = 2, .path = "/dev/ng2n2"},
                      {.kind = core_kind::decompress, .namespace_id = 3, .path = "/dev/ng2n3"}}};
}

v1::ServerInfo server_with_one() {
    v1::ServerInfo info;
    v1::Accelerator& one = *info.add_accelerators();
    one.set_address("0000:03:00.0");
    one.set_serial("S1");
    one.set_name("nvme2 (0000:03:00.0)");
    one.set_span_bytes(1 << 20);
    one.set_health(v1::DEVICE_HEALTH_DRAINED);
    one.set_reason("drained by an administrator");
    one.add_cores()->set_kind("compress");
    one.add_cores()->set_kind("decompress");
    return info;
}

TEST(AcceleratorReport, IsALineForEach) {
    EXPECT_EQ(accelerators_text({}), "");
    EXPECT_EQ(accelerators_text({shown(one_device())}),
              "accelerator nvme2 (0000:03:00.0)  serial S1  2 to compress, 1 to decompress, 1 MiB "
              "a command\n");
}

TEST(AcceleratorReport, TellsTheStateOfThoseThatAServerUses) {
    const auto all = shown({one_device(), one_device("0000:04:00.0")}, server_with_one());

    EXPECT_EQ(accelerators_text(all),
              "accelerator nvme2 (0000:03:00.0)  serial S1  1 to compress, 1 to decompress, 1 MiB "
              "a command, drained: drained by an administrator\n"
              "accelerator nvme2 (0000:04:00.0)  serial S1  2 to compress, 1 to decompress, 1 MiB "
              "a command\n");
}

TEST(AcceleratorReport, HasTheFieldsThatAreDocumented) {
    const auto line = accelerator_json(shown(server_with_one().accelerators(0)));

    EXPECT_EQ(fields(line), documented("accelerator"));
    EXPECT_EQ(line.at("compress_cores"), 1);
    EXPECT_EQ(line.at("state"), "drained");
    EXPECT_TRUE(accelerator_json(shown(one_device())).at("state").is_null());
}

}  // namespace
}  // namespace peerpress::client
