#pragma once

#include "client/interruption.hpp"
#include "client/report/reporter.hpp"
#include "client/request.hpp"

#include <memory>
#include <string>

namespace peerpress::client {

// On standard error, or with --json on standard output; `prefix` is "peerpress compress". A program
// that stops reading its lines stops the work.
std::unique_ptr<reporter> make_reporter(const output_choice& choice, const std::string& prefix,
                                        jobs::operation operation, interruption& interrupted);

}  // namespace peerpress::client
