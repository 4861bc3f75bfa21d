#include "accel/model/options.hpp"

#include "accel/model/quantity.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <map>
#include <sstream>

namespace peerpress::accel::model {
namespace {

constexpr std::size_t cores_max = 64;

// An option whose text is parsed by a function that says none where it makes no sense.
template <class Value, class Parse>
CLI::Option* add(CLI::App& app, const char* name, Value& value, Parse parse, const char* about) {
    return app
        .add_option_function<std::string>(
            name,
            [&value, parse, name](const std::string& text) {
                const auto parsed = parse(text);
                if (!parsed) throw CLI::ValidationError(name, "'" + text + "' makes no sense");
                value = *parsed;
            },
            about)
        ->take_last();
}

std::optional<std::uint64_t> parse_cmb(const std::string& text) {
    const auto bytes = parse_size(text);
    return bytes && is_cmb_size(*bytes) ? bytes : std::nullopt;
}

std::optional<std::uint32_t> parse_span(const std::string& text) {
    const auto bytes = parse_size(text);
    const bool good = bytes && *bytes >= 4096 && *bytes <= (8u << 20) && *bytes % 4096 == 0;
    return good ? std::optional(static_cast<std::uint32_t>(*bytes)) : std::nullopt;
}

std::optional<std::string> parse_serial(const std::string& text) {
    const bool printable =
        text.find_first_not_of(
            "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_.") ==
        std::string::npos;
    return !text.empty() && text.size() <= 20 && printable ? std::optional(text) : std::nullopt;
}

void describe(CLI::App& app, options& wanted) {
    device_options& device = wanted.device;
    app.add_option("--socket", wanted.socket, "Unix socket that QEMU's vfio-user-pci connects to");
    add(app, "--serial", device.identity.serial, parse_serial,
        "serial number, up to 20 characters");
    add(app, "--cmb", device.cmb_bytes, parse_cmb,
        "size of the memory buffer, a power of two from 2M (256M)");
    add(app, "--cores", device.identity.cores, parse_cores,
        "cores of each kind (compress=3,decompress=1)");
    add(app, "--span", device.identity.span_bytes_max, parse_span,
        "largest span of one command (1M)");
    add(app, "--rate", device.pace.bytes_per_second, parse_rate,
        "of each core, in bytes of input, such as 1GB/s (as fast as it can)");
    add(app, "--latency", device.pace.latency, parse_time,
        "of each command besides, such as 50us (0ns)");
    app.add_option("--trace", wanted.trace, "file for a line of JSON per command");
    app.add_option("--fault", wanted.orders, "a fault from the start, as in --tell 'fault ...'")
        ->allow_extra_args(false);
    app.add_option("--control", wanted.control, "Unix socket that takes orders while it runs");
    app.add_flag("--orders-from-guest", device.orders_from_guest,
                 "take orders from the guest, too, by an admin command");
    app.add_option("--tell", wanted.tell,
                   "give this order to the device behind --control, and end");
    app.footer(
        "Orders: fault KIND[=VALUE] [core=N] [op=compress|decompress|checksum] [nth=N] [every=N]\n"
        "[times=N|always], clear, resume, core N down|up, disappear. See docs/model.md.");
}

const char* missing(const options& wanted) {
    if (!wanted.tell.empty()) return wanted.control.empty() ? "--tell needs --control" : nullptr;
    if (wanted.socket.empty()) return "--socket is needed";
    if (wanted.device.identity.serial.empty()) return "--serial is needed";
    return nullptr;
}

}  // namespace

std::optional<std::vector<core_identity>> parse_cores(const std::string& text) {
    std::map<std::string, std::uint64_t> counts;
    std::istringstream words(text);
    for (std::string word; std::getline(words, word, ',');) {
        const std::size_t equals = word.find('=');
        if (equals == std::string::npos) return std::nullopt;
        const auto count = parse_number(std::string_view(word).substr(equals + 1));
        if (!count || *count > cores_max) return std::nullopt;
        if (!counts.emplace(word.substr(0, equals), *count).second) return std::nullopt;
    }
    std::vector<core_identity> cores;
    for (const core_type type : {core_type::compress, core_type::decompress}) {
        const auto found = counts.extract(name_of(type));
        if (found) cores.insert(cores.end(), found.mapped(), core_identity{.type = type});
    }
    if (!counts.empty() || cores.empty() || cores.size() > cores_max) return std::nullopt;
    return cores;
}

std::optional<options> parse_options(int count, const char* const* words, int& exit_status) {
    options wanted;
    wanted.device.identity.cores = *parse_cores("compress=3,decompress=1");
    CLI::App app{
        "peerpress-model: an NVMe device that compresses in its own memory, for virtual machines"};
    describe(app, wanted);
    try {
        app.parse(count, words);
    } catch (const CLI::ParseError& error) {
        exit_status = app.exit(error) == 0 ? 0 : 2;
        return std::nullopt;
    }
    if (const char* complaint = missing(wanted)) {
        fmt::print(stderr, "peerpress-model: {}\n", complaint);
        exit_status = 2;
        return std::nullopt;
    }
    return wanted;
}

}  // namespace peerpress::accel::model
