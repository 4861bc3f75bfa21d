// What an opener and a daemon say to each other: whatever bytes come, a message is refused or means
// one thing, which is written the same way again.
#include "roles/opener_messages.hpp"
#include "tests/fuzz/require.hpp"

#include <cstdint>

using namespace peerpress;
using namespace peerpress::roles;

namespace {

template <class T>
void read_as(const message& bytes) {
    message copy{.body = bytes.body, .descriptors = {}};
    T value{};
    try {
        value = unpack<T>(std::move(copy));
    } catch (const wire_error&) {
        return;
    }
    REQUIRE(pack(value).body == bytes.body);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const auto bytes = std::as_bytes(std::span(data, size)).subspan(1);
    const message got{.body = {bytes.begin(), bytes.end()}, .descriptors = {}};
    switch (data[0] % 12) {
        case 0:
            read_as<hello>(got);
            break;
        case 1:
            read_as<std::vector<std::string>>(got);
            break;
        case 2:
            read_as<next_request>(got);
            break;
        case 3:
            read_as<jobs::tree_page>(got);
            break;
        case 4:
            read_as<std::vector<jobs::open_request>>(got);
            break;
        case 5:
            read_as<std::vector<sent_file>>(got);
            break;
        case 6:
            read_as<std::vector<sent_seal>>(got);
            break;
        case 7:
            read_as<std::vector<jobs::sealed_file>>(got);
            break;
        case 8:
            read_as<std::vector<sent_publish>>(got);
            break;
        case 9:
            read_as<std::vector<jobs::remove_request>>(got);
            break;
        case 10:
            read_as<jobs::access>(got);
            break;
        case 11:
            read_as<std::vector<jobs::source_look>>(got);
            break;
    }
    return 0;
}
