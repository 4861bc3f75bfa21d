#include "jobs/p2p_planner.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace peerpress::jobs {

using io::topology::backing;
using verdict_path = io::topology::data_path;
using io::topology::finding;
using io::topology::machine;
using io::topology::obstacle;
using io::topology::pci_address;

namespace {

std::string descriptor_path(int fd) {
    return "/proc/self/fd/" + std::to_string(fd);
}

result<io::topology::path_identity> identify_descriptor(int fd, const std::string& path) {
    auto found = io::topology::identify(descriptor_path(fd));
    if (found) found->path = path;
    return found;
}

// The disk itself where this process may open it; else the file, which lies on it.
std::optional<finding> probe_this_machine(const io::topology::probe_request& request, int fd) {
    std::optional<finding> found = io::topology::probe(request);
    if (found && io::topology::is_uncertain(found->what) && fd >= 0)
        found = io::topology::probe_file(request, fd);
    return found;
}

// What is the same for all files between the same two devices.
using pair_key = std::pair<dev_t, dev_t>;

dev_t device_of(int fd) {
    struct stat status{};
    if (::fstat(fd, &status) != 0) return 0;
    return S_ISBLK(status.st_mode) ? status.st_rdev : status.st_dev;
}

pair_key key_of(const path_question& question) {
    return {device_of(question.source_fd), device_of(question.target_fd)};
}

// Without a wish, all are.
bool is_named(const accel::device_identity& device, const std::vector<std::string>& names) {
    return names.empty() || std::ranges::any_of(names, [&device](const std::string& name) {
               const auto address = io::topology::parse_pci_address(name);
               return name == device.serial || (address && to_string(*address) == device.address);
           });
}

}  // namespace

p2p_machine this_machine() {
    p2p_machine made;
    made.identify = identify_descriptor;
    made.probe = probe_this_machine;
    made.allocate = [](const io::p2pmem_request& request) -> std::unique_ptr<io::slot_memory> {
        return std::make_unique<io::p2pmem_slots>(request);
    };
    return made;
}

std::uint32_t pool_slots(const path_question& question, std::uint64_t budget_bytes) {
    const std::uint64_t affordable = budget_bytes / question.chunk_bytes;
    return static_cast<std::uint32_t>(
        std::clamp<std::uint64_t>(2 * std::uint64_t{question.depth}, 1, affordable));
}

// A job's. Declared here: nobody else makes one.
class p2p_session final : public path_session {
public:
    p2p_session(p2p_planner& planner, path_wish wish, asio::any_io_executor lane)
        : planner_(planner), wish_(std::move(wish)), answered_(std::move(lane)) {}

    awaitable<planned_path> plan(path_question question) override {
        const pair_key key = key_of(question);
        // Files that come while the first one's answer is worked out wait for that.
        while (asking_.contains(key)) co_await answered_.wait();
        if (const auto known = known_.find(key); known != known_.end()) co_return known->second;
        asking_.insert(key);
        planned_path made;
        std::exception_ptr error;
        try {
            made = co_await planner_.plan(std::move(question), wish_);
        } catch (...) {
            error = std::current_exception();
        }
        asking_.erase(key);
        answered_.notify_all();
        if (error) std::rethrow_exception(error);
        co_return known_.try_emplace(key, std::move(made)).first->second;
    }

    awaitable<planned_devices> plan_devices(path_question question) override {
        const pair_key key = key_of(question);
        while (asking_.contains(key)) co_await answered_.wait();
        if (std::exchange(replacements_, planner_.replacements_) != planner_.replacements_)
            known_devices_.clear();
        if (const auto known = known_devices_.find(key); known != known_devices_.end())
            co_return known->second;
        asking_.insert(key);
        planned_devices made;
        std::exception_ptr error;
        try {
            made = co_await planner_.plan_devices(std::move(question), wish_);
        } catch (...) {
            error = std::current_exception();
        }
        asking_.erase(key);
        answered_.notify_all();
        if (error) std::rethrow_exception(error);
        if (made.lasting) known_devices_.insert_or_assign(key, made);
        co_return made;
    }

    void distrust(const path_question& question, std::string reason) override {
        known_devices_.insert_or_assign(key_of(question), planned_devices{.reason = reason});
        known_.insert_or_assign(key_of(question), planned_path{.reason = std::move(reason)});
    }

private:
    p2p_planner& planner_;
    path_wish wish_;
    std::map<pair_key, planned_path> known_;
    std::map<pair_key, planned_devices> known_devices_;
    std::uint64_t replacements_ = 0;  // of devices, that these know of
    std::set<pair_key> asking_;
    io::event answered_;
};

