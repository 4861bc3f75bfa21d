// A storage that remembers which side of a transfer failed: an errno alone does not say whether it
// came from the source or from the output.
#pragma once

#include "io/storage.hpp"
#include "jobs/describe.hpp"

namespace peerpress::jobs {

class sided_storage final : public io::storage {
public:
    // Sets `failed` to `side` when an operation of `inner` throws. Borrows both.
    sided_storage(io::storage& inner, step_side side, step_side& failed)
        : inner_(inner), side_(side), failed_(failed) {}

    const io::storage_traits& traits() const override { return inner_.traits(); }

    awaitable<std::size_t> read(std::uint64_t offset_bytes, bytes_span into) override {
        return marked(inner_.read(offset_bytes, into));
    }
    awaitable<> write(std::uint64_t offset_bytes, bytes_view from) override {
        return marked(inner_.write(offset_bytes, from));
    }
    awaitable<> truncate(std::uint64_t size_bytes) override {
        return marked(inner_.truncate(size_bytes));
    }
    awaitable<> sync() override { return marked(inner_.sync()); }

private:
    template <class T>
    awaitable<T> marked(awaitable<T> operation) {
        try {
            co_return co_await std::move(operation);
        } catch (...) {
            if (failed_ == step_side::unknown) failed_ = side_;
            throw;
        }
    }

    io::storage& inner_;
    step_side side_;
    step_side& failed_;
};

}  // namespace peerpress::jobs
