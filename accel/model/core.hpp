// One core: a thread that carries out the commands of a namespace, one after the other.
//
// A command: under the lock it is read, checked, and its input copied; without it the core
// computes; under it again the output is written and the completion posted, unless the command's
// queue has gone meanwhile: then nothing is.
#pragma once

#include "accel/model/codec_unit.hpp"
#include "accel/model/parts.hpp"

#include <deque>
#include <thread>
#include <vector>

namespace peerpress::accel::model {

class core {
public:
    core(parts& parts, std::uint32_t index, core_type type, pace pace);
    core(const core&) = delete;
    core& operator=(const core&) = delete;
    ~core();  // parts.stopping is set, or else this waits for ever

    void submit(const core_command& command);  // under the lock

private:
    using lock = std::unique_lock<std::mutex>;
    struct work;

    void run();
    void serve(lock& held, const core_command& command);
    std::uint16_t prepare(const nvme::submission_entry& entry, work& work);
    std::uint16_t find_data(const nvme::submission_entry& entry, work& work);
    void take_input(work& work);
    void compute(lock& held, work& work);
    void spoil(work& work);
    void take_time(lock& held, const core_command& command, const work& work);
    void hang(lock& held, std::chrono::nanoseconds time);
    void finish(const core_command& command, work& work);

    parts& parts_;
    std::uint32_t index_;
    core_type type_;
    pace pace_;
    std::deque<core_command> commands_;
    codec_unit unit_;
    std::vector<std::byte> input_;
    std::vector<std::byte> stale_input_;
    std::thread thread_;
};

}  // namespace peerpress::accel::model
