// MSI-X vectors: each an eventfd of QEMU's, which keeps the vectors' table itself.
//
// An interrupt that finds its vector without an eventfd is kept, and sent when there is one: Linux
// takes vectors away and gives them back while it probes.
#pragma once

#include "io/unique_fd.hpp"

#include <cstdint>
#include <vector>

namespace peerpress::accel::model {

class interrupts {
public:
    explicit interrupts(std::uint32_t vectors) : vectors_(vectors) {}

    std::uint32_t count() const { return static_cast<std::uint32_t>(vectors_.size()); }

    // Takes vector away where there is no file. Precondition: vector < count().
    void assign(std::uint32_t vector, io::unique_fd file);
    void disable();  // takes all away
    void forget();   // what was kept

    void raise(std::uint32_t vector);  // one that is not there is ignored

private:
    struct vector_state {
        io::unique_fd file;
        bool kept = false;
    };
    static void send(vector_state& vector);

    std::vector<vector_state> vectors_;
};

}  // namespace peerpress::accel::model