p2p_planner::p2p_planner(asio::any_io_executor lane, p2p_options options, p2p_machine machine)
    : options_(std::move(options)),
      machine_(std::move(machine)),
      pools_(lane),
      planned_(lane),
      lane_(std::move(lane)) {}

std::unique_ptr<path_session> p2p_planner::begin(path_wish wish) {
    if (wish.providers.empty()) wish.providers = options_.providers;
    return std::make_unique<p2p_session>(*this, std::move(wish), lane_);
}

awaitable<planned_path> p2p_planner::plan(path_question question, const path_wish& wish) {
    if (wish.host_only) co_return planned_path{.reason = "asked for"};
    if (!options_.enabled)
        co_return planned_path{.reason = "peer to peer is turned off in the configuration",
                               .way_out = "set p2p.enabled = true"};
    if (question.chunk_bytes > options_.budget_bytes)
        co_return planned_path{.reason = "a chunk is larger than the budget of device memory",
                               .way_out = "raise p2p.budget_bytes, or take smaller chunks"};
    co_await enter();
    planned_path made;
    std::exception_ptr error;
    try {
        auto deciding = [this, &question, &wish] { return decide(question, wish); };
        decision chosen = co_await calls_.run(deciding);
        made = co_await take_memory(std::move(chosen), question, pool_use::copying);
    } catch (...) {
        error = std::current_exception();
    }
    leave();
    if (error) std::rethrow_exception(error);
    co_return made;
}

void p2p_planner::replace(const std::shared_ptr<accel::device_engine>& former,
                          std::shared_ptr<accel::device_engine> now) {
    for (const std::string& address : {former->identity().address, now->identity().address})
        if (const auto provider = io::topology::parse_pci_address(address))
            pools_.forget(*provider);
    std::ranges::replace(devices_, former, now);
    ++replacements_;
}

awaitable<> p2p_planner::enter() {
    while (planning_) co_await planned_.wait();
    planning_ = true;
}

void p2p_planner::leave() {
    planning_ = false;
    planned_.notify_one();
}

awaitable<planned_devices> p2p_planner::plan_devices(path_question question,
                                                     const path_wish& wish) {
    if (!options_.enabled)
        co_return planned_devices{.reason = "peer to peer is turned off in the configuration",
                                  .way_out = "set p2p.enabled = true"};
    planned_devices made;
    std::vector<std::string> reasons;
    const accel::device_engines devices = devices_;  // one may be replaced meanwhile
    for (const auto& engine : devices) {
        const accel::device_identity& identity = engine->identity();
        if (!is_named(identity, wish.providers)) continue;
        if (!engine->serving()) {
            const accel::device_state state = engine->state();
            reasons.push_back(identity.label + " is " + std::string(health_name(state.health)) +
                              ": " + state.reason);
            made.lasting = false;
            continue;
        }
        planned_path path = co_await plan_device(*engine, question);
        if (path.share) {
            made.devices.push_back({.engine = engine, .share = std::move(path.share)});
        } else {
            reasons.push_back(std::move(path.reason));
            made.way_out = std::move(path.way_out);
        }
    }
    if (!made.devices.empty()) {
        made.lasting = true;
        co_return made;
    }
    made.reason = reasons.empty() ? "there is no accelerator" : reasons.front();
    co_return made;
}

// One device at a time, as if it had been named.
awaitable<planned_path> p2p_planner::plan_device(accel::device_engine& engine,
                                                 path_question question) {
    const path_wish named{.providers = {engine.identity().address}};
    question.chunk_bytes = static_cast<std::uint32_t>(engine.identity().span_bytes);
    co_await enter();
    planned_path made;
    std::exception_ptr error;
    try {
        auto deciding = [this, &question, &named] { return decide(question, named); };
        decision chosen = co_await calls_.run(deciding);
        made = co_await take_memory(std::move(chosen), question, pool_use::compressing);
    } catch (...) {
        error = std::current_exception();
    }
    leave();
    if (error) std::rethrow_exception(error);
    co_return made;
}

// Of what one device may give, less what its other pool has taken.
std::uint64_t p2p_planner::budget_left(pci_address provider, pool_use use) const {
    const auto other =
        pools_.find(provider, use == pool_use::copying ? pool_use::compressing : pool_use::copying);
    const std::uint64_t taken =
        other ? std::uint64_t{other->staging.options().slots} * other->staging.slot_bytes() : 0;
    return options_.budget_bytes - std::min(taken, options_.budget_bytes);
}

