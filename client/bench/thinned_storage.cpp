#include "client/bench/thinned_storage.hpp"

#include <algorithm>

namespace peerpress::client::bench {
namespace {

constexpr std::uint64_t divided_up(std::uint64_t value, std::uint64_t by) {
    return (value + by - 1) / by;
}

[[noreturn]] void refuse_to_write() {
    throw system_error{make_error_code(boost::system::errc::read_only_file_system)};
}

}  // namespace

thinned_storage::thinned_storage(io::storage& inner, std::uint32_t chunk_bytes, std::uint64_t every)
    : inner_(inner), chunk_bytes_(chunk_bytes), every_(every), traits_(inner.traits()) {
    const std::uint64_t size = traits_.size_bytes.value_or(0);
    const std::uint64_t chunks = divided_up(divided_up(size, chunk_bytes_), every_);
    const std::uint64_t last_at = chunks == 0 ? 0 : (chunks - 1) * every_ * chunk_bytes_;
    const std::uint64_t last_bytes = std::min(chunk_bytes_, size - last_at);
    traits_.size_bytes = chunks == 0 ? 0 : (chunks - 1) * chunk_bytes_ + last_bytes;
}

awaitable<std::size_t> thinned_storage::read(std::uint64_t offset_bytes, bytes_span into) {
    if (every_ == 1) co_return co_await inner_.read(offset_bytes, into);
    std::size_t done = 0;
    while (done < into.size()) {
        const std::uint64_t at = offset_bytes + done;
        if (at >= *traits_.size_bytes) break;
        const std::uint64_t inside = at % chunk_bytes_;
        const std::size_t wanted =
            std::min<std::uint64_t>(into.size() - done, chunk_bytes_ - inside);
        const std::uint64_t from = at / chunk_bytes_ * every_ * chunk_bytes_ + inside;
        const bytes_span piece = into.subspan(done, wanted);
        const std::size_t got = co_await inner_.read(from, piece);
        done += got;
        if (got < wanted) break;
    }
    co_return done;
}

awaitable<> thinned_storage::write(std::uint64_t, bytes_view) {
    refuse_to_write();
    co_return;
}

awaitable<> thinned_storage::truncate(std::uint64_t) {
    refuse_to_write();
    co_return;
}

awaitable<> thinned_storage::sync() {
    refuse_to_write();
    co_return;
}

std::uint64_t thinning(std::uint64_t size_bytes, std::uint32_t chunk_bytes, double rate,
                       double seconds, std::uint64_t chunks_min) {
    const std::uint64_t chunks = std::max<std::uint64_t>(divided_up(size_bytes, chunk_bytes), 1);
    const auto affordable = static_cast<std::uint64_t>(rate * seconds / chunk_bytes);
    const std::uint64_t wanted =
        std::clamp<std::uint64_t>(affordable, std::min(chunks_min, chunks), chunks);
    return std::max<std::uint64_t>(chunks / wanted, 1);
}

}  // namespace peerpress::client::bench
