// What devices, topology and doctor tell, as lines of --json: pure functions; docs/cli.md describes
// each field.
#pragma once

#include "io/topology/doctor.hpp"
#include "io/topology/verdict.hpp"

#include <boost/json.hpp>

#include <string>
#include <vector>

namespace peerpress::client {

// NVMe controllers, then what has p2pmem without being one.
std::vector<boost::json::object> devices_json(const io::topology::machine& in);

// NVMe controllers, what has p2pmem, and the bridges above them; then each pair of p2pmem and a
// controller.
std::vector<boost::json::object> topology_json(const io::topology::machine& in);

boost::json::object verdict_json(const std::string& source, const std::string& target,
                                 const io::topology::verdict& judged);

// A line for each check, then the whole.
std::vector<boost::json::object> diagnosis_json(const io::topology::diagnosis& made);

}  // namespace peerpress::client
