// All that a run is surrounded by: the kernel behind its ring, the file system's calls, devices'
// cores, the software engine's threads; with a seed that decides how long each thing takes, and
// faults that decide what goes wrong.
//
// One world at a time. Outside of running() everything works, and nothing takes time.
#pragma once

#include "io/asio.hpp"
#include "tests/simulation/faults.hpp"
#include "tests/simulation/ledger.hpp"
#include "tests/simulation/simulated_ring.hpp"
#include "tests/simulation/virtual_time.hpp"

#include <cstdint>
#include <functional>
#include <random>
#include <vector>

namespace peerpress::simulation {

class world final : public ring_kernel {
public:
    world(std::uint64_t seed, simulation::faults& faults);
    world(const world&) = delete;
    world& operator=(const world&) = delete;
    ~world() override;

    static world* current();

    // The lane's thread is in the world for as long as this lives.
    class running {
    public:
        explicit running(world& in);
        running(const running&) = delete;
        running& operator=(const running&) = delete;
        ~running();

    private:
        world& in_;
    };
    bool runs() const { return virtual_time::instance().passes_here() && !quiet_; }

    // Nothing goes wrong while it lives: whoever looks on is no part of the run.
    class quietly {
    public:
        explicit quietly(world& in) : in_(in), before_(in.quiet_) { in_.quiet_ = true; }
        quietly(const quietly&) = delete;
        quietly& operator=(const quietly&) = delete;
        ~quietly() { in_.quiet_ = before_; }

    private:
        world& in_;
        bool before_;
    };

    fault next(occasion what);
    std::mt19937_64& random() { return random_; }
    // Between `least` and eight times as much; seconds where it is late.
    nanoseconds some_time(nanoseconds least, const fault& how);

    simulation::ledger ledger;

    // How many faults there were, and how many occasions.
    std::uint64_t faults_made() const { return faults_made_; }
    std::uint64_t occasions() const { return occasions_; }
    std::uint64_t lies_told() const { return lies_told_; }
    std::uint32_t in_flight() const { return in_flight_; }

    // Called while virtual time passes, at that time since the run began.
    void at(nanoseconds when, std::function<void()> event) { planned_.push_back({when, event}); }

    // --- ring_kernel
    void start(const ring_operation& wanted,
               std::function<void(std::int32_t result)> complete) override;

private:
    struct planned_event {
        nanoseconds when{};
        std::function<void()> happen;
    };

    [[noreturn]] void hang() const;
    std::int32_t carry_out(const ring_operation& wanted, const fault& how);
    std::int32_t transfer(const ring_operation& wanted, const fault& how);

    std::uint64_t seed_;
    simulation::faults& faults_;
    std::mt19937_64 random_;
    bool quiet_ = false;
    std::vector<planned_event> planned_;
    std::uint64_t faults_made_ = 0;
    std::uint64_t occasions_ = 0;
    std::uint64_t lies_told_ = 0;
    std::uint32_t in_flight_ = 0;
};

// Some microseconds of virtual time later; at once outside of a run.
void after_a_moment(std::function<void()> event);

awaitable<> sleep_for(nanoseconds time);

}  // namespace peerpress::simulation
