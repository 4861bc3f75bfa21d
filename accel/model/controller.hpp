// The NVMe controller: registers, doorbells, queues. It fetches commands, carries the ordinary ones
// out, hands those for cores on, and posts completions.
//
// States: disabled -> [CC.EN] -> ready -> [CC.EN cleared, reset] -> disabled; from ready to fatal
// (CSTS.CFS) where its queues cannot be reached. No thread and no lock of its own: whoever owns it
// serialises, and calls process() after doorbells and completions.
#pragma once

#include "accel/model/address_space.hpp"
#include "accel/model/administrator.hpp"
#include "accel/model/interrupts.hpp"
#include "accel/model/nvme.hpp"
#include "accel/model/queues.hpp"

#include <cstdint>
#include <functional>
#include <vector>

namespace peerpress::accel::model {

// Which command a completion is for. It may be gone by then: with its queue, or by a reset.
struct ticket {
    std::uint16_t queue = 0;
    std::uint16_t command_id = 0;
    std::uint64_t incarnation = 0;  // of the queue
};

struct core_command {
    model::ticket ticket;
    nvme::submission_entry entry;  // its namespace is that of a core
};

class controller {
public:
    // Every command handed on comes back by complete(), be its ticket good or not.
    using submit_function = std::function<void(const core_command& command)>;

    controller(const address_space& space, interrupts& interrupts, identity identity,
               submit_function submit, order_function order = {});

    // BAR0 below the MSI-X table, in 32-bit words; offset is a multiple of 4.
    std::uint32_t read(std::uint32_t offset) const;
    void write(std::uint32_t offset, std::uint32_t value);

    void process();
    void complete(const ticket& of, std::uint16_t status, std::uint64_t result);
    bool is_current(const ticket& of) const;

    void reset();  // function level, or power-on: registers, too

    // While held, no command is fetched and no completion posted; registers still answer.
    void hold(bool held);
    bool held() const { return held_; }

    const model::identity& identity() const { return administrator_.identity(); }
    void set_core_status(std::size_t core, std::uint32_t status) {
        administrator_.set_core_status(core, status);
    }
    std::uint64_t bad_doorbells() const { return bad_doorbells_; }

private:
    struct completion {
        model::ticket ticket;
        std::uint16_t status = 0;
        std::uint64_t result = 0;
    };

    void write_low(std::uint64_t& at, std::uint32_t value) const;
    void write_high(std::uint64_t& at, std::uint32_t value) const;
    void write_configuration(std::uint32_t value);
    void enable();
    void disable();
    void fail() { csts_ |= nvme::csts::fatal; }
    bool running() const;
    void ring(std::uint32_t offset, std::uint32_t value);
    bool base_differs() const;

    bool fetch_from(std::uint16_t id);
    void execute(std::uint16_t id, const nvme::submission_entry& entry);
    outcome execute_io(const nvme::submission_entry& entry, const ticket& ticket);
    outcome read_zeros(const nvme::submission_entry& entry);
    void post(const completion& done);
    void flush(completion_queue& queue);

    const address_space& space_;
    interrupts& interrupts_;
    queue_table queues_;
    administrator administrator_;
    submit_function submit_;

    std::uint32_t cc_ = 0;
    std::uint32_t csts_ = 0;
    std::uint32_t aqa_ = 0;
    std::uint64_t asq_ = 0;
    std::uint64_t acq_ = 0;
    std::uint64_t cmbmsc_ = 0;

    std::size_t in_flight_ = 0;  // commands handed on
    std::uint64_t bad_doorbells_ = 0;
    bool held_ = false;
    std::vector<completion> held_completions_;
};

}  // namespace peerpress::accel::model
