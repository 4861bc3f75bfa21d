#include "accel/noload/discovery.hpp"

#include "accel/noload/wire.hpp"
#include "io/p2pmem_slots.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace peerpress::accel::noload {
namespace {

// Linux maps a passthrough command's buffer page by page, and takes at most so many.
constexpr std::size_t span_pages_max = 256;
constexpr std::size_t page_bytes = 4096;

io::unique_fd open_core(const std::string& path) {
    io::unique_fd fd(::open(path.c_str(), O_RDWR | O_CLOEXEC));
    if (!fd) throw system_error{errno, boost::system::system_category(), path};
    return fd;
}

class passthrough_port final : public core_port {
public:
    passthrough_port(io::uring& ring, const found_core& core)
        : device_(ring, open_core(core.path), core.namespace_id) {}

    awaitable<io::command_result> send(io::nvme_command command) override {
        return device_.send(command);
    }

private:
    io::nvme_passthrough device_;
};

// A core that compresses is for that alone, whatever else it can do.
std::optional<core_kind> kind_of(const core_area& area) {
    const bool usable = area.ready() && (area.operations & can_checksum) != 0 &&
                        (area.formats & takes_gzip_member) != 0;
    if (!usable) return std::nullopt;
    if ((area.operations & can_compress) != 0) return core_kind::compress;
    if ((area.operations & can_decompress) != 0) return core_kind::decompress;
    return std::nullopt;
}

void add_core(found_device& found, const io::topology::host_files& files,
              const io::topology::nvme_namespace& reached, const identify_namespace& identify) {
    const std::string path = "/dev/" + reached.generic;
    const auto identified = identify(path);
    if (!identified) return;
    const std::optional<core_area> area = decode_core_area(identified->data);
    const std::optional<core_kind> kind = area ? kind_of(*area) : std::nullopt;
    if (!kind) return;
    std::size_t& span_bytes = found.identity.span_bytes;
    span_bytes = std::min(span_bytes, span_bytes_of(files, reached.disk));
    if (area->span_bytes_max > 0)
        span_bytes = std::min<std::size_t>(span_bytes, area->span_bytes_max);
    found.cores.push_back({.kind = *kind,
                           .namespace_id = identified->namespace_id,
                           .path = path,
                           .inode = identified->inode});
}

}  // namespace

result<identified_namespace> identify_by_ioctl(const std::string& path) {
    const io::unique_fd fd(::open(path.c_str(), O_RDWR | O_CLOEXEC));
    if (!fd) return error_code{errno, boost::system::system_category()};
    const auto id = io::nvme_namespace_id(fd.get());
    if (!id) return id.error();
    const auto data = io::identify(fd.get(), io::nvme_identify_kind::of_namespace, *id);
    if (!data) return data.error();
    struct stat status{};
    if (::fstat(fd.get(), &status) != 0) return error_code{errno, boost::system::system_category()};
    return identified_namespace{.namespace_id = *id, .data = *data, .inode = status.st_ino};
}

std::size_t span_bytes_of(const io::topology::host_files& files, const std::string& disk) {
    const std::string queue = "/sys/class/block/" + disk + "/queue/";
    std::size_t bytes = span_pages_max * page_bytes;
    if (const auto kib = files.integer(queue + "max_hw_sectors_kb"); kib && *kib > 0)
        bytes = std::min(bytes, static_cast<std::size_t>(*kib) * 1024);
    if (const auto segments = files.integer(queue + "max_segments"); segments && *segments > 0)
        bytes = std::min(bytes, static_cast<std::size_t>(*segments) * page_bytes);
    return bytes / page_bytes * page_bytes;
}

std::vector<found_device> find_devices(const io::topology::host_files& files,
                                       const io::topology::machine& in,
                                       const identify_namespace& identify) {
    std::vector<found_device> all;
    for (const io::topology::nvme_controller& controller : in.controllers) {
        if (!controller.address || !in.provider_at(*controller.address)) continue;
        found_device found{.identity = {.address = to_string(*controller.address),
                                        .serial = controller.serial,
                                        .label = in.label(*controller.address),
                                        .model = controller.model,
                                        .span_bytes = span_pages_max * page_bytes},
                           .allocate_path = io::topology::allocate_path(*controller.address),
                           .cores = {}};
        for (const io::topology::nvme_namespace& reached : controller.namespaces)
            if (!reached.generic.empty()) add_core(found, files, reached, identify);
        const bool compresses = std::ranges::any_of(
            found.cores, [](const found_core& core) { return core.kind == core_kind::compress; });
        if (compresses) all.push_back(std::move(found));
    }
    return all;
}

bool still_there(const found_device& found) {
    return std::ranges::all_of(found.cores, [](const found_core& core) {
        struct stat status{};
        return ::stat(core.path.c_str(), &status) == 0 && status.st_ino == core.inode;
    });
}

bool may_have_devices(const io::topology::host_files& files) {
    return std::ranges::any_of(
        io::topology::read_nvme_controllers(files),
        [&files](const io::topology::nvme_controller& controller) {
            return controller.address &&
                   files.exists(io::topology::allocate_path(*controller.address));
        });
}

std::shared_ptr<device> open_device(io::uring& ring, const found_device& found,
                                    device_options options) {
    std::vector<core_parts> cores;
    for (const found_core& core : found.cores)
        cores.push_back({.kind = core.kind,
                         .namespace_id = core.namespace_id,
                         .port = std::make_unique<passthrough_port>(ring, core)});
    test_memory memory = [path = found.allocate_path, label = found.identity.label](
                             std::size_t bytes) -> std::unique_ptr<io::slot_memory> {
        return std::make_unique<io::p2pmem_slots>(io::p2pmem_request{.allocate_path = path,
                                                                     .label = label,
                                                                     .slots = 1,
                                                                     .slots_min = 1,
                                                                     .slot_bytes = bytes});
    };
    return std::make_shared<device>(ring.get_executor(), found.identity, std::move(cores),
                                    std::move(memory), options);
}

awaitable<> admit(const std::vector<std::shared_ptr<device>>& devices,
                  std::chrono::milliseconds patience) {
    struct admission {
        asio::steady_timer limit;
        std::size_t left;
    };
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    const auto under_way = std::make_shared<admission>(
        admission{asio::steady_timer(executor, patience), devices.size()});
    for (const auto& each : devices)
        asio::co_spawn(executor, each->admit(), [under_way](const std::exception_ptr&) {
            if (--under_way->left == 0) under_way->limit.cancel();
        });
    if (under_way->left > 0)
        co_await under_way->limit.async_wait(asio::as_tuple(asio::use_awaitable));
}

awaitable<device_engines> open_devices(io::uring& ring, std::vector<found_device> found,
                                       device_options options) {
    std::vector<std::shared_ptr<device>> opened;
    for (const found_device& each : found) {
        try {
            opened.push_back(open_device(ring, each, options));
        } catch (const system_error&) {
            continue;  // gone since it was found
        }
    }
    co_await admit(opened);
    co_return device_engines(opened.begin(), opened.end());
}

}  // namespace peerpress::accel::noload
