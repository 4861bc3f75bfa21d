// The guest's memory, as far as QEMU has told where it lies: ranges of bus addresses, each a
// mapping of a file.
//
// Ranges come and go while firmware runs, so nobody keeps what find() returns beyond the device's
// lock. Ranges without a file (other devices' memory, ROMs) are known and cannot be reached.
#pragma once

#include "io/bytes.hpp"
#include "io/unique_fd.hpp"

#include <cstdint>
#include <map>
#include <optional>

namespace peerpress::accel::model {

enum class access { read, write };

class dma_table {
public:
    dma_table() = default;
    dma_table(const dma_table&) = delete;
    dma_table& operator=(const dma_table&) = delete;
    ~dma_table() { clear(); }

    struct range {
        std::uint64_t address = 0;
        std::uint64_t bytes = 0;
        std::uint64_t file_offset = 0;
        bool writable = false;
    };
    // 0, or an errno. The file may be none.
    int map(const range& range, const io::unique_fd& file);
    // All ranges that lie within the given one.
    void unmap(std::uint64_t address, std::uint64_t bytes);
    void clear();

    // The memory of so many bytes at that address, if all of it can be accessed so.
    std::optional<bytes_span> find(std::uint64_t address, std::uint64_t bytes, access wanted) const;

    std::size_t size() const { return ranges_.size(); }

private:
    struct mapping {
        std::uint64_t bytes = 0;
        std::byte* memory = nullptr;  // none: cannot be reached
        bool writable = false;
    };
    using mappings = std::map<std::uint64_t, mapping>;

    bool overlaps(const range& range) const;
    mappings::iterator remove(mappings::iterator at);

    mappings ranges_;  // by address
};

}  // namespace peerpress::accel::model
