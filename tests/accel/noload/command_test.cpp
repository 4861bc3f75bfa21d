#include "accel/noload/command.hpp"

#include "accel/noload/wire.hpp"
#include "io/nvme_error.hpp"

#include <gtest/gtest.h>

#include <array>

namespace peerpress::accel::noload {
namespace {

alignas(4096) std::array<std::byte, 1 << 20> memory;

TEST(Command, CompressesTheFrontOfASpanIntoTheRest) {
    const io::nvme_command made = compress_command({.span = memory,
                                                    .input_bytes = 480 << 10,
                                                    .output_offset_bytes = 480 << 10,
                                                    .alignment_bytes = 4096,
                                                    .level = 3});

    EXPECT_EQ(made.opcode, 0x82);
    EXPECT_EQ(made.cdw10, (1u << 20) / 4);
    EXPECT_EQ(made.cdw11, 0u);
    EXPECT_EQ(made.cdw12, 480u << 10);
    EXPECT_EQ(made.cdw13, 480u << 10);
    EXPECT_EQ(made.cdw14, 12u << 8 | 3u << 4 | 1u);
    EXPECT_EQ(made.cdw15, 0u);
    EXPECT_EQ(made.data.data(), memory.data());
    EXPECT_EQ(made.data.size(), memory.size());
}

TEST(Command, HintsNoLevelBeyondTheCommandSets) {
    const io::nvme_command made = compress_command({.span = memory, .level = 99});

    EXPECT_EQ(made.cdw14 >> 4 & 0xf, level_hint_max);
}

TEST(Command, DecompressesAMemberThatStartsWithinABlock) {
    const io::nvme_command made = decompress_command({.span = bytes_span(memory).first(131'072),
                                                      .skip_bytes = 512,
                                                      .member_bytes = 10'000,
                                                      .output_offset_bytes = 12'288});

    EXPECT_EQ(made.opcode, 0x86);
    EXPECT_EQ(made.cdw10, 131'072u / 4);
    EXPECT_EQ(made.cdw12, 10'000u);
    EXPECT_EQ(made.cdw13, 12'288u);
    EXPECT_EQ(made.cdw14, 1u);
    EXPECT_EQ(made.cdw15, 512u);
}

TEST(Command, ChecksAMemberWhereItLies) {
    const member_request request{.span = memory, .input_bytes = 4096, .output_offset_bytes = 8192};

    const io::nvme_command made = check_command(request, {.bytes = 4096, .crc32 = 1});

    EXPECT_EQ(made.opcode, 0x86);
    EXPECT_EQ(made.data.data(), memory.data() + 8192);
    EXPECT_EQ(made.data.size(), 4096u);
    EXPECT_EQ(made.cdw12, 4096u);
    EXPECT_EQ(made.cdw13, 0u);
    EXPECT_EQ(made.cdw14, 1u << 13 | 1u);
}

TEST(Command, SumsAWholeSpan) {
    const io::nvme_command made = checksum_command(memory);

    EXPECT_EQ(made.opcode, 0x8a);
    EXPECT_EQ(made.cdw10, (1u << 20) / 4);
    EXPECT_EQ(made.cdw12, 1u << 20);
    EXPECT_EQ(made.cdw14, 0u);
}

TEST(Command, ReadsLengthAndChecksumFromTheResult) {
    const answer done = parse_answer(0x11223344'00001000);

    EXPECT_EQ(done.bytes, 0x1000u);
    EXPECT_EQ(done.crc32, 0x11223344u);
}

TEST(Command, TellsWhatTheDataAreToBlameForFromTheRest) {
    EXPECT_FALSE(meaning_of(0));
    EXPECT_EQ(meaning_of(status::output_too_small), codec_errc::output_too_small);
    EXPECT_EQ(meaning_of(status::bad_format | io::nvme_do_not_retry), codec_errc::bad_data);
    EXPECT_EQ(meaning_of(status::data_check_error), codec_errc::bad_data);
    EXPECT_EQ(meaning_of(status::internal_error), io::nvme_errc::internal);
}

}  // namespace
}  // namespace peerpress::accel::noload
