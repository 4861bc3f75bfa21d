// The device as its host sees it, cores and all.
#include "tests/accel/model/host.hpp"
#include "tests/support/temp_dir.hpp"

#include <zlib.h>

#include <fstream>
#include <sstream>

namespace peerpress::accel::model::test {
namespace {

namespace status = nvme::status;
using noload::opcode;

std::vector<std::byte> inflated(bytes_view member) {
    z_stream stream{};
    inflateInit2(&stream, 16 + 15);
    std::vector<std::byte> plain(4 << 20);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(member.data()));
    stream.avail_in = static_cast<uInt>(member.size());
    stream.next_out = reinterpret_cast<Bytef*>(plain.data());
    stream.avail_out = static_cast<uInt>(plain.size());
    const int code = inflate(&stream, Z_FINISH);
    plain.resize(code == Z_STREAM_END && stream.avail_in == 0 ? stream.total_out : 0);
    inflateEnd(&stream);
    return plain;
}

class ModelDevice : public ::testing::Test {
protected:
    void SetUp() override {
        host_.start();
        fill_with_text(host_.cmb(0, 60 << 10));
    }
    bool holds_input(std::uint64_t member_offset, std::uint32_t bytes) {
        const auto plain = inflated(host_.cmb(member_offset, bytes));
        return std::ranges::equal(plain, host_.cmb(0, 60 << 10));
    }
    std::optional<nvme::completion_entry> compress() {
        return host_.execute(command_at(host::cmb_address, small_compress()));
    }

