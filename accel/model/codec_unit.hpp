// What a core does to bytes: an operation of the command set on memory of its own. Deterministic,
// no device around it.
#pragma once

#include "accel/noload/wire.hpp"
#include "accel/software/workbench.hpp"
#include "io/bytes.hpp"

#include <cstdint>
#include <vector>

namespace peerpress::accel::model {

class codec_unit {
public:
    struct answer {
        std::uint16_t status = noload::status::success;
        noload::completion completion{};
        bytes_span output{};  // good until the next operation
    };
    // `operation` fits its span; its input is given. Throws bad_alloc.
    answer run(const noload::operation& operation, bytes_view input);

private:
    answer compress(const noload::operation& operation, bytes_view input);
    answer decompress(const noload::operation& operation, bytes_view input);
    answer decode(bytes_view deflate, std::size_t room_bytes, std::size_t& consumed_bytes);
    answer check(bytes_view deflate, std::size_t& consumed_bytes);
    bytes_span output(std::size_t bytes);

    software::workbench bench_;
    std::vector<std::byte> deflated_;
    std::vector<std::byte> output_;
};

}  // namespace peerpress::accel::model
