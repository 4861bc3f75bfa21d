// The administrator's commands: Identify, queues, features, logs. Decides and does; fetching and
// completing is the controller's.
#pragma once

#include "accel/model/address_space.hpp"
#include "accel/model/identity.hpp"
#include "accel/model/nvme.hpp"
#include "accel/model/queues.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace peerpress::accel::model {

// Vendor specific, host to controller: a text of CDW10 dwords, an order to the model as its control
// socket takes them. No device has this; it is there for tests that run in the guest.
inline constexpr std::uint8_t order_opcode = 0xc1;
inline constexpr std::uint32_t order_bytes_max = 512;
// True where the order was carried out.
using order_function = std::function<bool(std::string_view order)>;

struct outcome {
    std::uint16_t status = nvme::status::success;
    std::uint64_t result = 0;
    bool deferred = false;  // it is completed later, or never
};

class administrator {
public:
    administrator(const address_space& space, queue_table& queues, identity identity,
                  order_function order)
        : space_(space),
          queues_(queues),
          identity_(std::move(identity)),
          order_(std::move(order)) {}

    outcome execute(const nvme::submission_entry& entry);
    void reset() { events_requested_ = 0; }

    const model::identity& identity() const { return identity_; }
    void set_core_status(std::size_t core, std::uint32_t status) {
        identity_.cores.at(core).status = status;
    }

private:
    outcome create_completion_queue(const nvme::submission_entry& entry);
    outcome create_submission_queue(const nvme::submission_entry& entry);
    outcome identify(const nvme::submission_entry& entry);
    outcome get_log_page(const nvme::submission_entry& entry);
    outcome feature(const nvme::submission_entry& entry);
    outcome request_event();
    outcome obey(const nvme::submission_entry& entry);
    outcome answer(const nvme::submission_entry& entry, bytes_view data);

    const address_space& space_;
    queue_table& queues_;
    model::identity identity_;
    order_function order_;
    unsigned events_requested_ = 0;  // none ever happens
};

}  // namespace peerpress::accel::model
