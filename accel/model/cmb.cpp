#include "accel/model/cmb.hpp"

#include "io/asio.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cassert>
#include <cerrno>

namespace peerpress::accel::model {

cmb::cmb(std::uint64_t bytes) : file_(memfd_create("cmb", MFD_CLOEXEC)) {
    assert(is_cmb_size(bytes));
    void* at = MAP_FAILED;
    if (file_ && ftruncate(file_.get(), static_cast<off_t>(bytes)) == 0) {
        at = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file_.get(), 0);
    }
    if (at == MAP_FAILED) {
        throw system_error(error_code(errno, boost::system::system_category()), "CMB");
    }
    bytes_ = {static_cast<std::byte*>(at), bytes};
}

cmb::~cmb() {
    munmap(bytes_.data(), bytes_.size());
}

}  // namespace peerpress::accel::model
