// The order of one transfer's output: the only place where chunks wait for each other.
//
// Chunks finish in any order, and each takes its turn when all lower ones have passed theirs. It
// cannot deadlock: slots are granted first come, first served, chunks are numbered in the order in
// which they got theirs, and a chunk that waits here holds everything else it needs. So the lowest
// chunk never waits for a slot nor for another chunk, only for the kernel and the engine. Single
// executor: no member is thread-safe.
#pragma once

#include "io/asio.hpp"
#include "io/event.hpp"

#include <cstdint>
#include <map>

namespace peerpress::pipeline {

class layout {
public:
    explicit layout(asio::any_io_executor executor)
        : executor_(executor), passed_event_(executor) {}

    // Waits until every chunk below `index` has passed. Throws operation_aborted once abandoned.
    awaitable<> turn(std::uint64_t index);

    // Called by the chunk whose turn it is: the next one's comes.
    void pass();

    // Waits until at most `count` chunks below `index` have not passed yet, or the layout is
    // abandoned.
    awaitable<> keep_within(std::uint64_t index, std::uint64_t count);

    // The transfer has failed: whoever waits, and whoever comes, is sent away.
    void abandon();

private:
    asio::any_io_executor executor_;
    std::uint64_t next_ = 0;
    bool abandoned_ = false;
    std::map<std::uint64_t, io::event*> waiting_;  // by index, in the frames of turn()
    io::event passed_event_;
};

}  // namespace peerpress::pipeline
