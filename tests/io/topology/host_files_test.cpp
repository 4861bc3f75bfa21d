#include "io/topology/host_files.hpp"

#include "tests/support/fake_machine.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

namespace peerpress::io::topology {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class HostFiles : public testing::Test {
protected:
    test::fake_machine machine;
    host_files files = machine.files();
};

TEST_F(HostFiles, TrimsLines) {
    machine.write("sys/a", "  S64GNE0T  \nmore\n");

    EXPECT_EQ(files.line("/sys/a"), "S64GNE0T");
    EXPECT_EQ(files.text("/sys/a"), "  S64GNE0T  \nmore\n");
}

TEST_F(HostFiles, ReadsNumbersAsSysfsWritesThem) {
    machine.write("sys/decimal", "-1\n");
    machine.write("sys/hexadecimal", "0x010802\n");
    machine.write("sys/odd", "12 34\n");
    machine.write("sys/empty", "");
    machine.write("sys/huge", "99999999999999999999\n");

    EXPECT_EQ(files.integer("/sys/decimal"), -1);
    EXPECT_EQ(files.integer("/sys/hexadecimal"), 0x010802);
    for (const char* name : {"/sys/odd", "/sys/empty", "/sys/huge", "/sys/missing"})
        EXPECT_EQ(files.integer(name), std::nullopt) << name;
}

TEST_F(HostFiles, ReadsNothingThatIsNotARegularFile) {
    machine.make("sys/directory");
    ASSERT_EQ(::mkfifo((machine / "sys/fifo").c_str(), 0600), 0);

    EXPECT_EQ(files.text("/sys/directory"), std::nullopt);
    EXPECT_EQ(files.text("/sys/fifo"), std::nullopt);
}

TEST_F(HostFiles, ListsNamesInOrder) {
    machine.write("sys/d/b", "");
    machine.write("sys/d/a", "");

    EXPECT_THAT(files.names("/sys/d"), ElementsAre("a", "b"));
    EXPECT_THAT(files.names("/sys/missing"), IsEmpty());
}

TEST_F(HostFiles, StopsReadingAtItsLimit) {
    machine.write("sys/long", std::string(host_files::content_bytes_max + 100000, 'x'));

    const auto text = files.text("/sys/long");

    ASSERT_TRUE(text);
    EXPECT_LT(text->size(), host_files::content_bytes_max + 65536);
}

TEST(Split, LeavesEmptyPiecesOut) {
    EXPECT_THAT(split("//a/b//c/", '/'), ElementsAre("a", "b", "c"));
}

}  // namespace
}  // namespace peerpress::io::topology
