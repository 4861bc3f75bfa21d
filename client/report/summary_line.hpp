// The line a job ends with.
#pragma once

#include "client/report/reporter.hpp"

#include <string>

namespace peerpress::client {

// "3 files, 2.92 GB -> 812 MB, 3.60:1, 1.20 GB/s, 2.43 s, cpu (software)".
std::string summary_line(const job_summary& summary);

}  // namespace peerpress::client
