#include "io/retry.hpp"

#include "io/raw_file.hpp"

namespace peerpress::io {

void retry::fruitless() {
    if (++fruitless_rounds_ > fruitless_rounds_max)
        throw system_error{make_error_code(boost::system::errc::io_error), "no progress"};
}

awaitable<> retry::after(error_code ec, raw_file& file, readiness readiness) {
    const bool again = ec == boost::system::errc::resource_unavailable_try_again;
    if (!again && ec != boost::system::errc::interrupted) throw system_error{ec};
    if (++fruitless_rounds_ > fruitless_rounds_max) throw system_error{ec};
    if (!again) co_return;
    if (const error_code failed = co_await file.ready(readiness);
        failed && failed != boost::system::errc::interrupted)
        throw system_error{failed};
}

}  // namespace peerpress::io
