// A directory with files, and peerpress run in it: always in process, whatever servers the machine
// has.
#pragma once

#include "tests/support/process.hpp"
#include "tests/support/temp_dir.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace peerpress::client {

using words = std::vector<std::string>;

inline std::string read_file(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

inline void write_file(const std::filesystem::path& path, const std::string& text) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
}

// Compresses well, but not to nothing: a million numbers are 6.9 MB.
inline std::string numbers(int count) {
    std::string text;
    for (int i = 0; i < count; ++i) text += std::to_string(i) + "\n";
    return text;
}

class CommandFixture : public testing::Test {
protected:
    test::process_options options(std::string input = {}) const {
        return {.input = std::move(input),
                .directory = directory_.path(),
                .environment = {
                    {"XDG_RUNTIME_DIR", "/nowhere"}, {"PEERPRESS_SERVER", ""}, {"LC_ALL", "C"}}};
    }
    static words command_line(const words& arguments) {
        words all{PEERPRESS_PROGRAM};
        all.insert(all.end(), arguments.begin(), arguments.end());
        return all;
    }
    test::process_result peerpress(const words& arguments, std::string input = {}) const {
        return test::run_program(command_line(arguments), options(std::move(input)));
    }
    test::process_result shell(const std::string& script) const {
        return test::run_program({"bash", "-c", "P=" PEERPRESS_PROGRAM "; " + script}, options());
    }
    std::filesystem::path at(std::string_view name) const { return directory_ / name; }

    // Names of everything, hidden files too, below the directory.
    std::vector<std::string> names() const {
        std::vector<std::string> out;
        for (const auto& entry : std::filesystem::recursive_directory_iterator(directory_.path())) {
            out.push_back(entry.path().lexically_relative(directory_.path()).string());
        }
        std::ranges::sort(out);
        return out;
    }
    static std::size_t lines(const std::string& text) {
        return static_cast<std::size_t>(std::ranges::count(text, '\n'));
    }

    test::temp_dir directory_;
};

}  // namespace peerpress::client
