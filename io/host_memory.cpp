#include "io/host_memory.hpp"

#include "io/asio.hpp"

#include <linux/mman.h>
#include <sys/mman.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <fstream>
#include <iterator>

namespace peerpress::io {

namespace {

constexpr std::size_t huge_page_bytes = 2 << 20;

std::size_t round_up(std::size_t value, std::size_t to) {
    return (value + to - 1) / to * to;
}

bytes_span map_anonymous(std::size_t size_bytes, int flags) {
    void* const at = ::mmap(nullptr, size_bytes, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
    if (at == MAP_FAILED) return {};
    return {static_cast<std::byte*>(at), size_bytes};
}

// madvise says yes even where the administrator has said never.
bool transparent_huge_pages_allowed() {
    std::ifstream file("/sys/kernel/mm/transparent_hugepage/enabled");
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    return !text.empty() && text.find("[never]") == std::string::npos;
}

}  // namespace

const std::string& page_kind_name(page_kind kind) {
    static const std::array<std::string, 3> names{"4 KiB pages", "transparent huge pages",
                                                  "huge pages (2 MiB)"};
    return names.at(static_cast<std::size_t>(kind));
}

host_memory::host_memory(std::size_t size_bytes, page_kind best) {
    for (int kind = static_cast<int>(best); kind >= 0; --kind)
        if (map(static_cast<page_kind>(kind), size_bytes)) return;
    throw system_error{make_error_code(boost::system::errc::not_enough_memory), "mmap"};
}

host_memory::~host_memory() {
    if (!mapping_.empty()) ::munmap(mapping_.data(), mapping_.size());
}

bool host_memory::map(page_kind kind, std::size_t size_bytes) {
    std::size_t skip_bytes = 0;
    switch (kind) {
        case page_kind::huge:  // the kernel reserves them here and now, or refuses
            mapping_ =
                map_anonymous(round_up(size_bytes, huge_page_bytes), MAP_HUGETLB | MAP_HUGE_2MB);
            break;
        case page_kind::transparent_huge: {
            if (!transparent_huge_pages_allowed()) return false;
            // Room to start on a huge page's boundary; what is skipped is never touched and costs
            // nothing.
            mapping_ = map_anonymous(round_up(size_bytes, huge_page_bytes) + huge_page_bytes, 0);
            if (mapping_.empty()) return false;
            const auto address = reinterpret_cast<std::uintptr_t>(mapping_.data());
            skip_bytes = round_up(address, huge_page_bytes) - address;
            const bytes_span aligned = mapping_.subspan(skip_bytes);
            if (::madvise(aligned.data(), round_up(size_bytes, huge_page_bytes), MADV_HUGEPAGE) !=
                0) {
                ::munmap(mapping_.data(), mapping_.size());
                mapping_ = {};
            }
            break;
        }
        case page_kind::small:
            mapping_ = map_anonymous(size_bytes, 0);
            break;
    }
    if (mapping_.empty()) return false;
    bytes_ = mapping_.subspan(skip_bytes, size_bytes);
    kind_ = kind;
    return true;
}

}  // namespace peerpress::io
