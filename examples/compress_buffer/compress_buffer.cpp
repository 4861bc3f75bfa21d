// Compresses buffers with the library alone:  compress_buffer WORD...
//
// Synchronous: ask the lane, and wait. Asynchronous: a coroutine on the lane awaits several at
// once. By the machine's first accelerator where there is one, else by software.
#include "accel/noload/discovery.hpp"
#include "accel/software/software_engine.hpp"
#include "io/open_flow.hpp"
#include "io/p2pmem_slots.hpp"
#include "pipeline/buffers.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>

#include <cstdio>
#include <cstring>
#include <optional>

using namespace peerpress;
using namespace asio::experimental::awaitable_operators;

bytes_view view(const char* text) {
    return {reinterpret_cast<const std::byte*>(text), std::strlen(text)};
}

// All of it lives on the lane.
awaitable<> compress_words(pipeline::lane& lane, int count, char** words) {
    const io::open_flow flow(lane.staging());
    const io::topology::host_files files;
    auto found = accel::noload::find_devices(files, io::topology::read_machine(files));
    const auto devices = co_await accel::noload::open_devices(lane.ring(), found);
    std::optional<io::staging_pool> pool;
    std::optional<io::open_flow> device_flow;
    std::optional<pipeline::device_site> site;
    if (!devices.empty()) {
        pool.emplace(lane.executor(), std::make_unique<io::p2pmem_slots>(io::p2pmem_request{
                                          .allocate_path = found[0].allocate_path,
                                          .label = found[0].identity.label,
                                          .slots = 4,
                                          .slots_min = 1,
                                          .slot_bytes = devices[0]->identity().span_bytes}));
        device_flow.emplace(*pool);
        site.emplace(pipeline::device_site{*devices[0], *pool, device_flow->id()});
    }
    const pipeline::buffer_options options{.level = 1, .device = site ? &*site : nullptr};
    for (int word = 0; word + 1 < count; word += 2) {
        auto [first, second] =
            co_await (pipeline::compress_buffer(lane, flow.id(), view(words[word]), options) &&
                      pipeline::compress_buffer(lane, flow.id(), view(words[word + 1]), options));
        std::printf("%zu and %zu bytes of gzip\n", first.size(), second.size());
    }
}

int main(int argc, char** argv) {
    pipeline::lane lane([](auto executor) { return accel::software::make_engine(executor); },
                        {.ring = {.commands = true}, .staging = {}});
    asio::co_spawn(lane.executor(), compress_words(lane, argc - 1, argv + 1), asio::use_future)
        .get();
}
