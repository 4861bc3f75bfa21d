// Holds lines of --json to what docs/cli.md promises.
#pragma once

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace peerpress::client {

inline std::vector<boost::json::object> parse_lines(const std::string& text) {
    std::vector<boost::json::object> out;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        out.push_back(boost::json::parse(line).as_object());
    }
    return out;
}

inline std::set<std::string> fields(const boost::json::object& line) {
    std::set<std::string> out;
    for (const auto& field : line) out.insert(std::string(field.key()));
    return out;
}

// The fields of a type as docs/cli.md lists them: "### `file`", then rows "| `source` | ...".
inline std::set<std::string> documented(const std::string& type) {
    std::ifstream in(PEERPRESS_SOURCE_DIR "/docs/cli.md");
    std::set<std::string> out;
    bool here = false;
    for (std::string line; std::getline(in, line);) {
        if (line.starts_with("#")) here = line == "### `" + type + "`";
        if (!here || !line.starts_with("| `")) continue;
        out.insert(line.substr(3, line.find('`', 3) - 3));
    }
    return out;
}

inline void expect_as_documented(const boost::json::object& line) {
    const std::string type = boost::json::value_to<std::string>(line.at("type"));
    std::set<std::string> promised = documented(type);
    std::set<std::string> found = fields(line);
    EXPECT_FALSE(promised.empty()) << type << " is not documented";
    // Present where a name is no UTF-8.
    for (const char* optional : {"source_base64", "destination_base64", "target_base64",
                                 "name_base64", "directory_base64"}) {
        promised.erase(optional);
        found.erase(optional);
    }
    EXPECT_THAT(found, testing::UnorderedElementsAreArray(promised)) << type;
}

}  // namespace peerpress::client
