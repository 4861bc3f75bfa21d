// A core of a device that takes its commands in virtual time, one after the other, and fails, loses
// them and lies as the world has it.
#pragma once

#include "accel/noload/core_port.hpp"
#include "accel/noload/wire.hpp"
#include "accel/software/workbench.hpp"
#include "tests/simulation/world.hpp"

namespace peerpress::simulation {

class simulated_core final : public accel::noload::core_port {
public:
    explicit simulated_core(world& in) : in_(in) {}

    awaitable<io::command_result> send(io::nvme_command command) override;

private:
    using operation = accel::noload::operation;

    io::command_result carry_out(const operation& wanted, bytes_span span, const fault& how);
    io::command_result compress(const operation& wanted, bytes_span span, const fault& how);
    io::command_result decompress(const operation& wanted, bytes_span span, const fault& how);

    world& in_;
    nanoseconds free_at_{0};
    accel::software::workbench bench_;
};

}  // namespace peerpress::simulation
