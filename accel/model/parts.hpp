// What the device consists of, but for its threads: one lock over all of it.
//
// The lock stands for the one PCIe link: all DMA happens under it, so that memory which the host
// takes away, or a reset, never meets a copy that is under way. Cores let go of it while they
// compute.
#pragma once

#include "accel/model/address_space.hpp"
#include "accel/model/cmb.hpp"
#include "accel/model/controller.hpp"
#include "accel/model/dma_table.hpp"
#include "accel/model/faults.hpp"
#include "accel/model/interrupts.hpp"
#include "accel/model/pci_config.hpp"
#include "accel/model/trace.hpp"

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>

namespace peerpress::accel::model {

// How fast a core pretends to be; it may turn out slower.
struct pace {
    std::uint64_t bytes_per_second = 0;   // of input; 0: as fast as it can
    std::chrono::nanoseconds latency{0};  // of each command, besides
};

struct device_options {
    model::identity identity;
    std::uint64_t cmb_bytes = 256 << 20;
    model::pace pace{};
    bool orders_from_guest = false;
};

struct parts {
    parts(const device_options& options, model::trace trace,
          model::controller::submit_function submit, order_function order = {})
        : cmb(options.cmb_bytes),
          config(queues_max, options.cmb_bytes),
          space(cmb, config, memory),
          interrupts(queues_max),
          controller(space, interrupts, options.identity, std::move(submit), std::move(order)),
          trace(std::move(trace)) {}

    std::mutex mutex;
    std::condition_variable changed;  // commands, resets, the end of a hang, the end of all

    model::cmb cmb;
    pci_config config;
    dma_table memory;
    address_space space;
    model::interrupts interrupts;
    model::controller controller;
    fault_table faults;
    model::trace trace;
    bool stopping = false;
    std::function<void()> disappear = [] {};  // called under the lock
};

}  // namespace peerpress::accel::model
