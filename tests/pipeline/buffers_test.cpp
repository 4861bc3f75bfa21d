#include "pipeline/buffers.hpp"

#include "tests/pipeline/device_fixture.hpp"
#include "tests/support/reference_decoder.hpp"

namespace peerpress::test {
namespace {

class Buffers : public testing::Test {
protected:
    Buffers() {
        flow = on.run(open(on.lane().staging()));
        pool.emplace(on.lane().executor(), std::make_unique<io::host_slots>(2, 128 << 10));
        device_flow = on.run(open(*pool));
        engine.emplace(on.lane().executor(), nullptr, 128 << 10);
        site.emplace(
            pipeline::device_site{.engine = *engine, .staging = *pool, .flow = device_flow});
    }
    ~Buffers() override { on.run(close()); }

    bytes compress(const bytes& data, pipeline::buffer_options options = {}) {
        return on.run(pipeline::compress_buffer(on.lane(), flow, data, options));
    }
    static awaitable<io::flow_id> open(io::staging_pool& of) { co_return of.open_flow(); }
    awaitable<> close() {
        on.lane().staging().close_flow(flow);
        pool->close_flow(device_flow);
        pool.reset();
        co_return;
    }

    test_lane on;
    io::flow_id flow{}, device_flow{};
    std::optional<io::staging_pool> pool;
    std::optional<fake_device_engine> engine;
    std::optional<pipeline::device_site> site;
};

TEST_F(Buffers, ComeBackAsTheyWere) {
    for (const std::size_t size : {0u, 1u, 60u << 10, (60u << 10) + 1, 3'000'000u}) {
        const bytes data = compressible_bytes(size, 1);
        for (const pipeline::device_site* device :
             {static_cast<pipeline::device_site*>(nullptr), &*site}) {
            const bytes gzip = compress(data, {.device = device});

            EXPECT_EQ(reference_decode(gzip).data, data);
            EXPECT_EQ(on.run(pipeline::decompress_buffer(on.lane(), flow, gzip, size)), data);
        }
    }
}

TEST_F(Buffers, AreDoneByTheDeviceThatWasNamed) {
    compress(compressible_bytes(100'000, 1), {.level = 3, .device = &*site});

    ASSERT_EQ(engine->requests.size(), 2u);
    EXPECT_EQ(engine->requests[0].level, 3);
}

TEST_F(Buffers, AreFinishedBySoftwareWhereTheDeviceFails) {
    const bytes data = compressible_bytes(1'000'000, 1);
    engine->fail_next(accel::device_errc::redo_elsewhere, 3);

    EXPECT_EQ(reference_decode(compress(data, {.device = &*site})).data, data);
}

TEST_F(Buffers, AreNotDecodedBeyondTheLimit) {
    const bytes gzip = compress(compressible_bytes(100'000, 1));

    EXPECT_THROW(on.run(pipeline::decompress_buffer(on.lane(), flow, gzip, 99'999)),
                 pipeline::format_error);
}

}  // namespace
}  // namespace peerpress::test
