// The lines of --json as values: pure functions; docs/cli.md describes each field.
#pragma once

#include "client/report/reporter.hpp"
#include "pipeline/transfer.hpp"

#include <boost/json.hpp>

#include <string>
#include <string_view>

namespace peerpress::client {

boost::json::object progress_json(const progress_sample& sample);
boost::json::object file_json(const jobs::file_result& file);
boost::json::object summary_json(const job_summary& summary);
boost::json::object error_json(const jobs::problem& problem, int exit_code);
boost::json::object listing_json(const std::string& name, const pipeline::listing& listing);

// Sets `key`, and `key`_base64 where the bytes of the name are not UTF-8 (`key` then shows U+FFFD
// in their place).
void put_name(boost::json::object& into, std::string_view key, std::string_view name);

boost::json::array paths_json(const std::vector<jobs::path_bytes>& paths);

}  // namespace peerpress::client
