#include "client/manual/command_model.hpp"

#include <sstream>

namespace peerpress::client::manual {

std::vector<std::string> choices(const option_model& option) {
    std::vector<std::string> out;
    if (option.value.find('|') == std::string::npos) return out;
    std::istringstream words(option.value);
    for (std::string word; std::getline(words, word, '|');) out.push_back(word);
    return out;
}

bool takes_path(const std::string& value) {
    return value.starts_with("FILE") || value.starts_with("DIR") || value.starts_with("[FILE");
}

std::string full_name(const command_model& command, const char* separator) {
    return command.name.empty() ? "peerpress" : std::string("peerpress") + separator + command.name;
}

}  // namespace peerpress::client::manual
