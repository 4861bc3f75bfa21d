// Messages, and the connection they come by.
#include "accel/model/channel.hpp"
#include "accel/model/control.hpp"
#include "tests/accel/model/host.hpp"
#include "tests/support/temp_dir.hpp"

#include <sys/socket.h>

#include <cerrno>

namespace peerpress::accel::model::test {
namespace {

using vfio_user::message_type;
namespace region = vfio_user::region;

TEST(ModelEndpoint, AnswersTheVersionWithoutPromisingSeveralWritesInOne) {
    host host;

    const auto reply =
        host.send(message_type::version, field_writer().put(std::uint32_t{0}).done());

    ASSERT_EQ(reply.error, 0);
    const std::string json(reinterpret_cast<const char*>(reply.payload.data()) + 4);
    EXPECT_NE(json.find("max_data_xfer_size"), std::string::npos);
    EXPECT_EQ(json.find("write_multiple"), std::string::npos);
    EXPECT_EQ(host.send(message_type::version, field_writer().put(std::uint32_t{1}).done()).error,
              EINVAL);
}

TEST(ModelEndpoint, RefusesMessagesItDoesNotKnowOrThatAreCutShort) {
    host host;

    EXPECT_EQ(host.send(static_cast<message_type>(6), {}).error, ENOTSUP);
    EXPECT_EQ(host.send(static_cast<message_type>(999), {}).error, ENOTSUP);
    for (const auto type :
         {message_type::version, message_type::dma_map, message_type::dma_unmap,
          message_type::region_info, message_type::irq_info, message_type::set_irqs,
          message_type::region_read, message_type::region_write}) {
        EXPECT_EQ(host.send(type, std::vector<std::byte>(3)).error, EINVAL)
            << static_cast<int>(type);
    }
}

TEST(ModelEndpoint, KeepsAccessesWithinTheRegions) {
    host host;
    const std::array<std::byte, 8> data{};

    EXPECT_EQ(host.read_region(region::config, config_bytes - 2, 4).error, EINVAL);
    EXPECT_EQ(host.read_region(region::bar0, ~0ull - 1, 4).error, EINVAL);
    EXPECT_EQ(host.read_region(region::bar2, 8 << 20, 1).error, EINVAL);
    EXPECT_EQ(host.read_region(1, 0, 4).error, EINVAL);
    EXPECT_EQ(host.read_region(77, 0, 4).error, EINVAL);
    EXPECT_EQ(host.read_region(region::bar2, 0, 0xffff'ffff).error, EINVAL);
    EXPECT_EQ(host.write_region(region::bar2, (8 << 20) - 4, data), EINVAL);
    EXPECT_EQ(host.write_region(region::config, config_bytes - 4, data), EINVAL);
    EXPECT_EQ(host.write_region(region::bar0, 2, bytes_view(data).first(4)), EINVAL);
    EXPECT_EQ(host.send(message_type::region_write, field_writer()
                                                        .put(std::uint64_t{0})
                                                        .put(region::bar2)
                                                        .put(std::uint32_t{64})
                                                        .put(std::uint32_t{1})
                                                        .done())
                  .error,
              EINVAL);
}

TEST(ModelEndpoint, ReadsAndWritesItsMemoryByMessages) {
    host host;
    const std::uint64_t value = 0x0123'4567'89ab'cdef;

    EXPECT_EQ(host.write_region(region::bar2, 12, std::as_bytes(std::span(&value, 1))), 0);

    EXPECT_EQ(noload::load_field<std::uint64_t>(host.cmb(12, 8), 0), value);
    const auto reply = host.read_region(region::bar2, 12, 8);
    EXPECT_EQ(noload::load_field<std::uint64_t>(reply.payload, 16), value);
}

TEST(ModelEndpoint, SaysTheSizesOfItsBarsAsPciAsks) {
    host host;

    host.write_config(0x18, 0xffff'ffff);
    host.write_config(0x1c, 0xffff'ffff);

    EXPECT_EQ(host.read_config(0x18), 0xff80'000cu);
    EXPECT_EQ(host.read_config(0x1c), 0xffff'ffffu);
    host.write_config(0x00, 0);
    EXPECT_EQ(host.read_config(0x00) & 0xffff, pci_vendor_id);
}

TEST(ModelEndpoint, ResetsTheControllerByFunctionAndLeavesItsBars) {
    host host;
    host.start();

    host.write_config(0x68, 0x8000, 2);

    EXPECT_EQ(host.read_register(nvme::reg::csts), 0u);
    EXPECT_EQ(host.read_register(nvme::reg::asq), 0u);
    EXPECT_EQ(host.read_config(0x18), static_cast<std::uint32_t>(host::cmb_address) | 0xc);
    EXPECT_EQ(host.read_config(0x68) & 0x8000, 0u);

    host.send(message_type::device_reset, {});
    EXPECT_EQ(host.read_config(0x18), 0xcu);
}

TEST(ModelEndpoint, TakesMemoryAwayAndGivesItBack) {
    host host;
    host.start();
    const auto unmap = [&host](std::uint64_t address, std::uint64_t bytes) {
        return host.send(message_type::dma_unmap, field_writer()
                                                      .put(std::uint32_t{24})
                                                      .put(std::uint32_t{0})
                                                      .put(address)
                                                      .put(bytes)
                                                      .done());
    };
    unmap(host::ram_address + 4096, 4096);  // less than was mapped: nothing
    EXPECT_EQ(code_of(host.execute({.opcode = nvme::io_opcode::flush, .namespace_id = 1})), 0);

    unmap(host::ram_address, host::ram_bytes);
    host.ring(0, 1);

    EXPECT_NE(host.read_register(nvme::reg::csts) & nvme::csts::fatal, 0u);
}

TEST(ModelDmaTable, RefusesRangesThatCannotBe) {
    dma_table table;
    const io::unique_fd none;
    io::unique_fd file(memfd_create("small", MFD_CLOEXEC));
    ASSERT_EQ(ftruncate(file.get(), 8192), 0);

    EXPECT_EQ(table.map({.address = 0, .bytes = 0}, none), EINVAL);
    EXPECT_EQ(table.map({.address = ~0ull, .bytes = 2}, none), EINVAL);
    EXPECT_EQ(table.map({.address = 0x1000, .bytes = 0x4000}, file), EINVAL);  // beyond the file
    EXPECT_EQ(table.map({.address = 0x1000, .bytes = 0x1000, .file_offset = ~0ull - 4095}, file),
              EINVAL);
    EXPECT_EQ(table.map({.address = 0x2000, .bytes = 0x2000}, file), 0);
    EXPECT_EQ(table.map({.address = 0x1000, .bytes = 0x1001}, none), EEXIST);
    EXPECT_EQ(table.map({.address = 0x3fff, .bytes = 0x1000}, none), EEXIST);
    EXPECT_EQ(table.size(), 1u);
}

TEST(ModelDmaTable, FindsOnlyWhatMayBeAccessedSo) {
    dma_table table;
    const io::unique_fd none;
    io::unique_fd file(memfd_create("small", MFD_CLOEXEC));
    ASSERT_EQ(ftruncate(file.get(), 8192), 0);
    ASSERT_EQ(table.map({.address = 0x2000, .bytes = 0x2000}, file), 0);
    ASSERT_EQ(table.map({.address = 0x8000, .bytes = 0x1000}, none), 0);

    EXPECT_TRUE(table.find(0x3000, 0x1000, access::read));
    EXPECT_FALSE(table.find(0x3000, 0x1000, access::write));
    EXPECT_FALSE(table.find(0x3000, 0x1001, access::read));
    EXPECT_FALSE(table.find(0x3000, ~0ull, access::read));
    EXPECT_FALSE(table.find(0x1fff, 1, access::read));
    EXPECT_FALSE(table.find(0x8000, 1, access::read));  // another device's memory
    table.unmap(0x2000, 0x2000);
    EXPECT_FALSE(table.find(0x3000, 1, access::read));
}

class ModelChannel : public ::testing::Test {
protected:
    ModelChannel() {
        std::array<int, 2> ends{};
        EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
        peer_ = io::unique_fd(ends[0]);
        channel_.emplace(io::unique_fd(ends[1]));
    }
    void send(const void* bytes, std::size_t count) {
        ASSERT_EQ(::send(peer_.get(), bytes, count, 0), static_cast<ssize_t>(count));
    }

    io::unique_fd peer_;
    std::optional<channel> channel_;
};

TEST_F(ModelChannel, TakesAMessageThatComesInPieces) {
    const vfio_user::header header{.id = 7, .type = 9, .bytes = 20};
    send(&header, 5);
    std::thread rest([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        send(reinterpret_cast<const char*>(&header) + 5, sizeof header - 5);
        send("abcd", 4);
    });

    const auto request = channel_->receive();
    rest.join();

    ASSERT_TRUE(request && *request);
    EXPECT_EQ((*request)->header.id, 7);
    EXPECT_EQ((*request)->payload.size(), 4u);
}

TEST_F(ModelChannel, EndsWhereThePeerGoesOrSendsWhatIsNoMessage) {
    vfio_user::header header{.type = 9, .bytes = 15};
    send(&header, sizeof header);
    EXPECT_TRUE(channel_->receive().has_error());
    header.bytes = 0xffff'ffff;
    send(&header, sizeof header);
    EXPECT_TRUE(channel_->receive().has_error());
    header.bytes = 100;
    send(&header, sizeof header);
    peer_ = {};
    EXPECT_TRUE(channel_->receive().has_error());
    const auto end = channel_->receive();
    ASSERT_TRUE(end);
    EXPECT_FALSE(*end);
}

TEST_F(ModelChannel, RepliesUnlessNobodyWantsAReply) {
    const vfio_user::header posted{.id = 1, .type = 10, .flags = vfio_user::flag::no_reply};
    const vfio_user::header asked{.id = 2, .type = 10};

    EXPECT_TRUE(channel_->send(posted, {}));
    EXPECT_TRUE(channel_->send(asked, {.error = EINVAL}));

    vfio_user::header reply;
    ASSERT_EQ(recv(peer_.get(), &reply, sizeof reply, MSG_DONTWAIT),
              static_cast<ssize_t>(sizeof reply));
    EXPECT_EQ(reply.id, 2);
    EXPECT_EQ(reply.bytes, sizeof reply);
    EXPECT_EQ(reply.flags, vfio_user::flag::reply | vfio_user::flag::error);
    EXPECT_EQ(reply.error, static_cast<std::uint32_t>(EINVAL));
    EXPECT_LT(recv(peer_.get(), &reply, sizeof reply, MSG_DONTWAIT), 0);
}

TEST(ModelControl, TakesOrdersAndSaysWhetherThereAreSuch) {
    const peerpress::test::temp_dir folder;
    const std::string path = folder.path() / "control";
    std::vector<std::string> orders;
    control control(path, [&orders](std::string_view order) {
        orders.emplace_back(order);
        return order == "clear";
    });

    EXPECT_TRUE(tell(path, "clear"));
    EXPECT_FALSE(tell(path, "nonsense"));

    EXPECT_EQ(orders, (std::vector<std::string>{"clear", "nonsense"}));
}

}  // namespace
}  // namespace peerpress::accel::model::test
