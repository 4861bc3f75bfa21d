#include "io/topology/kernel.hpp"

#include <zlib.h>

#include <charconv>

namespace peerpress::io::topology {

namespace {

constexpr std::int64_t amd_family_zen = 0x17;
constexpr std::size_t config_bytes_max = 4 << 20;  // Debian's are 300 KiB

std::optional<std::string> gunzip(const std::string& compressed) {
    z_stream stream{};
    if (inflateInit2(&stream, 16 + MAX_WBITS) != Z_OK) return std::nullopt;

    // zlib's input pointer is not const, but it does not write there.
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(compressed.data()));
    stream.avail_in = static_cast<uInt>(compressed.size());
    std::string plain(config_bytes_max, '\0');
    stream.next_out = reinterpret_cast<Bytef*>(plain.data());
    stream.avail_out = static_cast<uInt>(plain.size());
    const int status = inflate(&stream, Z_FINISH);
    plain.resize(stream.total_out);
    inflateEnd(&stream);
    if (status != Z_STREAM_END) return std::nullopt;
    return plain;
}

bool has_line(std::string_view text, std::string_view wanted) {
    for (const std::string_view line : split(text, '\n'))
        if (trimmed(line) == wanted) return true;
    return false;
}

void read_option(const host_files& files, kernel_facts& kernel) {
    const auto take = [&](const std::optional<std::string>& config, const std::string& source) {
        if (!config) return false;
        kernel.p2pdma = has_line(*config, "CONFIG_PCI_P2PDMA=y");
        kernel.p2pdma_source = source;
        return true;
    };
    // The running kernel's own word first; files named after it may be another build's.
    if (const auto compressed = files.text("/proc/config.gz"))
        if (take(gunzip(*compressed), "/proc/config.gz")) return;
    if (kernel.release.empty()) return;
    for (const std::string& path :
         {"/boot/config-" + kernel.release, "/lib/modules/" + kernel.release + "/config",
          "/usr/lib/modules/" + kernel.release + "/config"})
        if (take(files.text(path), path)) return;
}

std::string_view value_of(std::string_view text, std::string_view key) {
    for (const std::string_view line : split(text, '\n')) {
        const std::size_t colon = line.find(':');
        if (colon != line.npos && trimmed(line.substr(0, colon)) == key)
            return trimmed(line.substr(colon + 1));
    }
    return {};
}

void read_processor(const host_files& files, kernel_facts& kernel) {
    const auto text = files.text("/proc/cpuinfo");
    if (!text || trimmed(*text).empty()) return;
    // The kernel looks at the first processor alone.
    const auto family = parse_integer(value_of(*text, "cpu family"));
    kernel.zen =
        value_of(*text, "vendor_id") == "AuthenticAMD" && family && *family >= amd_family_zen;
    kernel.cpu_model = value_of(*text, "model name");
}

}  // namespace

std::optional<kernel_version> parse_kernel_version(std::string_view release) {
    kernel_version version;
    const char* end = release.data() + release.size();
    const auto [dot, major_error] = std::from_chars(release.data(), end, version.major);
    if (major_error != std::errc{} || dot == end || *dot != '.') return std::nullopt;
    const auto [rest, minor_error] = std::from_chars(dot + 1, end, version.minor);
    if (minor_error != std::errc{}) return std::nullopt;
    return version;
}

std::string to_string(kernel_version version) {
    return std::to_string(version.major) + "." + std::to_string(version.minor);
}

kernel_facts read_kernel(const host_files& files) {
    kernel_facts kernel;
    kernel.release = files.line("/proc/sys/kernel/osrelease").value_or("");
    kernel.version = parse_kernel_version(kernel.release);
    read_option(files, kernel);
    read_processor(files, kernel);
    kernel.nvme_driver = files.exists("/sys/bus/pci/drivers/nvme");
    if (const auto set = files.line("/sys/module/nvme_core/parameters/multipath"))
        kernel.nvme_multipath = *set == "Y";
    return kernel;
}

}  // namespace peerpress::io::topology
