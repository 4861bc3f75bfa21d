// A benchmark for people, as a table, and for programs, as lines of --json: pure functions, and
// listeners that print what they make.
#pragma once

#include "client/bench/bench_run.hpp"

#include <boost/json.hpp>

#include <memory>
#include <ostream>
#include <string>

namespace peerpress::client::bench {

std::string machine_text(const machine_figures& machine);
std::string disk_text(const disk_figures& disk);
std::string levels_head();
std::string level_text(const level_figures& level);
std::string peers_head();
std::string peer_text(const peer_figures& peer);

boost::json::object machine_json(const machine_figures& machine);
boost::json::object disk_json(const disk_figures& disk);
boost::json::object level_json(const level_figures& level);
boost::json::object peer_json(const peer_figures& peer);

// Each line is written as soon as it is known.
std::unique_ptr<bench_listener> make_bench_listener(std::ostream& out, bool json);

}  // namespace peerpress::client::bench
