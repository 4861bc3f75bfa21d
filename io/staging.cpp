#include "io/staging.hpp"

#include <algorithm>
#include <atomic>
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

std::size_t half_stride(const slot_memory& memory) {
    return memory.slot_bytes() / (2 * half_alignment_bytes) * half_alignment_bytes;
}

staging_options halves_of(const slot_memory& memory, std::uint32_t slack_bytes) {
    const std::size_t half_bytes = half_stride(memory);
    assert(slack_bytes <= half_bytes);
    return {.slots = memory.slots(),
            .input_bytes = static_cast<std::uint32_t>(std::bit_floor(half_bytes - slack_bytes)),
            .slack_bytes = slack_bytes};
}

// The first one on top of the stack.
std::vector<std::uint32_t> all_slots(std::uint32_t count) {
    std::vector<std::uint32_t> slots(count);
    for (std::uint32_t slot = 0; slot < count; ++slot) slots[slot] = count - 1 - slot;
    return slots;
}

// Jobs name the same party to engines, whichever pool their flow is of.
flow_id next_flow() {
    static std::atomic<std::uint64_t> opened{0};
    return flow_id{++opened};
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
bytes_span staging_lease::memory() const {
    return pool_->memory_->slot(slot_);
}

staging_pool::staging_pool(asio::any_io_executor executor, staging_options options)
    : executor_(std::move(executor)),
      options_(options),
      memory_(std::make_unique<host_slots>(options.slots, 2 * half_stride(options))),
      free_(all_slots(options.slots)) {
    assert(std::has_single_bit(options.input_bytes));
    assert(options.flows_promised <= options.slots);
}

staging_pool::staging_pool(asio::any_io_executor executor, std::unique_ptr<slot_memory> memory,
                           std::uint32_t slack_bytes)
    : executor_(std::move(executor)),
      options_(halves_of(*memory, slack_bytes)),
      memory_(std::move(memory)),
      free_(all_slots(options_.slots)) {}

staging_pool::~staging_pool() {
    assert(leased_ == 0 && "a lease outlives its pool");
}

flow_id staging_pool::open_flow() {
    const flow_id id = next_flow();
    flows_.emplace(id, std::make_shared<flow>(executor_));
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

awaitable<staging_lease> staging_pool::acquire(flow_id id, std::stop_token stop) {
    flow& of = find(id);
    // Who may take one passes nobody by: slots that come back are granted at once.
    if (may_take(of)) {
        const std::uint32_t slot = take(of);
        co_return lease(id, of, slot);
    }
    co_await wait_for_turn(id, std::move(stop));
    // Woken in the order of waiting, so the first of the granted slots is ours.
    const std::uint32_t slot = of.granted.front();
    of.granted.pop_front();
    co_return lease(id, of, slot);
}

// Ends with a slot among the granted ones.
awaitable<> staging_pool::wait_for_turn(flow_id id, std::stop_token stop) {
    flow& of = find(id);
    // A stop is asked for on any thread, and may be heard here when the flow is gone.
    const auto wake = [executor = executor_, waiting = std::weak_ptr(flows_.at(id))] {
        asio::post(executor, [waiting] {
            if (const auto there = waiting.lock()) there->turn.notify_all();
        });
    };
    const std::stop_callback on_stop(stop, wake);
    do {
        if (stop.stop_requested()) throw system_error{asio::error::operation_aborted};
        if (std::ranges::find(turns_, &of) == turns_.end()) turns_.push_back(&of);
        co_await of.turn.wait();
    } while (of.granted.empty());
}

bool staging_pool::may_take(const flow& of) const {
    if (free_.empty()) return false;
    // The others that are promised one and hold none, be they open already or not.
    const std::uint32_t promised =
        options_.flows_promised - std::min(options_.flows_promised, flows_holding_);
    return !of.holds_one() || free_.size() > promised;
}

// The caller makes it one of the flow's at once.
std::uint32_t staging_pool::take(flow& by) {
    if (!by.holds_one()) ++flows_holding_;
    const std::uint32_t slot = free_.back();
    free_.pop_back();
    return slot;
}

staging_pool::flow_statistics staging_pool::statistics(flow_id id) const {
    const flow& of = *flows_.at(id);
    return {of.granted_count, of.leased, static_cast<std::uint32_t>(of.turn.waiting())};
}

bytes_span staging_pool::half(std::uint32_t slot, std::uint32_t which) const {
    const std::size_t stride_bytes = half_stride(*memory_);
    return memory_->slot(slot).subspan(which * stride_bytes,
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
    flow& of = find(id);
    --leased_;
    --of.leased;
    if (!of.holds_one()) --flows_holding_;
    free_.push_back(slot);
    grant();
}

// One slot to each flow in turn; a flow that still waits queues up again behind the others.
void staging_pool::grant() {
    for (;;) {
        const auto first =
            std::ranges::find_if(turns_, [this](const flow* of) { return may_take(*of); });
        if (first == turns_.end()) break;
        flow& next = **first;
        turns_.erase(first);
        if (next.turn.waiting() == 0) continue;  // stopped, or gone with their context
        const std::uint32_t slot = take(next);
        next.granted.push_back(slot);
        next.turn.notify_one();
        if (next.turn.waiting() > 0) turns_.push_back(&next);
    }
}

}  // namespace peerpress::io
