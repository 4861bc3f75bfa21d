#include "client/grammar/file_grammars.hpp"

#include "client/units.hpp"

namespace peerpress::client {

list_grammar::list_grammar()
    : command_grammar("list", "Show what compressed files hold",
                      "Sizes come from the members' length fields where every member has one; "
                      "otherwise the file is "
                      "decoded to find them.") {
    operands(request_.files, "FILE...", 1);
    add_output_options(request_.output);
}

cat_grammar::cat_grammar()
    : command_grammar("cat", "Write a file's data, or a part of them, to standard output",
                      "A range is read without decoding what lies before it where the file's "
                      "members carry their "
                      "lengths, as those of peerpress and BGZF do; other files have no random "
                      "access. A range that "
                      "goes past the end of the data is clipped.") {
    operands(files_, "FILE", 1, 1);
    value(
        "--range", "OFF:LEN",
        [this](const std::string& given) {
            request_.range = parse_range(given);
            if (!request_.range)
                refuse_value("--range", given, "must be OFFSET:LENGTH, OFFSET: or :LENGTH");
        },
        "Only LEN bytes from OFF on; without LEN all that follow");
    value(
        "--max-output", "SIZE",
        [this](const std::string& given) {
            request_.output_bytes_max = size_value("--max-output", given);
        },
        "Fail a file that decodes to more than SIZE bytes");
    value(
        "--threads", "N",
        [this](const std::string& given) {
            request_.threads =
                static_cast<std::uint32_t>(number_value("--threads", given, 1, 1024));
        },
        "Use N codec threads");
    flag("-v,--verbose", request_.output.verbose, "Say on standard error how the data were read");
    flag("-q,--quiet", request_.output.quiet, "Print errors only");
}

request cat_grammar::finish() {
    request_.file = files_.front();
    return request_;
}

}  // namespace peerpress::client
