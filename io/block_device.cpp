#include "io/block_device.hpp"

#include "io/raw_file.hpp"
#include "io/regular_file.hpp"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <cerrno>
#include <utility>

namespace peerpress::io {

namespace {

[[noreturn]] void fail(const char* what) {
    throw system_error{errno, boost::system::system_category(), what};
}

// fstat tells a size of zero, and there is nothing to truncate.
class device_file final : public raw_file {
public:
    device_file(std::unique_ptr<raw_file> file, std::uint64_t size_bytes)
        : file_(std::move(file)), size_bytes_(size_bytes) {}

    awaitable<result<std::size_t>> read_some(std::uint64_t offset_bytes, bytes_span into) override {
        return file_->read_some(offset_bytes, into);
    }
    awaitable<result<std::size_t>> write_some(std::uint64_t offset_bytes,
                                              bytes_view from) override {
        return file_->write_some(offset_bytes, from);
    }
    awaitable<error_code> ready(readiness readiness) override { return file_->ready(readiness); }
    awaitable<error_code> sync() override { return file_->sync(); }

    result<std::uint64_t> size() override { return size_bytes_; }
    error_code truncate(std::uint64_t) override { return {}; }
    error_code make_buffered() override {
        return make_error_code(boost::system::errc::operation_not_supported);
    }

private:
    std::unique_ptr<raw_file> file_;
    std::uint64_t size_bytes_;
};

storage_traits device_traits(int fd) {
    std::uint64_t size_bytes = 0;
    if (::ioctl(fd, BLKGETSIZE64, &size_bytes) != 0) fail("BLKGETSIZE64");
    int block_bytes = 0;
    if (::ioctl(fd, BLKSSZGET, &block_bytes) != 0) fail("BLKSSZGET");

    storage_traits traits;
    traits.size_bytes = size_bytes;
    traits.direct = true;
    // What devices ask of addresses is less, but only newer kernels tell how much less.
    const auto bytes = static_cast<std::uint32_t>(block_bytes);
    traits.alignment = {.memory_bytes = bytes, .offset_bytes = bytes};
    return traits;
}

}  // namespace

std::unique_ptr<storage> open_block_device(uring& ring, unique_fd fd) {
    struct stat status{};
    if (::fstat(fd.get(), &status) != 0) fail("fstat");
    if (!S_ISBLK(status.st_mode))
        throw system_error{ENOTBLK, boost::system::system_category(), "fstat"};
    const int flags = ::fcntl(fd.get(), F_GETFL);
    if (flags < 0 || ::fcntl(fd.get(), F_SETFL, flags | O_DIRECT) != 0) fail("fcntl(O_DIRECT)");
    storage_traits traits = device_traits(fd.get());
    return make_device_storage(make_raw_file(ring, std::move(fd)), std::move(traits));
}

std::unique_ptr<storage> make_device_storage(std::unique_ptr<raw_file> file,
                                             storage_traits traits) {
    traits.fixed_size = true;
    const std::uint64_t size_bytes = traits.size_bytes.value_or(0);
    return std::make_unique<regular_file>(
        std::make_unique<device_file>(std::move(file), size_bytes), std::move(traits), false);
}

}  // namespace peerpress::io
