#include "pipeline/buffers.hpp"

#include "pipeline/device_sites.hpp"
#include "pipeline/software_member.hpp"

#include <algorithm>
#include <cstring>

namespace peerpress::pipeline {
namespace {

constexpr std::uint32_t software_chunk_bytes = 1 << 20;

// A buffer of the caller's to read from, or one of ours that grows as it is written.
class buffer_storage final : public io::storage {
public:
    explicit buffer_storage(bytes_view content) : content_(content) {
        traits_.size_bytes = content.size();
        traits_.buffered_reason = "it is memory";
    }
    explicit buffer_storage(std::vector<std::byte>& grown) : grown_(&grown) {
        traits_.size_bytes = 0;
        traits_.buffered_reason = "it is memory";
    }

    const io::storage_traits& traits() const override { return traits_; }

    awaitable<std::size_t> read(std::uint64_t offset_bytes, bytes_span into) override {
        const std::uint64_t there =
            content_.size() - std::min<std::uint64_t>(offset_bytes, content_.size());
        const std::size_t bytes = std::min<std::uint64_t>(there, into.size());
        if (bytes > 0) std::memcpy(into.data(), content_.data() + offset_bytes, bytes);
        co_return bytes;
    }
    awaitable<> write(std::uint64_t offset_bytes, bytes_view from) override {
        if (grown_->size() < offset_bytes + from.size()) grown_->resize(offset_bytes + from.size());
        if (!from.empty()) std::memcpy(grown_->data() + offset_bytes, from.data(), from.size());
        traits_.size_bytes = grown_->size();
        co_return;
    }
    awaitable<> truncate(std::uint64_t size_bytes) override {
        grown_->resize(size_bytes);
        co_return;
    }
    awaitable<> sync() override { co_return; }

private:
    bytes_view content_;
    std::vector<std::byte>* grown_ = nullptr;
    io::storage_traits traits_;
};

route route_over(lane& on, io::flow_id flow, io::storage& source, io::storage* target,
                 transfer_progress& progress) {
    return {.lane = on,
            .flow = flow,
            .source = source,
            .target = target,
            .stop = {},
            .progress = progress};
}

// One member, appended to `gzip`. False: the device could not do it.
awaitable<bool> compress_chunk(const device_site& at, bytes_view chunk, int level,
                               std::vector<std::byte>& gzip) {
    const io::staging_lease slot = co_await at.staging.acquire(at.flow);
    const bytes_span span = slot.memory().first(at.engine.identity().span_bytes);
    std::memcpy(span.data(), chunk.data(), chunk.size());
    // What was stored waits in buffers and on the bus; a load comes back behind it.
    __sync_synchronize();
    static_cast<void>(*static_cast<volatile const std::byte*>(&span[chunk.size() - 1]));

    const accel::member_request request{
        .span = span,
        .input_bytes = static_cast<std::uint32_t>(chunk.size()),
        .output_offset_bytes = static_cast<std::uint32_t>(round_up(chunk.size(), 4096)),
        .alignment_bytes = 1,
        .level = level};
    accel::member_made made;
    bool done = false;
    try {
        made = co_await at.engine.compress(request);
        done = true;
    } catch (const system_error& failed) {
        if (failed.code().category() != accel::device_category() &&
            failed.code().category() != accel::codec_category())
            throw;
    }
    const bytes_span member = span.subspan(request.output_offset_bytes, made.bytes);
    if (done) gzip.insert(gzip.end(), member.begin(), member.end());
    co_return done;
}

}  // namespace

awaitable<std::vector<std::byte>> compress_buffer(lane& on, io::flow_id flow, bytes_view data,
                                                  buffer_options options) {
    std::vector<std::byte> gzip;
    bool by_device = options.device != nullptr;
    while (by_device && !data.empty()) {
        const std::size_t room =
            accel::member_input_bytes(options.device->engine.identity().span_bytes);
        const bytes_view chunk = data.first(std::min(data.size(), room));
        by_device = co_await compress_chunk(*options.device, chunk, options.level, gzip);
        if (by_device) data = data.subspan(chunk.size());
    }
    if (data.empty() && !gzip.empty()) co_return gzip;

    transfer_progress progress;
    buffer_storage source(data);
    std::vector<std::byte> rest;
    buffer_storage target(rest);
    const std::uint32_t member_bytes =
        std::min(software_chunk_bytes, on.staging().options().input_bytes);
    co_await compress(route_over(on, flow, source, &target, progress),
                      {.level = options.level, .member_bytes = member_bytes});
    gzip.insert(gzip.end(), rest.begin(), rest.end());
    co_return gzip;
}

awaitable<std::vector<std::byte>> decompress_buffer(lane& on, io::flow_id flow, bytes_view gzip,
                                                    std::uint64_t data_bytes_max) {
    transfer_progress progress;
    buffer_storage source(gzip);
    std::vector<std::byte> data;
    buffer_storage target(data);
    co_await decompress(route_over(on, flow, source, &target, progress),
                        {.output_bytes_max = data_bytes_max});
    co_return data;
}

}  // namespace peerpress::pipeline
