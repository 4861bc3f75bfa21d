// Fields of a payload, one after the other. A reader never leaves its bytes: what is not there
// reads as zero, and the reader remembers.
#pragma once

#include "accel/noload/wire.hpp"
#include "io/bytes.hpp"

#include <cstddef>
#include <vector>

namespace peerpress::accel::model {

class field_reader {
public:
    explicit field_reader(bytes_view bytes) : rest_(bytes) {}

    template <class Unsigned>
    Unsigned take() {
        if (rest_.size() < sizeof(Unsigned)) {
            complete_ = false;
            rest_ = {};
            return 0;
        }
        const auto value = noload::load_field<Unsigned>(rest_, 0);
        rest_ = rest_.subspan(sizeof(Unsigned));
        return value;
    }

    bool complete() const { return complete_; }  // all that was taken was there
    bytes_view rest() const { return rest_; }

private:
    bytes_view rest_;
    bool complete_ = true;
};

class field_writer {
public:
    template <class Unsigned>
    field_writer& put(Unsigned value) {
        bytes_.resize(bytes_.size() + sizeof(Unsigned));
        noload::store_field(bytes_span(bytes_), bytes_.size() - sizeof(Unsigned), value);
        return *this;
    }
    field_writer& put_bytes(bytes_view bytes) {
        bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
        return *this;
    }
    std::vector<std::byte> done() { return std::move(bytes_); }

private:
    std::vector<std::byte> bytes_;
};

}  // namespace peerpress::accel::model
