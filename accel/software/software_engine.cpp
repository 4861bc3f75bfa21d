#include "accel/software/software_engine.hpp"

#include "accel/software/checksum.hpp"
#include "accel/software/deflate_chunk.hpp"
#include "accel/software/inflate_chunk.hpp"
#include "accel/software/level_table.hpp"
#include "accel/software/pool_operation.hpp"
#include "accel/software/pooled_inflater.hpp"
#include "accel/software/stored.hpp"
#include "io/cores.hpp"

#include <cassert>

namespace peerpress::accel::software {
namespace {

struct deflate_work {
    deflate_request request;
    result<deflated> operator()(workbench& bench) const {
        return deflate_chunk(bench, request).deflated;
    }
};

struct inflate_work {
    inflate_request request;
    result<inflated> operator()(workbench& bench) const { return inflate_chunk(bench, request); }
};

struct checksum_work {
    checksum_kind kind;
    std::uint32_t seed;
    bytes_view data;
    result<std::uint32_t> operator()(workbench&) const { return checksum_of(kind, seed, data); }
};

// The way to the pool and back costs about as much as the checksum of so many bytes.
constexpr std::size_t checksum_inline_bytes_max = 64 << 10;

class software_engine final : public accelerator {
public:
    software_engine(asio::any_io_executor executor, std::uint32_t threads)
        : executor_(std::move(executor)), pool_(threads) {}

    const std::string& name() const override { return name_; }
    std::uint32_t parallelism() const override { return pool_.threads(); }
    std::size_t deflate_bound(std::size_t input_bytes) const override {
        return stored_bytes(input_bytes);
    }

    awaitable<deflated> deflate(deflate_request request) override {
        assert(request.level >= level_min && request.level <= level_max);
        assert(request.output.size() >= deflate_bound(request.input.size()));
        return run_on_pool<deflated>(pool_, request.flow, executor_, deflate_work{request});
    }

    awaitable<inflated> inflate(inflate_request request) override {
        return run_on_pool<inflated>(pool_, request.flow, executor_, inflate_work{request});
    }

    std::unique_ptr<serial_inflater> serial(io::flow_id flow) override {
        return std::make_unique<pooled_inflater>(pool_, flow, executor_);
    }

    awaitable<std::uint32_t> checksum(checksum_kind kind, std::uint32_t seed, bytes_view data,
                                      io::flow_id flow) override {
        if (data.size() <= checksum_inline_bytes_max) co_return checksum_of(kind, seed, data);
        co_return co_await run_on_pool<std::uint32_t>(
            pool_, flow, executor_, checksum_work{.kind = kind, .seed = seed, .data = data});
    }

private:
    const std::string name_ = "software";
    asio::any_io_executor executor_;
    worker_pool pool_;
};

}  // namespace

std::unique_ptr<accelerator> make_engine(asio::any_io_executor executor, engine_options options) {
    const std::uint32_t threads = options.threads > 0 ? options.threads : io::usable_cores();
    return std::make_unique<software_engine>(std::move(executor), threads);
}

}  // namespace peerpress::accel::software
