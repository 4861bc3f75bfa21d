// What goes wrong below a transfer ends it, with everything returned.
#include "tests/pipeline/handmade_members.hpp"
#include "tests/pipeline/transfer_fixture.hpp"

#include <functional>

namespace peerpress {
namespace {

using namespace test;
using pipeline::container;

const error_code io_error = make_error_code(boost::system::errc::io_error);
const error_code no_space = make_error_code(boost::system::errc::no_space_on_device);
const error_code aborted = make_error_code(asio::error::operation_aborted);

struct transfer_case {
    std::string name;
    std::function<outcome(test_lane&, io::storage&, io::storage&)> run;
    bytes source;
};

std::vector<transfer_case> transfer_cases() {
    const bytes data = compressible_bytes(200000, 1);
    std::vector<transfer_case> cases;
    for (const container c : {container::gzip, container::bgzf, container::plain}) {
        cases.push_back({"compress " + std::string(pipeline::container_name(c)),
                         [c](test_lane& on, io::storage& source, io::storage& target) {
                             return on.compress(source, &target,
                                                {.container = c, .member_bytes = 20000});
                         },
                         data});
    }
    for (const std::string convention : {"MiGz", "gzip"}) {
        cases.push_back({"decompress " + convention,
                         [](test_lane& on, io::storage& source, io::storage& target) {
                             return on.decompress(source, &target);
                         },
                         make_file(data, 20000, convention)});
    }
    return cases;
}

// Fails one operation after the other until a transfer gets through.
void sweep(const std::function<void(memory_storage& source, memory_storage& target,
                                    std::size_t at)>& fail) {
    test_lane on(small_lane(3, 64 << 10));
    for (const transfer_case& transfer : transfer_cases()) {
        std::size_t at = 0;
        for (;; ++at) {
            SCOPED_TRACE(testing::Message() << transfer.name << " " << at);
            memory_storage source(transfer.source, block_512);
            memory_storage target({}, block_4096);
            source.delay_randomly(at + 1);
            target.delay_randomly(at + 2);
            fail(source, target, at);

            const outcome end = transfer.run(on, source, target);

            ASSERT_TRUE(on.all_slots_free());
            ASSERT_EQ(source.in_flight(), 0u);
            ASSERT_EQ(target.in_flight(), 0u);
            if (end.report) break;
            ASSERT_EQ(end.error, io_error);
        }
        EXPECT_GT(at, 0u);
    }
}

TEST(Faults, OfAnyReadEndTheTransferAndReturnItsSlots) {
    sweep([](memory_storage& source, memory_storage&, std::size_t at) {
        source.fail_next_read(io_error, at);
    });
}

TEST(Faults, OfAnyWriteEndTheTransferAndReturnItsSlots) {
    sweep([](memory_storage&, memory_storage& target, std::size_t at) {
        target.fail_next_write(io_error, at);
    });
}

TEST(Faults, OfTruncationAndSpaceEndTheTransfer) {
    test_lane on(small_lane(3, 64 << 10));
    for (const transfer_case& transfer : transfer_cases()) {
        memory_storage source(transfer.source);
        memory_storage untruncatable({}, block_4096);
        untruncatable.fail_next_truncate(io_error);
        memory_storage small({}, block_4096);
        small.limit_capacity(8192);

        EXPECT_EQ(transfer.run(on, source, untruncatable).error, io_error) << transfer.name;
        EXPECT_EQ(transfer.run(on, source, small).error, no_space) << transfer.name;
        EXPECT_TRUE(on.all_slots_free());
    }
}

TEST(Faults, OfStreamsEndTheTransfer) {
    test_lane on(small_lane(3, 64 << 10));
    for (const transfer_case& transfer : transfer_cases()) {
        for (std::size_t at = 0; at < 4; ++at) {
            memory_storage source(transfer.source);
            source.make_sequential();
            memory_storage target;
            target.make_sequential();
            target.delay_randomly(at + 1);
            target.fail_next_write(io_error, at);

            const outcome end = transfer.run(on, source, target);

            EXPECT_TRUE(end.report || end.error == io_error) << transfer.name << end.text;
            EXPECT_TRUE(on.all_slots_free());
        }
    }
}

// An engine that does as it is told.
class obedient_engine final : public accel::accelerator {
public:
    explicit obedient_engine(asio::any_io_executor executor) : inner_(two_threads(executor)) {}

    void fail_after(std::size_t requests) { left_ = requests; }

    const std::string& name() const override { return inner_->name(); }
    std::uint32_t parallelism() const override { return inner_->parallelism(); }
    std::size_t deflate_bound(std::size_t bytes) const override {
        return inner_->deflate_bound(bytes);
    }
    awaitable<accel::deflated> deflate(accel::deflate_request request) override {
        obey();
        return inner_->deflate(request);
    }
    awaitable<accel::inflated> inflate(accel::inflate_request request) override {
        obey();
        return inner_->inflate(request);
    }
    std::unique_ptr<accel::serial_inflater> serial(io::flow_id flow) override {
        return std::make_unique<obedient_inflater>(*this, inner_->serial(flow));
    }
    awaitable<std::uint32_t> checksum(accel::checksum_kind kind, std::uint32_t seed,
                                      bytes_view data, io::flow_id flow) override {
        obey();
        return inner_->checksum(kind, seed, data, flow);
    }

private:
    class obedient_inflater final : public accel::serial_inflater {
    public:
        obedient_inflater(obedient_engine& engine, std::unique_ptr<accel::serial_inflater> inner)
            : engine_(engine), inner_(std::move(inner)) {}

