// Looking into a compressed file.
#pragma once

#include "client/in_process/in_process.hpp"

#include <string>

namespace peerpress::client {

struct list_result {
    jobs::problem error;
    pipeline::listing listing;
};

// "-" is standard input. A symbolic link is followed: nothing is written.
list_result list_file(in_process& backend, const std::string& file,
                      const interruption& interrupted);

}  // namespace peerpress::client
