// Work of several flows, taken in turn: round robin over the flows that have some, first come first
// served within each. So what a newcomer waits for is one item of every other flow, however much
// they have queued. Not thread-safe.
#pragma once

#include "io/staging.hpp"

#include <cassert>
#include <deque>
#include <unordered_map>
#include <utility>

namespace peerpress::accel::software {

template <class Item>
class fair_queue {
public:
    bool empty() const { return turns_.empty(); }

    void push(io::flow_id flow, Item item) {
        std::deque<Item>& items = items_[flow];
        if (items.empty()) turns_.push_back(flow);
        items.push_back(std::move(item));
    }

    Item pop() {
        assert(!empty());
        const io::flow_id flow = turns_.front();
        turns_.pop_front();
        const auto found = items_.find(flow);
        Item item = std::move(found->second.front());
        found->second.pop_front();
        if (found->second.empty()) {
            items_.erase(found);  // flows come and go; a finished one leaves nothing
        } else {
            turns_.push_back(flow);
        }
        return item;
    }

private:
    std::deque<io::flow_id> turns_;  // each flow that has items, once
    std::unordered_map<io::flow_id, std::deque<Item>> items_;
};

}  // namespace peerpress::accel::software