        awaitable<step> inflate(accel::serial_request request) override {
            engine_.obey();
            return inner_->inflate(request);
        }
        void reset() override { inner_->reset(); }

    private:
        obedient_engine& engine_;
        std::unique_ptr<accel::serial_inflater> inner_;
    };

    void obey() {
        if (left_ == 0) throw system_error{io_error};
        --left_;
    }
    std::unique_ptr<accel::accelerator> inner_;
    std::size_t left_ = ~std::size_t{0};
};

TEST(Faults, OfTheEngineEndTheTransferAndReturnItsSlots) {
    obedient_engine* engine = nullptr;
    test_lane on(small_lane(3, 64 << 10), [&](asio::any_io_executor executor) {
        auto made = std::make_unique<obedient_engine>(executor);
        engine = made.get();
        return made;
    });
    for (const transfer_case& transfer : transfer_cases()) {
        for (const std::size_t requests : {0u, 1u, 2u, 5u}) {
            memory_storage source(transfer.source);
            memory_storage target;
            engine->fail_after(requests);

            const outcome end = transfer.run(on, source, target);

            EXPECT_TRUE(end.report || end.error == io_error) << transfer.name << end.text;
            EXPECT_TRUE(requests > 0 || !end.report) << transfer.name;
            EXPECT_TRUE(on.all_slots_free());
        }
    }
}

// --- cancellation
// ----------------------------------------------------------------------------------------

TEST(Cancellation, EndsATransferWhereverItIs) {
    test_lane on(small_lane(3, 64 << 10));
    for (const transfer_case& transfer : transfer_cases()) {
        for (int delay = 0; delay < 20; ++delay) {
            memory_storage source(transfer.source, block_512);
            memory_storage target;
            source.delay_randomly(1, 50);
            target.delay_randomly(2, 50);
            std::stop_source stop;
            pipeline::route route = on.route(source, &target, stop.get_token());
            std::future<pipeline::transfer_report> done =
                transfer.name.starts_with("compress")
                    ? on.start(pipeline::compress(route, {.member_bytes = 20000}))
                    : on.start(pipeline::decompress(route, {}));
            std::this_thread::sleep_for(std::chrono::microseconds(100 * delay));
            stop.request_stop();

            const outcome end = test_lane::get_outcome(done);

            EXPECT_TRUE(end.report || end.error == aborted) << end.text;
            EXPECT_TRUE(on.all_slots_free());
            EXPECT_EQ(source.in_flight() + target.in_flight(), 0u);
        }
    }
}

TEST(Cancellation, BeforeTheStartMovesNothing) {
    test_lane on(small_lane(3, 64 << 10));
    std::stop_source stop;
    stop.request_stop();
    for (const transfer_case& transfer : transfer_cases()) {
        memory_storage source(transfer.source);
        memory_storage target;

        const bool compress = transfer.name.starts_with("compress");
        const outcome end =
            compress ? on.compress(source, &target, {.member_bytes = 20000}, stop.get_token())
                     : on.decompress(source, &target, {}, stop.get_token());

        EXPECT_EQ(end.error, aborted);
        EXPECT_EQ(source.reads() + target.writes(), 0u);
    }
}

// --- slots
// -----------------------------------------------------------------------------------------------

TEST(Slots, SufficeHoweverFewTheyAreForManyTransfersAtOnce) {
    const bytes data = compressible_bytes(150000, 2);
    const bytes members = make_file(data, 5000, "MiGz");
    const bytes stream = make_file(data, 5000, "gzip");
    for (const std::uint32_t slots : {1u, 2u, 3u}) {
        test_lane on(small_lane(slots, 16 << 10));
        std::vector<std::unique_ptr<memory_storage>> targets;
        std::vector<std::unique_ptr<memory_storage>> sources;
        std::vector<std::future<pipeline::transfer_report>> done;
        const auto storages = [&](const bytes& from, bool sequential) {
            sources.push_back(
                std::make_unique<memory_storage>(from, sequential ? unaligned : block_512));
            targets.push_back(
                std::make_unique<memory_storage>(bytes{}, sequential ? unaligned : block_4096));
            sources.back()->delay_randomly(done.size() + 1);
            targets.back()->delay_randomly(done.size() + 2);
            if (sequential) {
                sources.back()->make_sequential();
                targets.back()->make_sequential();
            }
            return on.route(*sources.back(), targets.back().get());
        };
        for (int round = 0; round < 3; ++round) {
            for (const bool sequential : {false, true}) {
                done.push_back(on.start(
                    pipeline::compress(storages(data, sequential), {.member_bytes = 4096})));
                done.push_back(on.start(pipeline::decompress(storages(members, sequential), {})));
                done.push_back(on.start(pipeline::decompress(storages(stream, sequential), {})));
            }
        }

        for (std::size_t index = 0; index < done.size(); ++index) {
            const outcome end = test_lane::get_outcome(done[index]);
            ASSERT_TRUE(end.report) << end.text;
            if (index % 3 != 0) {
                EXPECT_TRUE(targets[index]->content() == data);
            }
        }
        EXPECT_TRUE(on.all_slots_free());
    }
}

TEST(Slots, BoundTheChunksUnderWay) {
    test_lane on(small_lane(5, 16 << 10));
    const bytes data = compressible_bytes(100 * 4096, 3);
    memory_storage source(data);
    memory_storage target;
    source.delay_randomly(1, 30);

    ASSERT_TRUE(on.compress(source, &target, {.member_bytes = 4096}).report);

    EXPECT_GT(source.in_flight_max(), 1u);
    EXPECT_LE(source.in_flight_max(), 5u);
}

}  // namespace
}  // namespace peerpress
