#include "io/extents.hpp"

#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>

namespace peerpress::io {

namespace {

using topology::finding;
using topology::obstacle;

finding attribute(const char* sentence) {
    return {obstacle::file_attributes, sentence, "use a file without that attribute"};
}

finding unreadable(const char* what, error_code failed) {
    return {obstacle::layout_unreadable, std::string(what) + " cannot be read: " + failed.message(),
            "keep the file on ext4 or XFS"};
}

constexpr const char* inline_sentence = "the file's data lie in its inode (inline data)";
constexpr const char* encoded_sentence = "the file system compresses or encrypts the file's data";

// Of a file system that has no such call. Its files have no such attributes either.
bool not_there(error_code failed) {
    return failed == boost::system::errc::inappropriate_io_control_operation ||
           failed == boost::system::errc::operation_not_supported ||
           failed == boost::system::errc::function_not_supported;
}

struct flag_text {
    std::uint64_t flag;
    const char* sentence;
};

constexpr std::array inode_flag_texts{
    flag_text{FS_INLINE_DATA_FL, inline_sentence},
    flag_text{FS_JOURNAL_DATA_FL, "the file's data go through the journal (chattr +j)"},
    flag_text{FS_ENCRYPT_FL, "the file is encrypted (fscrypt)"},
    flag_text{FS_VERITY_FL, "the file is protected by fs-verity"},
    flag_text{FS_COMPR_FL, encoded_sentence},
    flag_text{FS_DAX_FL, "the file lies in persistent memory (DAX)"},
};

constexpr std::array statx_attribute_texts{
    flag_text{STATX_ATTR_COMPRESSED, encoded_sentence},
    flag_text{STATX_ATTR_ENCRYPTED, "the file is encrypted (fscrypt)"},
    flag_text{STATX_ATTR_VERITY, "the file is protected by fs-verity"},
    flag_text{STATX_ATTR_DAX, "the file lies in persistent memory (DAX)"},
};

constexpr std::array extent_flag_texts{
    flag_text{FIEMAP_EXTENT_DATA_INLINE, inline_sentence},
    flag_text{FIEMAP_EXTENT_DATA_TAIL, "the file's end lies in a block with other files' ends"},
    flag_text{FIEMAP_EXTENT_DATA_ENCRYPTED, "the file is encrypted (fscrypt)"},
    flag_text{FIEMAP_EXTENT_ENCODED, encoded_sentence},
    flag_text{FIEMAP_EXTENT_NOT_ALIGNED, "the file's data lie beside block boundaries"},
};

template <std::size_t N>
std::optional<finding> first_set(std::uint64_t flags, const std::array<flag_text, N>& texts) {
    for (const auto& [flag, sentence] : texts)
        if (flags & flag) return attribute(sentence);
    return std::nullopt;
}

// Adds up the extents of a part of a file, which come in order.
class content_sum {
public:
    explicit content_sum(byte_range part)
        : at_(part.offset_bytes),
          end_(part.offset_bytes +
               std::min(part.length_bytes,
                        std::numeric_limits<std::uint64_t>::max() - part.offset_bytes)) {}

    void add(const extent_record& extent) {
        if (!sum_.obstacle) sum_.obstacle = first_set(extent.flags, extent_flag_texts);
        take_zeros(std::min(extent.offset_bytes, end_));  // the hole before it
        const std::uint64_t until = std::min(extent.offset_bytes + extent.length_bytes, end_);
        if (until <= at_) return;
        if (extent.flags & FIEMAP_EXTENT_UNWRITTEN) return take_zeros(until);
        sum_.device_bytes += until - at_;
        at_ = until;
    }
    file_content finish() {
        take_zeros(end_);
        if (!places_known_) sum_.zeros.clear();
        return sum_;
    }

    void forget_places() { places_known_ = false; }  // what was said makes no sense
    void refuse(finding why) { sum_.obstacle = std::move(why); }
    std::uint64_t at() const { return at_; }
    bool done() const { return at_ >= end_; }
    const file_content& so_far() const { return sum_; }

private:
    void take_zeros(std::uint64_t until) {
        if (until <= at_) return;
        note_zeros(until);
        sum_.zero_bytes += until - at_;
        at_ = until;
    }

    void note_zeros(std::uint64_t until) {
        std::vector<byte_range>& zeros = sum_.zeros;
        if (!zeros.empty() && zeros.back().offset_bytes + zeros.back().length_bytes == at_)
            zeros.back().length_bytes += until - at_;
        else if (zeros.size() < zero_ranges_max)
            zeros.push_back({.offset_bytes = at_, .length_bytes = until - at_});
    }

    std::uint64_t at_;
    std::uint64_t end_;
    file_content sum_;
    bool places_known_ = true;
};

}  // namespace

std::optional<finding> attributes_obstacle(file_map& map) {
    const result<std::uint64_t> attributes = map.statx_attributes();
    if (attributes) {
        if (auto found = first_set(*attributes, statx_attribute_texts)) return found;
    } else if (!not_there(attributes.error())) {
        return unreadable("the file's attributes", attributes.error());
    }
    const result<std::uint32_t> flags = map.inode_flags();
    if (flags) return first_set(*flags, inode_flag_texts);
    if (not_there(flags.error())) return std::nullopt;
    return unreadable("the inode's flags", flags.error());
}

file_content content_of(file_map& map, byte_range part) {
    content_sum sum(part);
    if (auto found = attributes_obstacle(map)) sum.refuse(std::move(*found));
    while (!sum.done()) {
        const std::uint64_t before = sum.at();
        const result<std::vector<extent_record>> extents = map.extents(before);
        if (!extents) {
            sum.refuse(unreadable("the file's extents", extents.error()));
            return sum.so_far();
        }
        for (const extent_record& extent : *extents) sum.add(extent);
        // No extent, or none that leads further: what is left is a hole.
        if (sum.at() == before) {
            if (!extents->empty()) sum.forget_places();
            break;
        }
    }
    return sum.finish();
}

}  // namespace peerpress::io
