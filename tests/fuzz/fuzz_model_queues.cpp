// The device model's registers and queues: the guest's memory is the input, and what it holds of
// commands, lists and doorbells is whatever it is.
#include "tests/fuzz/model_parts.hpp"

#include <algorithm>
#include <cstdint>

using namespace peerpress;
using namespace peerpress::accel::model;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    // First writes to registers, five bytes each, then memory.
    if (size < 1) return 0;
    test::fuzzed_device device;
    auto& controller = device.parts().controller;
    const std::size_t writes = std::min<std::size_t>(data[0] % 16, (size - 1) / 5);
    const bytes_view all = std::as_bytes(std::span(data, size)).subspan(1);
    const bytes_view memory = all.subspan(writes * 5);
    std::ranges::copy(
        memory.first(std::min<std::size_t>(memory.size(), test::fuzzed_device::ram_bytes)),
        device.ram().begin());

    // Queues where memory begins, so that something comes of it.
    constexpr auto base = static_cast<std::uint32_t>(test::fuzzed_device::ram_address);
    controller.write(nvme::reg::aqa, 0x000f000f);
    controller.write(nvme::reg::asq, base);
    controller.write(nvme::reg::acq, base + 0x8000);
    controller.write(nvme::reg::cc, 0x00460001);
    controller.write(doorbells_offset, 8);
    device.work();
    for (std::uint32_t queue = 1; queue < 3; ++queue) {
        controller.write(doorbells_offset + queue * 8, 6);
        device.work();
    }
    for (std::size_t i = 0; i < writes; ++i) {
        const bytes_view write = all.subspan(i * 5, 5);
        // Registers and doorbells: offsets below 0x1000 and from there on.
        const auto place = std::to_integer<std::uint32_t>(write[0]);
        const std::uint32_t offset = (place & 0x80 ? doorbells_offset : 0) + (place & 0x7f) * 4;
        controller.write(offset, accel::noload::load_field<std::uint32_t>(write, 1));
        REQUIRE(controller.read(nvme::reg::vs) == 0x00010400);
        device.work();
    }
    return 0;
}
