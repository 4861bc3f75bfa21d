// ISA-L, libdeflate and zlib behind the engine seam, on a thread pool.
#pragma once

#include "accel/accelerator.hpp"

#include <memory>

namespace peerpress::accel::software {

struct engine_options {
    std::uint32_t threads =
        0;  // 0: the cores this process may use (sched_getaffinity and the cgroup's CPU quota)
};

// Destroy it before the executor; requests under way must have completed.
std::unique_ptr<accelerator> make_engine(asio::any_io_executor executor,
                                         engine_options options = {});

// The codec that serves a level, for people: "ISA-L 1", "libdeflate 6", "zlib 9".
std::string codec_name(int level, codec codec);

}  // namespace peerpress::accel::software
