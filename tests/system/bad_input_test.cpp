// What goes wrong comes back through the server as one clear line, with nothing lost.
#include "tests/system/server_fixture.hpp"

namespace peerpress {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

class SystemBadInput : public ServerFixture {
protected:
    // Fails with `code` and one line that says all of `parts`; files and their content stay.
    void expect_refusal(const words& command, int code, const words& parts) {
        const auto before = contents();
        const auto run = asked(command);
        SCOPED_TRACE(testing::PrintToString(command));
        EXPECT_EQ(run.exit_code, code) << run.err;
        EXPECT_EQ(lines(run.err), 1u) << run.err;
        for (const std::string& part : parts) EXPECT_THAT(run.err, HasSubstr(part));
        EXPECT_TRUE(contents() == before);
    }
    std::map<std::string, std::string> contents() const {
        std::map<std::string, std::string> all;
        for (const std::string& name : names()) {
            if (std::filesystem::is_regular_file(std::filesystem::symlink_status(at(name))))
                all[name] = read_file(at(name));
            else
                all[name] = "";
        }
        return all;
    }
};

TEST_F(SystemBadInput, OfASourceThatCannotBeOne) {
    start_server();
    ASSERT_EQ(shell("mkdir d; mkfifo fifo; echo x > real; ln -s real link; ln -s nowhere dangling")
                  .exit_code,
              0);
    expect_refusal({"compress", "missing"}, 1, {"missing", "No such file"});
    expect_refusal({"compress", "d"}, 2, {"d", "directory"});
    expect_refusal({"compress", "fifo"}, 2, {"fifo", "not a regular file"});
    expect_refusal({"compress", "/dev/null"}, 2, {"/dev/null", "not a regular file"});
    expect_refusal({"compress", "link"}, 1, {"link", "symbolic link"});
    expect_refusal({"compress", "dangling"}, 1, {"dangling", "symbolic link"});
}

TEST_F(SystemBadInput, OfADestinationThatMayNotBeWritten) {
    start_server();
    ASSERT_EQ(shell("echo x > a; echo other > a.gz; ln a hard").exit_code, 0);
    expect_refusal({"compress", "a"}, 2, {"a.gz", "exists"});
    expect_refusal({"compress", "-f", "-o", "a", "a"}, 1, {"a", "same file"});
    expect_refusal({"compress", "-f", "-o", "hard", "a"}, 1, {"hard", "same file"});
    expect_refusal({"compress", "-o", "no/such/b.gz", "a"}, 1, {"no/such", "does not exist"});
}

TEST_F(SystemBadInput, OfBrokenFilesNamesTheMemberAndItsOffset) {
    start_server();
    write_file(at("a"), numbers(600'000));
    ASSERT_EQ(asked({"compress", "a"}).exit_code, 0);
    const std::string good = read_file(at("a.gz"));
    std::filesystem::remove(at("a"));
    std::filesystem::remove(at("a.gz"));

    write_file(at("cut.gz"), good.substr(0, good.size() - 5));
    std::string crc = good;
    crc[crc.size() - 8] ^= 1;
    write_file(at("crc.gz"), crc);
    std::string size = good;
    size[size.size() - 4] ^= 1;
    write_file(at("size.gz"), size);
    write_file(at("text.gz"), "no gzip at all");
    write_file(at("empty.gz"), "");

    for (const std::string operation : {"decompress", "test"}) {
        expect_refusal({operation, "cut.gz"}, 1, {"cut.gz", "member 3 at offset"});
        expect_refusal({operation, "crc.gz"}, 1, {"crc.gz", "member 3 at offset"});
        expect_refusal({operation, "size.gz"}, 1, {"size.gz", "member 3 at offset"});
        expect_refusal({operation, "text.gz"}, 1, {"text.gz", "not in gzip"});
        expect_refusal({operation, "empty.gz"}, 1, {"empty.gz"});
    }
}

TEST_F(SystemBadInput, OfTrailingGarbageIsAWarning) {
    start_server();
    write_file(at("a"), numbers(100));
    ASSERT_EQ(asked({"compress", "--rm", "a"}).exit_code, 0);
    write_file(at("a.gz"), read_file(at("a.gz")) + "garbage");

    const auto run = asked({"decompress", "a.gz"});

    EXPECT_EQ(run.exit_code, 2) << run.err;
    EXPECT_THAT(run.err, HasSubstr("7 bytes of trailing garbage"));
    EXPECT_EQ(read_file(at("a")), numbers(100));
}

TEST_F(SystemBadInput, ABombMeetsTheServersLimit) {
    start_server({"jobs.output_bytes_max=1000000"});
    ASSERT_EQ(shell("head -c 200M /dev/zero | gzip -9 > bomb.gz").exit_code, 0);
    expect_refusal({"decompress", "bomb.gz"}, 1, {"bomb.gz", "limit"});
}

TEST_F(SystemBadInput, OfTheRequestItself) {
    start_server();
    write_file(at("a"), "x");
    expect_refusal({"compress", "--level", "13", "a"}, 1, {"13"});
    expect_refusal({"watch", "jobs/4c0b4bb0-0000-4000-8000-000000000000"}, 1, {"4c0b4bb0"});
    expect_refusal({"cancel", "jobs/4c0b4bb0-0000-4000-8000-000000000000"}, 1, {"4c0b4bb0"});
}

}  // namespace
}  // namespace peerpress
