#include "client/gzip/gzip_command.hpp"

#include "client/gzip/gzip_session.hpp"
#include "client/manual/help.hpp"
#include "client/version.hpp"

#include <iostream>

namespace peerpress::client::gzip {

int run(const std::vector<std::string>& arguments, interruption& interrupted) {
    const gzip_request request = parse_gzip_command_line(arguments);
    if (request.action == action::help) {
        std::cout << manual::help(gzip_model()) << std::flush;
        return 0;
    }
    if (request.action == action::version) {
        std::cout << "peerpress gzip " << version << std::endl;
        return 0;
    }
    gzip_session session(request, interrupted);
    return session.run();
}

}  // namespace peerpress::client::gzip
