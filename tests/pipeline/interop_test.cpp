// Other tools read what we write, and we read what they write. A tool that is not there is passed
// over.
#include "tests/pipeline/handmade_members.hpp"
#include "tests/pipeline/transfer_fixture.hpp"
#include "tests/support/temp_dir.hpp"

#include <sys/wait.h>

#include <filesystem>
#include <fstream>

namespace peerpress {
namespace {

using namespace test;
using pipeline::container;
namespace fs = std::filesystem;

void write_file(const fs::path& path, const bytes& content) {
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(content.data()),
               static_cast<std::streamsize>(content.size()));
}

bytes read_file(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    bytes content;
    std::vector<char> part(1 << 16);
    while (file.read(part.data(), static_cast<std::streamsize>(part.size())) || file.gcount() > 0) {
        const auto* first = reinterpret_cast<const std::byte*>(part.data());
        content.insert(content.end(), first, first + file.gcount());
    }
    return content;
}

int shell(const std::string& command) {
    const int status = std::system(command.c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// The first word of a pipeline's last command is the tool.
bool is_there(const std::string& tool) {
    return shell("command -v " + tool + " >/dev/null 2>&1") == 0;
}

struct tool {
    std::string name;     // for people
    std::string program;  // has to be there
    std::string command;  // reads standard input, writes standard output
};

std::ostream& operator<<(std::ostream& out, const tool& t) {
    return out << t.name;
}

std::string test_name(const testing::TestParamInfo<tool>& info) {
    std::string name;
    for (const char c : info.param.name)
        if (std::isalnum(static_cast<unsigned char>(c))) name += c;
    return name;
}

class Interop : public testing::TestWithParam<tool> {
protected:
    void SetUp() override {
        if (!is_there(GetParam().program)) GTEST_SKIP() << GetParam().program << " is not there";
    }

    // What the tool makes of `input`; its exit status has to be 0.
    bytes through_tool(const bytes& input) {
        write_file(dir / "in", input);
        const std::string from = " < '" + (dir / "in").string() + "'";
        const std::string to = " > '" + (dir / "out").string() + "'";
        EXPECT_EQ(shell(GetParam().command + from + to), 0) << GetParam().command;
        return read_file(dir / "out");
    }

    static std::vector<bytes> contents() {
        return {{},
                bytes(1),
                compressible_bytes(4096, 1),
                compressible_bytes(65280, 2),
                incompressible_bytes(70000, 3),
                bytes(3000000),
                compressible_bytes(3000001, 4)};
    }

    temp_dir dir;
    test_lane on;
};

class ReadsOurs : public Interop {};

TEST_P(ReadsOurs, WhateverContainerLevelAndContent) {
    for (const bytes& data : contents()) {
        for (const container c : {container::gzip, container::bgzf, container::plain}) {
            for (const int level : {1, 6}) {
                SCOPED_TRACE(testing::Message()
                             << pipeline::container_name(c) << " " << level << " " << data.size());
                const bytes file =
                    compressed(on, data, {.container = c, .level = level, .member_bytes = 100000});
                EXPECT_TRUE(through_tool(file) == data);
            }
        }
    }
}

const char* const python_gzip =
    "python3 -c 'import gzip,sys; "
    "sys.stdout.buffer.write(gzip.decompress(sys.stdin.buffer.read()))'";
const char* const python_stream =
    "python3 -c 'import gzip,sys,shutil; shutil.copyfileobj(gzip.open(sys.stdin.buffer), "
    "sys.stdout.buffer)'";

INSTANTIATE_TEST_SUITE_P(
    , ReadsOurs,
    testing::Values(tool{"gunzip", "gunzip", "gunzip -c"}, tool{"zcat", "zcat", "zcat"},
                    tool{"pigz", "pigz", "pigz -dc"}, tool{"igzip", "igzip", "igzip -dc"},
                    tool{"libdeflate", "libdeflate-gunzip", "libdeflate-gunzip -c"},
                    tool{"bgzip", "bgzip", "bgzip -dc"},
                    tool{"bgzip threads", "bgzip", "bgzip -dc -@2"},
                    tool{"python", "python3", python_gzip},
                    tool{"python stream", "python3", python_stream},
                    tool{"busybox", "busybox", "busybox gunzip -c"}),
    test_name);

class IsReadByUs : public Interop {};

TEST_P(IsReadByUs, WhateverTheContent) {
    for (const bytes& data : contents()) {
        SCOPED_TRACE(data.size());
        memory_storage source(through_tool(data), block_512);
        memory_storage target({}, block_4096);

        const outcome end = on.decompress(source, &target);

        ASSERT_TRUE(end.report) << end.text;
        EXPECT_TRUE(target.content() == data);
        EXPECT_EQ(end.report->trailing_garbage_bytes, 0u);
    }
}

const char* const python_writer =
    "python3 -c 'import gzip,sys; sys.stdout.buffer.write(gzip.compress(sys.stdin.buffer.read()))'";
const char* const python_zlib =
    "python3 -c 'import zlib,sys; sys.stdout.buffer.write(zlib.compress(sys.stdin.buffer.read()))'";

INSTANTIATE_TEST_SUITE_P(
    , IsReadByUs,
    testing::Values(tool{"gzip", "gzip", "gzip -c"}, tool{"gzip best", "gzip", "gzip -9c"},
                    tool{"pigz", "pigz", "pigz -c -p2"},
                    tool{"pigz independent", "pigz", "pigz -ci -b128"},
                    tool{"pigz zlib", "pigz", "pigz -cz"}, tool{"igzip", "igzip", "igzip -c"},
                    tool{"libdeflate", "libdeflate-gzip", "libdeflate-gzip -c"},
                    tool{"bgzip", "bgzip", "bgzip -c"}, tool{"python", "python3", python_writer},
                    tool{"python zlib", "python3", python_zlib},
                    tool{"busybox", "busybox", "busybox gzip -c"}),
    test_name);

}  // namespace
}  // namespace peerpress
