// Configuration files: one that is not refused is printed as one that says the same; one that is,
// is refused in lines that name the file.
#include "server/config_file.hpp"
#include "tests/fuzz/require.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <string>

using namespace peerpress::server;

namespace {

// A file in memory, with a name by which it can be opened.
class memory_file {
public:
    explicit memory_file(const std::string& text) : fd_(::memfd_create("config", MFD_CLOEXEC)) {
        REQUIRE(::write(fd_, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
    }
    memory_file(const memory_file&) = delete;
    ~memory_file() { ::close(fd_); }

    std::string path() const { return "/proc/self/fd/" + std::to_string(fd_); }

private:
    int fd_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const config defaults =
        default_config(true, [](const std::string&) { return std::optional<std::string>(); });
    config read = defaults;
    const memory_file given(std::string(reinterpret_cast<const char*>(data), size));
    try {
        apply_file(read, given.path());
    } catch (const config_error& e) {
        REQUIRE(std::string(e.what()).starts_with(given.path()));
        return 0;
    }
    try {
        check(read);
    } catch (const config_error&) {
    }

    const std::string text = print_config(read, defaults);
    config again = defaults;
    apply_file(again, memory_file(text).path());
    REQUIRE(print_config(again, defaults) == text);
    return 0;
}