// What our pools have taken is not missing: jobs share it.
void p2p_planner::count_in_ours(machine& in) const {
    const auto leased = pools_.leased();
    for (io::topology::p2pmem_provider& provider : in.providers)
        if (const auto ours = leased.find(provider.address);
            ours != leased.end() && provider.available_bytes)
            *provider.available_bytes += ours->second;
}

p2p_planner::decision p2p_planner::decide(const path_question& question, const path_wish& wish) {
    const io::topology::host_files files = machine_.files();
    machine in = io::topology::read_machine(files);
    // The answer is told of the pair's other files as well, so it names none.
    const std::string source_name = "the source", target_name = "the target";
    const auto source = machine_.identify(question.source_fd, source_name);
    const auto target = machine_.identify(question.target_fd, target_name);
    if (!source || !target) {
        const auto& error = source ? target.error() : source.error();
        return {.reason = "what " + (source ? target_name : source_name) +
                          " lies on cannot be told: " + error.message()};
    }
    probes_.renew(io::topology::fingerprint(files, in));
    count_in_ours(in);
    const backing from = io::topology::find_backing(files, in, *source);
    const backing to = io::topology::find_backing(files, in, *target);
    const io::topology::choice made = io::topology::choose(
        in, from, to, {.providers = wish.providers, .needed_bytes = question.chunk_bytes}, turn_++);
    const io::topology::verdict& best = made.best;
    if (best.path == verdict_path::host || !best.provider) {
        const finding* const why = best.reason();
        return {.reason = why != nullptr ? why->sentence : "no device offers memory",
                .way_out = why != nullptr ? why->way_out : ""};
    }

    // What is not readable here may still be found out by trying.
    const std::optional<finding> probed = probe_legs(in, *best.provider, from, to, question);
    const bool tried = !probed || !io::topology::is_uncertain(probed->what);
    const finding* const why = probed && tried                                ? &*probed
                               : best.path == verdict_path::unknown && !tried ? best.reason()
                                                                              : nullptr;
    if (why != nullptr) return {.reason = why->sentence, .way_out = why->way_out};
    return {.provider = best.provider, .label = in.label(*best.provider)};
}

std::optional<finding> p2p_planner::probe_legs(const machine& in, pci_address provider,
                                               const backing& source, const backing& target,
                                               const path_question& question) {
    std::optional<finding> untried;
    for (const auto& [end, fd] :
         {std::pair{&source, question.source_fd}, std::pair{&target, question.target_fd}}) {
        io::topology::probe_request request{.allocate_path = io::topology::allocate_path(provider),
                                            .provider_label = in.label(provider),
                                            .disk_path = "/dev/" + end->disk};
        const auto trying = [this, fd = fd](const io::topology::probe_request& asked) {
            return machine_.probe(asked, fd);
        };
        std::optional<finding> found = probes_.ask(request, trying);
        if (!found) continue;
        if (!io::topology::is_uncertain(found->what)) return found;
        untried = std::move(found);
    }
    return untried;
}

awaitable<planned_path> p2p_planner::take_memory(decision chosen, path_question question,
                                                 pool_use use) {
    if (!chosen.provider)
        co_return planned_path{.reason = std::move(chosen.reason),
                               .way_out = std::move(chosen.way_out)};
    std::shared_ptr<provider_pool> pool = pools_.find(*chosen.provider, use);
    if (!pool) {
        const std::uint64_t budget_bytes = budget_left(*chosen.provider, use);
        if (budget_bytes < question.chunk_bytes)
            co_return planned_path{
                .reason = "the budget of device memory is used up by other jobs on " + chosen.label,
                .way_out = "raise p2p.budget_bytes"};
        if (use == pool_use::compressing) question.depth = options_.engine_slots / 2;
        const io::p2pmem_request request{
            .allocate_path = io::topology::allocate_path(*chosen.provider),
            .label = chosen.label,
            .slots = pool_slots(question, budget_bytes),
            .slots_min = 1,
            .slot_bytes = question.chunk_bytes};
        std::unique_ptr<io::slot_memory> memory;
        error_code failed;
        try {
            auto allocating = [this, &request] { return machine_.allocate(request); };
            memory = co_await calls_.run(allocating);
        } catch (const system_error& refused) {
            failed = refused.code();
        }
        if (!memory) {
            finding why = io::explain_p2pmem(failed, request);
            co_return planned_path{.reason = std::move(why.sentence),
                                   .way_out = std::move(why.way_out)};
        }
        pool = pools_.add(*chosen.provider, chosen.label, std::move(memory), use);
    }
    co_return planned_path{.share = make_share(std::move(pool)), .device = chosen.label};
}

}  // namespace peerpress::jobs
