// Work of several flows, shared fairly: whoever was given the least so far is next, first come
// first served within a flow. So a newcomer waits for what is being done and for nothing that is
// queued, however much that is, and small work is not held up by as many large pieces.
//
// What an item costs is told when it is done. A flow with nothing here is forgotten; when it comes
// back it counts as having had as much as the one that has had least, and gains nothing by being
// away. Not thread-safe.
#pragma once

#include "io/staging.hpp"

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <tuple>
#include <unordered_map>
#include <utility>

namespace peerpress::accel::software {

template <class Item>
class fair_queue {
public:
    struct taken {
        io::flow_id flow;
        Item item;
    };

    bool empty() const { return waiting_ == 0; }

    void push(io::flow_id flow, Item item) {
        const std::uint64_t least = least_cost();
        const auto [found, is_new] = shares_.try_emplace(flow);
        share& of = found->second;
        if (is_new) of.cost = least;
        if (of.items.empty()) of.turn = ++turns_;
        of.items.push_back(std::move(item));
        ++waiting_;
    }

    // The flow has it until done() is called, once for each.
    taken pop() {
        assert(!empty());
        const auto next = std::ranges::min_element(shares_, {}, [](const auto& entry) {
            const share& of = entry.second;
            return std::tuple(of.items.empty(), of.cost, of.turn);
        });
        share& of = next->second;
        taken result{next->first, std::move(of.items.front())};
        of.items.pop_front();
        of.turn = ++turns_;
        ++of.under_way;
        --waiting_;
        return result;
    }

    // `cost`: in any unit, the same for all.
    void done(io::flow_id flow, std::uint64_t cost) {
        const auto found = shares_.find(flow);
        assert(found != shares_.end() && found->second.under_way > 0);
        share& of = found->second;
        of.cost += cost;
        --of.under_way;
        if (of.items.empty() && of.under_way == 0) shares_.erase(found);
    }

private:
    struct share {
        std::deque<Item> items;
        std::size_t under_way = 0;
        std::uint64_t cost = 0;  // of all that was done, and of nothing under way
        std::uint64_t turn = 0;  // between equals the lowest is next
    };

    std::uint64_t least_cost() const {
        const auto least = std::ranges::min_element(
            shares_, {}, [](const auto& entry) { return entry.second.cost; });
        return least == shares_.end() ? 0 : least->second.cost;
    }

    std::unordered_map<io::flow_id, share> shares_;  // few: one for each job that runs
    std::size_t waiting_ = 0;
    std::uint64_t turns_ = 0;
};

}  // namespace peerpress::accel::software
