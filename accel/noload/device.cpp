#include "accel/noload/device.hpp"

#include "io/nvme_error.hpp"

#include <algorithm>
#include <utility>

namespace peerpress::accel::noload {
namespace {

using clock = core_table::clock;

std::vector<core_state> states_of(const std::vector<core_parts>& cores) {
    std::vector<core_state> states;
    for (const core_parts& core : cores)
        states.push_back({.kind = core.kind, .namespace_id = core.namespace_id});
    return states;
}

std::vector<std::shared_ptr<core_port>> ports_of(std::vector<core_parts> cores) {
    std::vector<std::shared_ptr<core_port>> ports;
    for (core_parts& core : cores) ports.push_back(std::move(core.port));
    return ports;
}

}  // namespace

device::device(asio::any_io_executor executor, device_identity identity,
               std::vector<core_parts> cores, test_memory memory, device_options options)
    : executor_(std::move(executor)),
      identity_(std::move(identity)),
      claimed_span_bytes_(whole_pages(identity_.span_bytes)),
      table_(states_of(cores)),
      memory_(std::move(memory)),
      options_(options),
      recovery_(std::make_shared<asio::steady_timer>(executor_)) {
    ports_ = ports_of(std::move(cores));
    identity_.span_bytes = claimed_span_bytes_;
}

// Whoever lets go of it last may be on another thread.
device::~device() {
    asio::post(executor_, [timer = recovery_] { timer->cancel(); });
}

device_health device::health() const {
    if (drained_) return device_health::drained;
    return well_ ? device_health::serving : device_health::quarantined;
}

device_state device::state() const {
    device_state now{.health = health(),
                     .reason = well_ ? "" : reason_,
                     .quarantines = quarantines_,
                     .cores = table_.states()};
    if (drained_) now.reason = "drained by an administrator";
    return now;
}

void device::let_go() {
    quarantine("it is gone");
    reason_ = "it is gone";
    ports_.clear();
}

void device::succeed(const device_state& former) {
    drained_ = former.health == device_health::drained;
    quarantines_ = former.quarantines;
    table_.succeed(former.cores);
}

awaitable<member_made> device::compress(member_request request) {
    const auto held = shared_from_this();
    const auto room = static_cast<std::uint32_t>(request.span.size() - request.output_offset_bytes);
    const answer done = co_await carry_out({.kind = core_kind::compress,
                                            .command = compress_command(request),
                                            .input_bytes = request.input_bytes,
                                            .output_bytes_max = room,
                                            .alignment_bytes = request.alignment_bytes});
    const member_made made{.bytes = done.bytes, .crc32 = done.crc32};
    if (request.checked) co_await check(request, made);
    co_return made;
}

awaitable<member_data> device::decompress(member_data_request request) {
    const auto held = shared_from_this();
    const auto room = static_cast<std::uint32_t>(request.span.size() - request.output_offset_bytes);
    const answer done = co_await carry_out({.kind = core_kind::decompress,
                                            .command = decompress_command(request),
                                            .input_bytes = request.member_bytes,
                                            .output_bytes_max = room});
    co_return member_data{.bytes = done.bytes, .crc32 = done.crc32};
}

// One core's word against another's. Which of them is wrong does not matter: a device that
// contradicts itself is not to be trusted with either.
awaitable<> device::check(member_request request, member_made made) {
    error_code failed;
    answer found;
    try {
        found = co_await carry_out({.kind = core_kind::decompress,
                                    .command = check_command(request, made),
                                    .input_bytes = made.bytes,
                                    .output_bytes_max = request.input_bytes,
                                    .continues = true});
    } catch (const system_error& error) {
        if (error.code() != codec_errc::bad_data) throw;
        failed = error.code();
    }
    if (!failed && found.bytes == request.input_bytes && found.crc32 == made.crc32) co_return;
    quarantine("what one core compressed is not what another decoded");
    give_up(reason_);
}

void device::check_serving(const work& wanted) const {
    if (wanted.core || (wanted.continues && well_)) return;
    if (health() != device_health::serving) give_up(state().reason);
}

awaitable<answer> device::carry_out(work wanted) {
    std::vector<bool> avoided(table_.size(), wanted.core.has_value());
    if (wanted.core) avoided[*wanted.core] = false;
    for (unsigned tries = 1;;) {
        check_serving(wanted);
        const auto core = table_.pick(wanted.kind, wanted.input_bytes, avoided);
        if (!core) give_up("it has no core to " + std::string(core_kind_name(wanted.kind)));
        const tried made = co_await try_on(*core, wanted);
        if (!made.error) co_return made.value;
        avoided[*core] = true;
        const unsigned others = table_.left(wanted.kind, avoided);
        const std::string why = made.error.message();
        switch (judge(
            {.error = made.error, .final = made.final, .tries = tries, .other_cores = others})) {
            case verdict::retry:
                avoided[*core] = false;
                co_await wait(options_.retry_delay * tries);
                ++tries;
                break;
            case verdict::other_core:
                tries = 1;
                break;
            case verdict::redo_elsewhere:
                if (made.error.category() == codec_category()) throw system_error{made.error};
                give_up(why);
            case verdict::quarantine:
                quarantine(why);
                give_up(why);
            case verdict::done:
            case verdict::blame_data:
            case verdict::fail:
                throw system_error{made.error, identity_.label};
        }
    }
}

awaitable<device::tried> device::try_on(std::size_t core, const work& wanted) {
    io::nvme_command command = wanted.command;
    command.timeout_ms = options_.timeout_ms;
    // Tests are no measure: a checksum is faster than anything a core is there for.
    const std::uint32_t measured_bytes = wanted.core ? 0 : wanted.input_bytes;
    const core_table::ticket ticket = table_.begin(core, measured_bytes, clock::now());
    tried made;
    try {
        if (ports_.empty())
            throw system_error{make_error_code(boost::system::errc::no_such_device)};
        const std::shared_ptr<core_port> port = ports_[core];
        const io::command_result result = co_await port->send(command);
        made.error = meaning_of(result.status);
        made.final = (result.status & io::nvme_do_not_retry) != 0;
        made.value = parse_answer(result.value);
    } catch (const system_error& failed) {
        made.error = failed.code();
    }
    // The data of a compression are never to blame; and what is more than there is room for, or no
    // multiple of what was asked for, was never written as it says.
    const bool blames = wanted.kind == core_kind::compress && made.error == codec_errc::bad_data;
    const bool implausible =
        !made.error && (made.value.bytes > wanted.output_bytes_max ||
                        made.value.bytes % wanted.alignment_bytes != 0 ||
                        (wanted.kind == core_kind::compress && made.value.bytes == 0));
    if (blames || implausible) made.error = device_errc::implausible_answer;
    table_.end(ticket, !made.error, clock::now());
    co_return made;
}

void device::quarantine(const std::string& reason) {
    if (!well_) return;
    well_ = false;
    reason_ = reason;
    ++quarantines_;
    ++setbacks_;
    start_recovery();
}

void device::give_up(const std::string& reason) const {
    throw device_error(device_errc::redo_elsewhere, identity_.label + ": " + reason);
}

awaitable<> device::wait(std::chrono::milliseconds time) {
    asio::steady_timer timer(executor_, time);
    co_await timer.async_wait(asio::use_awaitable);
}

void device::start_recovery() {
    if (std::exchange(recovering_, true)) return;
    asio::co_spawn(executor_, recover(weak_from_this(), recovery_), asio::detached);
}

// Holds the device only while it tests it, so that nothing waits for a timer when it goes.
awaitable<> device::recover(std::weak_ptr<device> of, std::shared_ptr<asio::steady_timer> timer) {
    for (bool well = false; !well;) {
        {
            const std::shared_ptr<device> self = of.lock();
            if (!self) co_return;
            const auto doublings = std::min<std::uint64_t>(
                self->setbacks_ - std::min<std::uint64_t>(self->setbacks_, 1), 16);
            timer->expires_after(std::min(self->options_.quarantine_min * (1 << doublings),
                                          self->options_.quarantine_max));
        }
        const auto [cancelled] = co_await timer->async_wait(asio::as_tuple(asio::use_awaitable));
        const std::shared_ptr<device> self = of.lock();
        if (cancelled || !self || self->ports_.empty()) co_return;
        well = co_await self->pass_test();
        if (well) self->recovering_ = false;
    }
}

}  // namespace peerpress::accel::noload
