#include "io/staging.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <utility>

namespace peerpress::io {

namespace {

// A page, which suits every O_DIRECT alignment there is.
constexpr std::size_t half_alignment_bytes = 4096;

std::size_t half_stride(const staging_options& options) {
    const std::size_t bytes = std::size_t{options.input_bytes} + options.slack_bytes;
    return (bytes + half_alignment_bytes - 1) / half_alignment_bytes * half_alignment_bytes;
}

}  // namespace

staging_lease::staging_lease(staging_lease&& other) noexcept
    : pool_(std::exchange(other.pool_, nullptr)), slot_(other.slot_), flow_(other.flow_) {}

staging_lease& staging_lease::operator=(staging_lease&& other) noexcept {
    if (this == &other) return *this;
    const staging_lease returned(std::move(*this));
    pool_ = std::exchange(other.pool_, nullptr);
    slot_ = other.slot_;
    flow_ = other.flow_;
    return *this;
}

staging_lease::~staging_lease() {
    if (pool_ != nullptr) pool_->give_back(slot_, flow_);
}

bytes_span staging_lease::input() const {
    return pool_->half(slot_, 0);
}
bytes_span staging_lease::output() const {
    return pool_->half(slot_, 1);
}

staging_pool::staging_pool(asio::any_io_executor executor, staging_options options)
    : executor_(std::move(executor)),
      options_(options),
      half_stride_bytes_(half_stride(options)),
      memory_(2 * half_stride_bytes_ * options.slots) {
    assert(options.slots > 0);
    assert(std::has_single_bit(options.input_bytes));
    free_.reserve(options.slots);
    for (std::uint32_t slot = options.slots; slot > 0; --slot) free_.push_back(slot - 1);
}

staging_pool::~staging_pool() {
    assert(leased_ == 0 && "a lease outlives its pool");
}

flow_id staging_pool::open_flow() {
    const flow_id id{++flows_opened_};
    flows_.emplace(id, std::make_unique<flow>(executor_));
    return id;
}

void staging_pool::close_flow(flow_id id) {
    const flow& closed = find(id);
    assert(closed.leased == 0 && "the flow still holds slots");
    assert(closed.turn.waiting() == 0 && closed.granted.empty() &&
           "the flow still waits for slots");
    std::erase(turns_, &closed);  // it may stand there for coroutines that went with their context
    flows_.erase(id);
}

awaitable<staging_lease> staging_pool::acquire(flow_id id) {
    flow& of = find(id);
    if (!free_.empty()) {  // then nobody waits: slots that come back are granted at once
        const std::uint32_t slot = free_.back();
        free_.pop_back();
        co_return lease(id, of, slot);
    }
    if (of.turn.waiting() == 0) turns_.push_back(&of);
    co_await of.turn.wait();
    // Woken in the order of waiting, so the first of the granted slots is ours.
    const std::uint32_t slot = of.granted.front();
    of.granted.pop_front();
    co_return lease(id, of, slot);
}

staging_pool::flow_statistics staging_pool::statistics(flow_id id) const {
    const flow& of = *flows_.at(id);
    return {of.granted_count, of.leased, static_cast<std::uint32_t>(of.turn.waiting())};
}

bytes_span staging_pool::half(std::uint32_t slot, std::uint32_t which) const {
    const std::size_t offset_bytes = (2 * std::size_t{slot} + which) * half_stride_bytes_;
    return memory_.bytes().subspan(offset_bytes,
                                   std::size_t{options_.input_bytes} + options_.slack_bytes);
}

staging_pool::flow& staging_pool::find(flow_id id) {
    const auto found = flows_.find(id);
    assert(found != flows_.end() && "the flow is not open");
    return *found->second;
}

staging_lease staging_pool::lease(flow_id id, flow& of, std::uint32_t slot) {
    ++leased_;
    ++of.leased;
    ++of.granted_count;
    return {*this, slot, id};
}

void staging_pool::give_back(std::uint32_t slot, flow_id id) {
    --leased_;
    --find(id).leased;
    free_.push_back(slot);
    grant();
}

// One slot to each flow in turn; a flow that still waits queues up again behind the others.
void staging_pool::grant() {
    while (!free_.empty() && !turns_.empty()) {
        flow& next = *turns_.front();
        turns_.pop_front();
        if (next.turn.waiting() == 0) continue;  // its coroutines went with their context
        next.granted.push_back(free_.back());
        free_.pop_back();
        next.turn.notify_one();
        if (next.turn.waiting() > 0) turns_.push_back(&next);
    }
}

}  // namespace peerpress::io
