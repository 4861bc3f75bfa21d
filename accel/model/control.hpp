// Orders while the device runs: a Unix socket, one order per connection, answered with "ok" or
// "no such order" and a line's end. A thread of its own, so that nobody who dawdles holds up the
// device.
#pragma once

#include "io/unique_fd.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <thread>

namespace peerpress::accel::model {

class control {
public:
    using obey_function = std::function<bool(std::string_view order)>;

    control(const std::string& path, obey_function obey);  // throws system_error
    control(const control&) = delete;
    control& operator=(const control&) = delete;
    ~control();

private:
    void run();
    void answer(const io::unique_fd& client);

    std::string path_;
    obey_function obey_;
    io::unique_fd listener_;
    std::thread thread_;
};

// The other side. True where the order was carried out. Throws system_error.
bool tell(const std::string& path, std::string_view order);

}  // namespace peerpress::accel::model
