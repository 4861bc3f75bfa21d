// Orders and options as people write them, and which commands a rule strikes.
#include "accel/model/faults.hpp"

#include "accel/model/options.hpp"
#include "accel/model/quantity.hpp"

#include <gtest/gtest.h>

namespace peerpress::accel::model {
namespace {

using noload::opcode;

TEST(ModelFaults, StrikeTheNthCommandAndThenEverySoManieth) {
    fault_table table;
    ASSERT_TRUE(table.add(*parse_fault("crc nth=3 every=2 times=2")));

    std::string struck;
    for (int i = 1; i <= 9; ++i) {
        if (!table.strike(0, opcode::compress).empty()) struck += std::to_string(i);
    }

    EXPECT_EQ(struck, "35");
    EXPECT_EQ(table.size(), 0u);
}

TEST(ModelFaults, CountOnlyTheCommandsTheyApplyTo) {
    fault_table table;
    ASSERT_TRUE(table.add(*parse_fault("drop core=1 op=decompress nth=2")));

    EXPECT_TRUE(table.strike(1, opcode::decompress).empty());
    EXPECT_TRUE(table.strike(0, opcode::decompress).empty());
    EXPECT_TRUE(table.strike(1, opcode::compress).empty());
    EXPECT_EQ(table.strike(1, opcode::decompress).size(), 1u);
}

TEST(ModelFaults, LastForEverWhereThatIsAskedFor) {
    fault_table table;
    ASSERT_TRUE(table.add(*parse_fault("stale times=always")));

    for (int i = 0; i < 100; ++i) EXPECT_EQ(table.strike(0, opcode::checksum).size(), 1u);

    table.clear();
    EXPECT_TRUE(table.strike(0, opcode::checksum).empty());
}

TEST(ModelFaults, AreReadWithTheirValues) {
    EXPECT_EQ(parse_fault("status=0x701")->value, 0x701);
    EXPECT_EQ(parse_fault("delay=50ms")->value, 50'000'000);
    EXPECT_EQ(parse_fault("length=-4")->value, -4);
    EXPECT_EQ(parse_fault("flip=17")->value, 17);
    EXPECT_FALSE(parse_fault("flip")->has_value);
    EXPECT_EQ(parse_fault("hang")->value, 0);
}

TEST(ModelFaults, ThatMakeNoSenseAreRefused) {
    for (const char* text :
         {"", "explode", "status", "status=0", "status=0x800", "delay", "delay=5", "length",
          "drop=1", "crc nth=0", "crc nth", "crc nth=x", "crc core=-1", "crc op=erase",
          "crc colour=3", "flip=99999999999999999999", "crc times=0"}) {
        EXPECT_FALSE(parse_fault(text)) << text;
    }
}

TEST(ModelFaults, AreBoundedInNumber) {
    fault_table table;
    for (std::size_t i = 0; i < fault_table::rules_max; ++i) {
        ASSERT_TRUE(table.add(*parse_fault("crc")));
    }
    EXPECT_FALSE(table.add(*parse_fault("crc")));
}

TEST(ModelQuantities, HaveTheirUnits) {
    EXPECT_EQ(parse_size("256M"), 256u << 20);
    EXPECT_EQ(parse_rate("1GB/s"), 1'000'000'000u);
    EXPECT_EQ(parse_rate("20MB"), 20'000'000u);
    EXPECT_EQ(parse_time("50us"), std::chrono::microseconds(50));
    EXPECT_EQ(parse_number("0x1f"), 31u);
    for (const char* text : {"", "M", "1X", "-1", "99999999999G", "1.5G"}) {
        EXPECT_FALSE(parse_size(text)) << text;
    }
    EXPECT_FALSE(parse_time("50"));
}

TEST(ModelOptions, NameCoresOfEachKind) {
    const auto cores = parse_cores("decompress=1,compress=2");
    ASSERT_TRUE(cores);
    ASSERT_EQ(cores->size(), 3u);
    EXPECT_EQ((*cores)[1].type, core_type::compress);
    EXPECT_EQ((*cores)[2].type, core_type::decompress);
    for (const char* text : {"", "compress", "compress=0", "compress=65", "compress=x",
                             "compress=1,compress=1", "crypt=1"}) {
        EXPECT_FALSE(parse_cores(text)) << text;
    }
}

TEST(ModelOptions, AreReadFromTheCommandLine) {
    const char* words[] = {
        "peerpress-model", "--socket", "s",         "--serial", "N",       "--cmb",     "64M",
        "--rate",          "20MB/s",   "--latency", "50us",     "--cores", "compress=1"};
    int status = 0;

    const auto wanted = parse_options(std::size(words), words, status);

    ASSERT_TRUE(wanted);
    EXPECT_EQ(wanted->socket, "s");
    EXPECT_EQ(wanted->device.identity.serial, "N");
    EXPECT_EQ(wanted->device.identity.cores.size(), 1u);
    EXPECT_EQ(wanted->device.cmb_bytes, 64u << 20);
    EXPECT_EQ(wanted->device.pace.bytes_per_second, 20'000'000u);
    EXPECT_EQ(wanted->device.pace.latency, std::chrono::microseconds(50));
}

TEST(ModelOptions, ThatMakeNoSenseEndTheProgram) {
    const auto status_of = [](std::vector<const char*> words) {
        words.insert(words.begin(), "peerpress-model");
        int status = 0;
        EXPECT_FALSE(parse_options(static_cast<int>(words.size()), words.data(), status));
        return status;
    };
    EXPECT_EQ(status_of({"--socket", "s"}), 2);
    EXPECT_EQ(status_of({"--serial", "N"}), 2);
    EXPECT_EQ(status_of({"--socket", "s", "--serial", "N", "--cmb", "1M"}), 2);
    EXPECT_EQ(status_of({"--socket", "s", "--serial", "N", "--cmb", "65M"}), 2);
    EXPECT_EQ(status_of({"--socket", "s", "--serial", "a serial too long for NVMe"}), 2);
    EXPECT_EQ(status_of({"--socket", "s", "--serial", "N", "--rate", "fast"}), 2);
    EXPECT_EQ(status_of({"--tell", "clear"}), 2);
}

}  // namespace
}  // namespace peerpress::accel::model
