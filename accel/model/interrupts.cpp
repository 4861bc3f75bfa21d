#include "accel/model/interrupts.hpp"

#include <unistd.h>

#include <cassert>

namespace peerpress::accel::model {

void interrupts::assign(std::uint32_t vector, io::unique_fd file) {
    assert(vector < count());
    vector_state& at = vectors_[vector];
    at.file = std::move(file);
    if (at.file && at.kept) send(at);
}

void interrupts::disable() {
    for (vector_state& vector : vectors_) vector.file = {};
}

void interrupts::forget() {
    for (vector_state& vector : vectors_) vector.kept = false;
}

void interrupts::raise(std::uint32_t vector) {
    if (vector < count()) send(vectors_[vector]);
}

void interrupts::send(vector_state& vector) {
    const std::uint64_t one = 1;
    vector.kept = !vector.file || write(vector.file.get(), &one, sizeof one) < 0;
}

}  // namespace peerpress::accel::model
