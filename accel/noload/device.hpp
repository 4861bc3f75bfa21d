// One NoLoad-like device: carries requests out on its cores, judges what comes back, and keeps away
// from the device while it is not well.
//
// States: quarantined (from the start) -> [its test passes] -> serving -> [it errs] -> quarantined
// -> [waits, longer each time] -> [its test passes] -> serving. An administrator's drain lies over
// that. Belongs to the lane's executor, and goes before the ring its ports use; requests under way
// hold it.
#pragma once

#include "accel/device_engine.hpp"
#include "accel/noload/command.hpp"
#include "accel/noload/core_port.hpp"
#include "accel/noload/core_table.hpp"
#include "accel/noload/judge.hpp"
#include "io/slot_memory.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace peerpress::accel::noload {

struct device_options {
    // Of one command, its time in the device's queue included.
    std::uint32_t timeout_ms = 10'000;
    std::chrono::milliseconds retry_delay{1};
    // After the first error, doubled with each further one.
    std::chrono::milliseconds quarantine_min{1'000};
    std::chrono::milliseconds quarantine_max{60'000};
};

struct core_parts {
    core_kind kind = core_kind::compress;
    std::uint32_t namespace_id = 0;
    std::unique_ptr<core_port> port;
};

// Spans are made of them.
constexpr std::size_t whole_pages(std::size_t bytes) {
    return bytes / 4096 * 4096;
}

// A piece of the device's own memory for its tests. Throws system_error.
using test_memory = std::function<std::unique_ptr<io::slot_memory>(std::size_t bytes)>;

class device final : public device_engine, public std::enable_shared_from_this<device> {
public:
    // identity.span_bytes is the most that the kernel and the device claim; the test finds out.
    device(asio::any_io_executor executor, device_identity identity, std::vector<core_parts> cores,
           test_memory memory, device_options options = {});
    device(const device&) = delete;
    device& operator=(const device&) = delete;
    ~device() override;

    // Tests the device for the first time. It serves afterwards, or goes on testing itself.
    awaitable<> admit();

    const device_identity& identity() const override { return identity_; }
    device_load load() const override { return table_.load(); }
    device_state state() const override;
    bool serving() const override { return health() == device_health::serving; }
    bool decompresses() const override { return table_.has(core_kind::decompress); }

    awaitable<member_made> compress(member_request request) override;
    awaitable<member_data> decompress(member_data_request request) override;

    void distrust(const std::string& reason) override { quarantine(reason); }
    void drain() override { drained_ = true; }
    void resume() override { drained_ = false; }

    // It has gone. Its files are closed when the commands under way have ended: as long as one is
    // open, Linux takes the cores of the device that comes back for duplicates, and shows none.
    void let_go();

    // It is one that went and came back: what was counted of it goes on, and so does a drain.
    void succeed(const device_state& former);

private:
    // A command with all that tells a good answer from a bad one.
    struct work {
        core_kind kind = core_kind::compress;
        io::nvme_command command{};
        std::uint32_t input_bytes = 0;
        std::uint32_t output_bytes_max = 0;
        std::uint32_t alignment_bytes = 1;
        std::optional<std::size_t> core{};  // a test of this one, whether or not the device serves
        bool continues = false;             // what was begun before the device was drained
    };
    struct tried {
        error_code error;
        bool final = false;
        answer value;
    };

    device_health health() const;
    awaitable<answer> carry_out(work wanted);
    awaitable<tried> try_on(std::size_t core, const work& wanted);
    awaitable<> check(member_request request, member_made made);
    void check_serving(const work& wanted) const;
    void quarantine(const std::string& reason);
    [[noreturn]] void give_up(const std::string& reason) const;

    awaitable<bool> pass_test();
    awaitable<> test_device();
    awaitable<std::size_t> confirm_span(bytes_span memory, bytes_view pattern);
    awaitable<member_made> test_compressing(std::size_t core, bytes_span span, std::uint32_t crc32);
    awaitable<> test_decoding(std::size_t core, bytes_span span, member_made made);
    awaitable<> wait(std::chrono::milliseconds time);
    void start_recovery();
    static awaitable<> recover(std::weak_ptr<device> of, std::shared_ptr<asio::steady_timer> timer);

    asio::any_io_executor executor_;
    device_identity identity_;  // with the span that the latest test found
    std::size_t claimed_span_bytes_;
    std::vector<std::shared_ptr<core_port>> ports_;  // none once it has gone
    core_table table_;
    test_memory memory_;
    device_options options_;
    bool drained_ = false;
    bool well_ = false;
    bool recovering_ = false;
    std::string reason_ = "not tested yet";
    std::uint64_t quarantines_ = 0;
    std::uint64_t setbacks_ = 0;  // quarantines, and tests that failed
    std::shared_ptr<asio::steady_timer> recovery_;
};

}  // namespace peerpress::accel::noload
