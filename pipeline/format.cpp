#include "pipeline/format.hpp"

#include <array>
#include <cassert>

namespace peerpress::pipeline {
namespace {

struct container_words {
    std::string_view name;
    std::string_view suffix;
};

// In the order of the enum.
constexpr std::array<container_words, 5> containers{{
    {"gzip", ".gz"},
    {"bgzf", ".gz"},
    {"plain", ".gz"},
    {"zlib", ".zz"},
    {"deflate", ".deflate"},
}};
static_assert(static_cast<std::size_t>(container::deflate) + 1 == containers.size());

const container_words& words_of(container c) {
    const auto index = static_cast<std::size_t>(c);
    assert(index < containers.size());
    return containers[index];
}

class format_error_category final : public boost::system::error_category {
public:
    const char* name() const noexcept override { return "format"; }

    std::string message(int value) const override {
        switch (static_cast<format_errc>(value)) {
            case format_errc::not_compressed:
                return "not in gzip or zlib format";
            case format_errc::bad_header:
                return "invalid header";
            case format_errc::unsupported_method:
                return "unsupported compression method, flag or preset dictionary";
            case format_errc::bad_data:
                return "invalid compressed data";
            case format_errc::wrong_checksum:
                return "wrong checksum";
            case format_errc::wrong_size:
                return "wrong length";
            case format_errc::truncated:
                return "unexpected end of file";
            case format_errc::output_limit:
                return "more data than the limit allows";
            case format_errc::range_unsupported:
                return "no random access: the file's members do not carry their sizes";
            case format_errc::mismatch:
                return "the data differ from the source";
            case format_errc::source_changed:
                return "the source changed its size while being read";
        }
        return "unknown format error " + std::to_string(value);
    }
};

}  // namespace

std::string_view container_name(container c) {
    return words_of(c).name;
}

std::string_view container_suffix(container c) {
    return words_of(c).suffix;
}

std::optional<container> container_from_name(std::string_view name) {
    for (std::size_t index = 0; index < containers.size(); ++index) {
        if (containers[index].name == name) return static_cast<container>(index);
    }
    return std::nullopt;
}

const boost::system::error_category& format_category() {
    static const format_error_category category;
    return category;
}

error_code make_error_code(format_errc errc) {
    return {static_cast<int>(errc), format_category()};
}

format_error::format_error(format_errc errc, std::uint64_t member_index, std::uint64_t offset_bytes)
    : system_error(errc),
      member_index_(member_index),
      offset_bytes_(offset_bytes),
      text_("member " + std::to_string(member_index) + " at offset " +
            std::to_string(offset_bytes) + ": " + code().message()) {}

}  // namespace peerpress::pipeline
