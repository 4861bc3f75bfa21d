#include "accel/software/stored.hpp"

#include <algorithm>
#include <cassert>

namespace peerpress::accel::software {
namespace {

void write_header(bytes_span at, std::uint16_t data_bytes, bool final) {
    const auto complement = static_cast<std::uint16_t>(~data_bytes);
    at[0] = final ? std::byte{1} : std::byte{0};
    at[1] = static_cast<std::byte>(data_bytes & 0xff);
    at[2] = static_cast<std::byte>(data_bytes >> 8);
    at[3] = static_cast<std::byte>(complement & 0xff);
    at[4] = static_cast<std::byte>(complement >> 8);
}

}  // namespace

std::size_t store(bytes_view input, bytes_span output, bool last) {
    assert(output.size() >= stored_bytes(input.size()));
    const std::size_t total_bytes = stored_bytes(input.size());
    do {
        const bytes_view data = input.first(std::min(input.size(), stored_block_bytes_max));
        input = input.subspan(data.size());
        write_header(output, static_cast<std::uint16_t>(data.size()), last && input.empty());
        std::ranges::copy(data, output.subspan(stored_header_bytes).begin());
        output = output.subspan(stored_header_bytes + data.size());
    } while (!input.empty());
    return total_bytes;
}

}  // namespace peerpress::accel::software
