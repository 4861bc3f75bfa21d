// The judgement after one round of a transfer: ask again, or fail.
#pragma once

#include "io/asio.hpp"
#include "io/uring.hpp"

namespace peerpress::io {

class raw_file;

class retry {
public:
    // Rounds in a row that moved nothing. A healthy file never comes near it; without a bound a
    // broken one would keep the lane busy for ever.
    static constexpr int fruitless_rounds_max = 1000;

    void progressed() { fruitless_rounds_ = 0; }

    // A round that succeeded with nothing to show for it. Throws io_error once there were too many.
    void fruitless();

    // A round that failed: returns once it is worth asking again (EAGAIN, EINTR), else throws `ec`.
    awaitable<> after(error_code ec, raw_file& file, readiness readiness);

private:
    int fruitless_rounds_ = 0;
};

}  // namespace peerpress::io
