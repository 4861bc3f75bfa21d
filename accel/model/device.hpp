// The whole device: its parts, its cores, and orders to it. Thread-safe, but for construction and
// destruction.
#pragma once

#include "accel/model/core.hpp"
#include "accel/model/parts.hpp"
#include "accel/model/vfio_user.hpp"

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

namespace peerpress::accel::model {

class device {
public:
    // `disappear` is called once, from any thread, where the device is to be gone.
    device(const device_options& options, trace trace, std::function<void()> disappear);
    device(const device&) = delete;
    device& operator=(const device&) = delete;
    ~device();

    // The reply to a message; none of them takes long.
    vfio_user::reply handle(vfio_user::request& request);
    // What the message has set off, after the reply: a guest's processor waits for that one.
    void work();

    // "fault ...", "clear", "resume", "core N down|up", "disappear". False: no such order.
    bool obey(std::string_view order);

private:
    bool obey_locked(std::string_view order);
    bool obey_fault(std::string_view text);
    bool obey_core(std::string_view text);
    void submit(const core_command& command);

    std::function<void()> disappear_;
    parts parts_;
    std::vector<std::unique_ptr<core>> cores_;
};

}  // namespace peerpress::accel::model
