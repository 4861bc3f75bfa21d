// A planner that answers as it is told, with slots of host memory in the place of a device's.
#pragma once

#include "jobs/path_planner.hpp"
#include "jobs/provider_pools.hpp"

#include <vector>

namespace peerpress::jobs {

// Host memory that says it is a device's.
class pretended_p2pmem final : public io::slot_memory {
public:
    pretended_p2pmem(std::uint32_t slots, std::size_t slot_bytes) : slots_(slots, slot_bytes) {}

    std::uint32_t slots() const override { return slots_.slots(); }
    std::size_t slot_bytes() const override { return slots_.slot_bytes(); }
    bytes_span slot(std::uint32_t index) const override { return slots_.slot(index); }
    const std::string& kind() const override { return kind_; }
    bool on_device() const override { return true; }

private:
    io::host_slots slots_;
    std::string kind_ = "p2pmem of a fake";
};

class fake_planner final : public path_planner {
public:
    explicit fake_planner(asio::any_io_executor executor) : pools_(std::move(executor)) {}

    std::unique_ptr<path_session> begin(path_wish wish) override {
        wishes.push_back(std::move(wish));
        return std::make_unique<session>(*this);
    }

    bool has_devices() const override { return !engines.empty(); }

    std::string obstacle;  // empty: from peer to peer
    std::uint32_t slots = 4;
    std::vector<std::shared_ptr<accel::device_engine>> engines;
    std::function<void()> meanwhile = [] {};  // happens to the files while it is asked
    std::vector<path_wish> wishes;
    std::vector<std::string> distrusted;
    std::vector<path_question> questions;

private:
    class session final : public path_session {
    public:
        explicit session(fake_planner& of) : of_(of) {}

        awaitable<planned_path> plan(path_question question) override {
            of_.questions.push_back(question);
            of_.meanwhile();
            if (!of_.obstacle.empty())
                co_return planned_path{.reason = of_.obstacle, .way_out = "do something"};
            if (!of_.distrusted.empty()) co_return planned_path{.reason = of_.distrusted.back()};
            if (!pool_)
                pool_ = of_.pools_.add(
                    {.bus = 3}, "nvme2 (0000:03:00.0)",
                    std::make_unique<pretended_p2pmem>(of_.slots, question.chunk_bytes));
            co_return planned_path{.share = make_share(pool_), .device = pool_->label};
        }
        awaitable<planned_devices> plan_devices(path_question question) override {
            of_.questions.push_back(question);
            of_.meanwhile();
            planned_devices made;
            if (!of_.obstacle.empty() || !of_.distrusted.empty()) {
                made.reason = of_.obstacle.empty() ? of_.distrusted.back() : of_.obstacle;
                made.way_out = "do something";
                co_return made;
            }
            for (const auto& engine : of_.engines) {
                auto pool = of_.pools_.find(address_of(*engine), pool_use::compressing);
                if (!pool)
                    pool = of_.pools_.add(address_of(*engine), engine->identity().label,
                                          std::make_unique<pretended_p2pmem>(
                                              of_.slots, engine->identity().span_bytes),
                                          pool_use::compressing);
                made.devices.push_back({.engine = engine, .share = make_share(std::move(pool))});
            }
            co_return made;
        }
        void distrust(const path_question&, std::string reason) override {
            of_.distrusted.push_back(std::move(reason));
        }

    private:
        static io::topology::pci_address address_of(const accel::device_engine& engine) {
            return io::topology::parse_pci_address(engine.identity().address).value();
        }

        fake_planner& of_;
        std::shared_ptr<provider_pool> pool_;
    };

    provider_pools pools_;
};

}  // namespace peerpress::jobs
