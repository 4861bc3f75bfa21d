// The device model's messages: a sequence of any, whatever they carry, is answered and does no
// harm.
#include "tests/fuzz/model_parts.hpp"

#include <algorithm>
#include <cstdint>

using namespace peerpress;
using namespace peerpress::accel::model;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    test::fuzzed_device device;
    bytes_view rest = std::as_bytes(std::span(data, size));
    // A message: its type, the bytes of its payload, the payload.
    while (rest.size() >= 2) {
        const std::size_t bytes =
            std::min<std::size_t>(std::to_integer<std::size_t>(rest[1]), rest.size() - 2);
        vfio_user::request request;
        request.header.type = std::to_integer<std::uint16_t>(rest[0]);
        request.payload.assign(rest.begin() + 2,
                               rest.begin() + 2 + static_cast<std::ptrdiff_t>(bytes));
        rest = rest.subspan(2 + bytes);
        const vfio_user::reply reply = endpoint(device.parts()).handle(request);
        REQUIRE(reply.payload.size() <= vfio_user::payload_bytes_max);
        REQUIRE(reply.error == 0 || reply.payload.empty());
        device.work();
    }
    return 0;
}
