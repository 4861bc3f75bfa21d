#include "io/topology/probe.hpp"

#include "io/extents.hpp"
#include "io/p2pmem_slots.hpp"
#include "io/topology/mounts.hpp"
#include "io/unique_fd.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace peerpress::io::topology {

namespace {

constexpr std::size_t block_bytes = 4096;

struct alignas(block_bytes) block {
    std::array<std::byte, block_bytes> bytes{};
};

finding impossible(const probe_request& request, const std::string& why) {
    return {obstacle::probe_impossible,
            "no block of " + request.disk_path + " could be read to try the way to " +
                request.provider_label + ": " + why,
            "run as root"};
}

finding refused(const probe_request& request, error_code failed) {
    return {obstacle::refused_by_kernel,
            "Linux refused to read " + request.disk_path + " into the p2pmem of " +
                request.provider_label + ": " + failed.message(),
            "look at the kernel's messages: dmesg | grep -i p2p"};
}

finding lost(const probe_request& request) {
    return {obstacle::data_lost,
            "a block of " + request.disk_path + " that was read into the p2pmem of " +
                request.provider_label + " did not arrive there, and no error was reported",
            "put the devices behind one PCIe switch, and tell the machine's vendor"};
}

result<std::size_t> read_block(int fd, bytes_span into) {
    ssize_t bytes = 0;
    do bytes = ::pread(fd, into.data(), into.size(), 0);
    while (bytes < 0 && errno == EINTR);
    if (bytes < 0) return error_code{errno, boost::system::system_category()};
    return static_cast<std::size_t>(bytes);
}

// Makes sure that nothing of the block is there yet. What the processor stores may wait in its
// buffers and on the bus; loading it again comes back behind it.
void spoil(bytes_span memory, bytes_view expected) {
    for (std::size_t at = 0; at < expected.size(); ++at) memory[at] = ~expected[at];
    __sync_synchronize();  // a fence between threads would not be one for a device
    volatile const std::byte* const last = &memory[expected.size() - 1];
    static_cast<void>(*last);
}

// Only what a device reads on its own proves anything.
std::optional<std::string> why_not_direct(int fd) {
    struct stat status{};
    const int flags = ::fcntl(fd, F_GETFL);
    if (flags < 0 || ::fstat(fd, &status) != 0) return "it is not open";
    if ((flags & O_DIRECT) == 0) return "it is not open for direct reads";
    if (!S_ISREG(status.st_mode)) return std::nullopt;
    const file_content content = content_of(fd, {.offset_bytes = 0, .length_bytes = block_bytes});
    if (content.obstacle) return content.obstacle->sentence;
    if (content.device_bytes == 0) return "the file begins with a hole, or is empty";
    return std::nullopt;
}

bool is_lasting(const std::optional<finding>& answer) {
    return !answer || answer->what == obstacle::refused_by_kernel ||
           answer->what == obstacle::data_lost;
}

}  // namespace

std::optional<finding> probe(const probe_request& request) {
    const unique_fd disk(::open(request.disk_path.c_str(), O_RDONLY | O_DIRECT | O_CLOEXEC));
    if (!disk)
        return impossible(request, error_code{errno, boost::system::system_category()}.message());
    return probe_file(request, disk.get());
}

std::optional<finding> probe_file(const probe_request& request, int fd) {
    if (const auto why = why_not_direct(fd)) return impossible(request, *why);
    const p2pmem_request wanted{.allocate_path = request.allocate_path,
                                .label = request.provider_label,
                                .slots = 1,
                                .slots_min = 1,
                                .slot_bytes = block_bytes};
    try {
        const p2pmem_slots memory(wanted);
        const block_reader read = [fd](bytes_span into) { return read_block(fd, into); };
        return probe_memory(request, read, memory.slot(0));
    } catch (const system_error& failed) {
        return explain_p2pmem(failed.code(), wanted);
    }
}

std::optional<finding> probe_memory(const probe_request& request, const block_reader& read,
                                    bytes_span memory) {
    // A block of a device in use may change between the two reads. Not three times.
    for (int attempt = 0; attempt < 3; ++attempt) {
        block expected;
        const auto through_host = read(expected.bytes);
        if (!through_host) return impossible(request, through_host.error().message());
        if (*through_host == 0) return impossible(request, "it is empty");

        const bytes_view wanted = bytes_view(expected.bytes).first(*through_host);
        spoil(memory, wanted);
        const auto to_peer = read(memory.first(block_bytes));
        if (!to_peer && means_no_route(to_peer.error())) return refused(request, to_peer.error());
        if (!to_peer) return impossible(request, to_peer.error().message());
        if (*to_peer == wanted.size() && std::ranges::equal(memory.first(wanted.size()), wanted))
            return std::nullopt;
    }
    return lost(request);
}

std::string fingerprint(const host_files& files, const machine& in) {
    std::string text = in.kernel.release + "\n";
    for (const pci_device& device : in.pci.devices()) {
        text += to_string(device.address) + " " + std::to_string(device.vendor.value_or(0)) + ":" +
                std::to_string(device.device.value_or(0)) + " " + device.driver + " " +
                device.host_bridge + " " +
                std::to_string(static_cast<int>(device.capabilities.redirect));
        for (const pci_address bridge : device.bridges) text += " " + to_string(bridge);
        text += "\n";
    }
    for (const nvme_controller& controller : in.controllers) {
        text += controller.name + " " + controller.serial;
        for (const nvme_namespace& reached : controller.namespaces) text += " " + reached.disk;
        text += "\n";
    }
    for (const p2pmem_provider& provider : in.providers)
        text += to_string(provider.address) + " " +
                std::to_string(provider.size_bytes.value_or(0)) +
                (provider.published.value_or(false) ? " published\n" : "\n");
    return text + files.text("/proc/self/mountinfo").value_or("");
}

void probe_cache::renew(const std::string& fingerprint) {
    if (fingerprint == fingerprint_) return;
    fingerprint_ = fingerprint;
    answers_.clear();
}

std::optional<finding> probe_cache::ask(const probe_request& request, const attempt& tried) {
    const auto key = std::pair(request.allocate_path, request.disk_path);
    if (const auto known = answers_.find(key); known != answers_.end()) return known->second;
    std::optional<finding> answer = tried(request);
    if (is_lasting(answer)) answers_.emplace(key, answer);
    return answer;
}

}  // namespace peerpress::io::topology