    host host_;
};

TEST_F(ModelDevice, MakesAWholeMemberThatEndsAtABlock) {
    const auto done = compress();

    ASSERT_EQ(code_of(done), status::success);
    EXPECT_EQ(done->dw0 % 4096, 0u);
    EXPECT_TRUE(holds_input(60 << 10, done->dw0));
    const auto input = host_.cmb(0, 60 << 10);
    EXPECT_EQ(done->dw1, crc32(0, reinterpret_cast<const Bytef*>(input.data()), 60 << 10));
}

TEST_F(ModelDevice, HasAnotherCoreCheckAMemberAndDecodeIt) {
    const auto made = compress();
    ASSERT_EQ(code_of(made), status::success);
    const noload::operation check{.opcode = opcode::decompress,
                                  .span_bytes = 128 << 10,
                                  .skip_bytes = 60 << 10,
                                  .input_bytes = made->dw0,
                                  .check_only = true};
    const noload::operation decode{.opcode = opcode::decompress,
                                   .span_bytes = 256 << 10,
                                   .skip_bytes = 60 << 10,
                                   .input_bytes = made->dw0,
                                   .output_offset_bytes = 128 << 10};

    const auto checked = host_.execute(command_at(host::cmb_address, check, 4));
    const auto decoded = host_.execute(command_at(host::cmb_address, decode, 4));

    ASSERT_EQ(code_of(checked), status::success);
    EXPECT_EQ(checked->dw0, 60u << 10);
    EXPECT_EQ(checked->dw1, made->dw1);
    ASSERT_EQ(code_of(decoded), status::success);
    EXPECT_TRUE(std::ranges::equal(host_.cmb(128 << 10, 60 << 10), host_.cmb(0, 60 << 10)));
}

TEST_F(ModelDevice, TakesInputFromTheHostsMemoryPageByPage) {
    constexpr std::uint64_t list = host::ram_address + 0x8000;
    constexpr std::uint64_t data = host::ram_address + 0x10'0000;
    // 15 pages of input in RAM, in reverse order, then 17 of output in the CMB: by PRPs.
    auto entry = command_at(0, small_compress());
    entry.flags = 0;
    entry.prp1 = data + 14 * 4096;
    entry.prp2 = list;
    for (std::uint64_t page = 1; page < 32; ++page) {
        const std::uint64_t address =
            page < 15 ? data + (14 - page) * 4096 : host::cmb_address + page * 4096;
        noload::store_field(host_.ram(list, 4096), (page - 1) * 8, address);
    }
    for (std::uint64_t page = 0; page < 15; ++page) {
        std::ranges::copy(host_.cmb(page * 4096, 4096),
                          host_.ram(data + (14 - page) * 4096, 4096).begin());
    }

    const auto done = host_.execute(entry);

    ASSERT_EQ(code_of(done), status::success);
    EXPECT_TRUE(holds_input(15 * 4096, done->dw0));
}

TEST_F(ModelDevice, RefusesOutputOutsideItsMemory) {
    constexpr std::uint64_t data = host::ram_address + 0x10'0000;
    fill_with_text(host_.ram(data, 128 << 10));
    const std::vector<std::byte> before(host_.ram(data, 128 << 10).begin(),
                                        host_.ram(data, 128 << 10).end());

    const auto done = host_.execute(command_at(data, small_compress()));

    EXPECT_EQ(code_of(done), status::invalid_field);
    EXPECT_TRUE(std::ranges::equal(host_.ram(data, 128 << 10), before));
}

TEST_F(ModelDevice, RefusesOutputOfWhichOnePageLiesElsewhere) {
    constexpr std::uint64_t list = host::ram_address + 0x8000;
    auto entry = command_at(0, small_compress());
    entry.flags = 0;
    entry.prp1 = host::cmb_address;
    entry.prp2 = list;
    for (std::uint64_t page = 1; page < 32; ++page) {
        noload::store_field(
            host_.ram(list, 4096), (page - 1) * 8,
            page == 31 ? host::ram_address + 0x20'0000 : host::cmb_address + page * 4096);
    }

    EXPECT_EQ(code_of(host_.execute(entry)), status::invalid_field);
}

TEST_F(ModelDevice, SaysWhyItDoesNotDoACommand) {
    const auto refusal = [this](const noload::operation& wanted, std::uint32_t core = 1) {
        return code_of(host_.execute(command_at(host::cmb_address, wanted, core)));
    };
    auto narrow = small_compress();
    narrow.span_bytes = narrow.output_offset_bytes + 64;
    auto overlapping = small_compress();
    overlapping.output_offset_bytes -= 4;
    auto huge = small_compress();
    huge.span_bytes = 2 << 20;
    const noload::operation noise{
        .opcode = opcode::decompress, .span_bytes = 4096, .input_bytes = 4096, .check_only = true};

    EXPECT_EQ(refusal(narrow), status::output_too_small);
    EXPECT_EQ(refusal(overlapping), status::invalid_field);
    EXPECT_EQ(refusal(huge), status::invalid_field);
    EXPECT_EQ(refusal(small_compress(), 4), status::invalid_opcode);
    EXPECT_EQ(refusal(small_compress(), 5), status::invalid_namespace);
    EXPECT_EQ(refusal(noise, 4), status::bad_format);
    EXPECT_EQ(code_of(host_.execute(command_at(0x7777'0000, small_compress()))),
              status::data_transfer_error);
}

TEST_F(ModelDevice, FindsAMemberWhoseTrailerLies) {
    const auto made = compress();
    host_.cmb((60 << 10) + made->dw0 - 8, 1)[0] ^= std::byte{1};

    const auto checked = host_.execute(command_at(host::cmb_address,
                                                  {.opcode = opcode::decompress,
                                                   .span_bytes = 128 << 10,
                                                   .skip_bytes = 60 << 10,
                                                   .input_bytes = made->dw0,
                                                   .check_only = true},
                                                  4));

    EXPECT_EQ(code_of(checked), status::data_check_error);
    EXPECT_EQ(checked->dw0, 0u);
}

TEST_F(ModelDevice, ReadsZerosAndRefusesWritesLikeADisk) {
    constexpr std::uint64_t data = host::ram_address + 0x10'0000;
    fill_with_text(host_.ram(data, 4096));
    nvme::submission_entry entry{
        .opcode = nvme::io_opcode::read, .namespace_id = 1, .prp1 = data, .cdw12 = 7};

    EXPECT_EQ(code_of(host_.execute(entry)), status::success);
    EXPECT_TRUE(std::ranges::all_of(host_.ram(data, 4096),
                                    [](std::byte byte) { return byte == std::byte{0}; }));
    entry.opcode = nvme::io_opcode::write;
    EXPECT_EQ(code_of(host_.execute(entry)), status::write_to_read_only);
    entry.opcode = nvme::io_opcode::read;
    entry.cdw10 = namespace_blocks - 1;
    EXPECT_EQ(code_of(host_.execute(entry)), status::lba_out_of_range);
}

TEST_F(ModelDevice, WritesNothingOnceAResetHasBeenReported) {
    ASSERT_TRUE(host_.device().obey("fault delay=10s"));
    host_.submit_io(command_at(host::cmb_address, small_compress()));

    host_.disable();
    host_.start();
    std::ranges::fill(host_.cmb(60 << 10, 4096), std::byte{0x5a});
    const auto next = host_.execute(command_at(host::cmb_address + (1 << 20), small_compress()));

    EXPECT_EQ(code_of(next), status::success);
    EXPECT_EQ(host_.cmb(60 << 10, 4096)[0], std::byte{0x5a});
}

TEST_F(ModelDevice, DoesWrongAsItIsTold) {
    const auto good = compress();
    const auto told = [this](const char* order) {
        EXPECT_TRUE(host_.device().obey(order)) << order;
        return compress();
    };

    EXPECT_EQ(code_of(told("fault status=0x006")), 0x006);
    EXPECT_EQ(told("fault length=8")->dw0, good->dw0 + 8);
    EXPECT_EQ(told("fault crc")->dw1, good->dw1 ^ 1);
    const auto flipped = told("fault flip");
    EXPECT_EQ(flipped->dw1, good->dw1);
    EXPECT_FALSE(holds_input(60 << 10, flipped->dw0));
    EXPECT_EQ(code_of(told("core 0 down")), status::namespace_not_ready);
    EXPECT_EQ(code_of(told("core 0 up")), status::success);
}

TEST_F(ModelDevice, CompressesStaleInputWithAnAnswerThatAgrees) {
    const auto good = compress();
    fill_with_text(host_.cmb(0, 60 << 10), 3);
    ASSERT_TRUE(host_.device().obey("fault stale"));

    const auto stale = compress();

    EXPECT_EQ(stale->dw1, good->dw1);
    EXPECT_FALSE(holds_input(60 << 10, stale->dw0));
}

TEST_F(ModelDevice, DropsACompletionAndHoldsAllWhileItHangs) {
    ASSERT_TRUE(host_.device().obey("fault drop"));
    host_.submit_io(command_at(host::cmb_address, small_compress()));
    EXPECT_FALSE(host_.wait_io(std::chrono::milliseconds(300)));

    ASSERT_TRUE(host_.device().obey("fault hang"));
    host_.submit_io(command_at(host::cmb_address, small_compress()));
    EXPECT_FALSE(host_.wait_io(std::chrono::milliseconds(300)));
    ASSERT_TRUE(host_.device().obey("resume"));
    EXPECT_EQ(code_of(host_.wait_io()), status::success);
}

TEST_F(ModelDevice, DisappearsWhenItIsTold) {
    ASSERT_TRUE(host_.device().obey("fault disappear nth=2"));
    EXPECT_EQ(code_of(compress()), status::success);
    EXPECT_FALSE(host_.gone());

    host_.submit_io(command_at(host::cmb_address, small_compress()));

    EXPECT_FALSE(host_.wait_io(std::chrono::milliseconds(300)));
    EXPECT_TRUE(host_.gone());
}

TEST_F(ModelDevice, TakesOrdersFromTheGuestOnlyWhereThatIsWanted) {
    const std::string order = "core 0 down";
    constexpr std::uint64_t at = host::ram_address + 0x10'0000;
    std::ranges::copy(std::as_bytes(std::span(order)), host_.ram(at, order.size()).begin());
    const nvme::submission_entry entry{.opcode = order_opcode, .prp1 = at, .cdw10 = 16};
    auto deaf = host::small_device();
    deaf.orders_from_guest = false;
    host other(deaf);
    other.start();

    EXPECT_EQ(code_of(host_.administer(entry)), status::success);
    EXPECT_EQ(code_of(compress()), status::namespace_not_ready);
    EXPECT_EQ(code_of(other.administer(entry)), status::invalid_field);
}

TEST(ModelCores, WorkSideBySideAtTheirPace) {
    auto options = host::small_device();
    // 60 KiB in half a second.
    options.pace = {.bytes_per_second = 120 << 10, .latency = std::chrono::milliseconds(0)};
    host paced(options);
    paced.start();
    const auto begin = std::chrono::steady_clock::now();

    for (const std::uint32_t core : {1u, 2u, 3u}) {
        paced.submit_io(command_at(host::cmb_address, small_compress(), core));
    }
    for (int i = 0; i < 3; ++i) EXPECT_EQ(code_of(paced.wait_io()), status::success);
    const auto time = std::chrono::steady_clock::now() - begin;

    EXPECT_GE(time, std::chrono::milliseconds(490));
    EXPECT_LT(time, std::chrono::milliseconds(1400));
}

TEST(ModelTrace, TellsPerCommandWhatWasReadAndWrittenWhere) {
    const peerpress::test::temp_dir folder;
    const std::string path = folder.path() / "trace";
    {
        host traced(host::small_device(), path);
        traced.start();
        ASSERT_EQ(code_of(traced.execute(command_at(host::cmb_address + 4096, small_compress()))),
                  status::success);
    }
    std::ifstream file(path);
    std::string line;
    while (std::getline(file, line) && !line.starts_with("{\"command\"")) {
    }

    EXPECT_NE(line.find(R"("operation":"compress")"), std::string::npos) << line;
    EXPECT_NE(line.find(R"("read":[{"in":"cmb","at":4096,"bytes":61440}])"), std::string::npos)
        << line;
    EXPECT_NE(line.find(R"("written":[{"in":"cmb","at":65536,"bytes":)"), std::string::npos)
        << line;
}

}  // namespace
}  // namespace peerpress::accel::model::test
