#include "tests/simulation/simulated_engine.hpp"

#include "accel/software/checksum.hpp"
#include "accel/software/deflate_chunk.hpp"
#include "accel/software/inflate_chunk.hpp"
#include "accel/software/stored.hpp"
#include "accel/software/stream_inflater.hpp"

#include <string>

namespace peerpress::simulation {
namespace {

using namespace accel;

awaitable<> work(world& in) {
    const fault how = in.next(occasion::codec);
    co_await sleep_for(in.some_time(std::chrono::microseconds(30), how));
    if (how.error != 0) throw system_error{how.error, boost::system::system_category()};
}

serial_inflater::status status_of(software::deflate_decoder::status status) {
    using decoder = software::deflate_decoder;
    if (status == decoder::status::more) return serial_inflater::status::more;
    return status == decoder::status::ended ? serial_inflater::status::ended
                                            : serial_inflater::status::bad_data;
}

class simulated_serial final : public serial_inflater {
public:
    explicit simulated_serial(world& in) : in_(in) {}

    awaitable<step> inflate(serial_request request) override {
        co_await work(in_);
        const software::deflate_decoder::step done =
            inflater_.inflate(request.input, request.output);
        co_return step{.status = status_of(done.status),
                       .input_bytes = done.input_bytes,
                       .output_bytes = done.output_bytes,
                       .checksum = software::checksum_of(request.checksum, request.checksum_before,
                                                         request.output.first(done.output_bytes))};
    }
    void reset() override { inflater_.reset(); }

private:
    world& in_;
    software::stream_inflater inflater_;
};

class simulated_engine final : public accelerator {
public:
    explicit simulated_engine(world& in) : in_(in) {}

    const std::string& name() const override { return name_; }
    std::uint32_t parallelism() const override { return 2; }
    std::size_t deflate_bound(std::size_t input_bytes) const override {
        return software::stored_bytes(input_bytes);
    }
    awaitable<deflated> deflate(deflate_request request) override {
        co_await work(in_);
        co_return software::deflate_chunk(bench_, request).deflated;
    }
    awaitable<inflated> inflate(inflate_request request) override {
        co_await work(in_);
        const result<inflated> done = software::inflate_chunk(bench_, request);
        if (!done) throw system_error{done.error()};
        co_return *done;
    }
    std::unique_ptr<serial_inflater> serial(io::flow_id) override {
        return std::make_unique<simulated_serial>(in_);
    }
    awaitable<std::uint32_t> checksum(checksum_kind kind, std::uint32_t seed, bytes_view data,
                                      io::flow_id) override {
        co_await work(in_);
        co_return software::checksum_of(kind, seed, data);
    }

private:
    const std::string name_ = "software";
    world& in_;
    software::workbench bench_;
};

}  // namespace

std::unique_ptr<accel::accelerator> make_simulated_engine(world& in) {
    return std::make_unique<simulated_engine>(in);
}

}  // namespace peerpress::simulation
