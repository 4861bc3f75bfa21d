// One benchmark, step by step: each result is handed over as soon as it is there.
#pragma once

#include "client/bench/figures.hpp"
#include "client/interruption.hpp"
#include "client/request.hpp"

namespace peerpress::client::bench {

class bench_listener {
public:
    virtual ~bench_listener() = default;
    virtual void on_machine(const machine_figures& machine) = 0;
    virtual void on_disk(const disk_figures& disk) = 0;
    virtual void on_level(const level_figures& level) = 0;
    virtual void on_peer(const peer_figures& peer) = 0;
};

// Throws jobs::problem_error and system_error.
figures run_bench(const bench_request& request, bench_listener& listener,
                  const interruption& interrupted);

}  // namespace peerpress::client::bench
