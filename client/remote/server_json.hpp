// What a server tells, as lines of --json and as lines for people: pure functions.
#pragma once

#include "peerpress/v1/job_service.pb.h"
#include "peerpress/v1/server_service.pb.h"

#include <boost/json.hpp>

#include <string>

namespace peerpress::client {

boost::json::object job_json(const v1::Job& job);
boost::json::object server_json(const v1::ServerInfo& info, const std::string& address);

const char* health_words(v1::DeviceHealth health);  // "serving"

std::string job_header();
std::string job_row(const v1::Job& job);
std::string server_text(const v1::ServerInfo& info, const std::string& address);

}  // namespace peerpress::client
