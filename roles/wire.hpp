// Plain values as bytes, for two processes of one release on one machine: every integer is eight
// bytes, everything of variable length has its count before it, and nothing tells its type. A
// struct takes part by a function `fields(archive, value)` that lists its members once, for both
// directions.
//
// The reader trusts nothing: what it takes is in range, lies within the message and is no more than
// the message can hold. What it throws ends the connection.
#pragma once

#include "io/asio.hpp"
#include "io/unique_fd.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace peerpress::roles {

class wire_error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

// Descriptors travel beside the bytes, in the order of the values that they belong to.
struct message {
    std::vector<std::byte> body = {};
    std::vector<io::unique_fd> descriptors = {};
};

// `last_of` an enumeration that is sent; no value beyond it is read.
template <class Enum>
inline constexpr Enum last_of = Enum::none;

class writer {
public:
    template <class... T>
    void operator()(const T&... values) {
        (put(values), ...);
    }
    message take() { return std::move(made_); }

private:
    void put_byte(std::uint8_t value) { made_.body.push_back(static_cast<std::byte>(value)); }
    void put_bytes(const void* data, std::size_t size);

    template <std::integral T>
    void put(T value) {
        if constexpr (std::same_as<T, bool>) {
            put_byte(value ? 1 : 0);
        } else {
            const auto wide = static_cast<std::uint64_t>(value);
            put_bytes(&wide, sizeof wide);
        }
    }
    template <class T>
        requires std::is_enum_v<T>
    void put(T value) {
        put_byte(static_cast<std::uint8_t>(value));
    }
    void put(const std::string& text);
    // Sent is a duplicate: `fd` stays its owner's.
    void put(const io::unique_fd& fd);
    template <class T>
    void put(const std::optional<T>& value) {
        put(value.has_value());
        if (value) put(*value);
    }
    template <class T>
    void put(const std::vector<T>& values) {
        put(values.size());
        for (const T& value : values) put(value);
    }
    template <class T>
        requires std::is_class_v<T>
    void put(const T& value) {
        fields(*this, value);
    }

    message made_;
};

class reader {
public:
    explicit reader(message& from) : from_(from), left_(from.body) {}

    template <class... T>
    void operator()(T&... values) {
        (take(values), ...);
    }
    // All of the message has been read.
    void end() const;

private:
    std::uint8_t take_byte();
    std::uint64_t take_integer();
    void need(std::uint64_t bytes) const;

    template <std::integral T>
    void take(T& value) {
        if constexpr (std::same_as<T, bool>) {
            const std::uint8_t byte = take_byte();
            if (byte > 1) throw wire_error("a flag that is neither set nor clear");
            value = byte == 1;
        } else {
            const std::uint64_t wide = take_integer();
            value = static_cast<T>(wide);
            if (static_cast<std::uint64_t>(value) != wide)
                throw wire_error("a number that is too large");
        }
    }
    template <class T>
        requires std::is_enum_v<T>
    void take(T& value) {
        const std::uint8_t byte = take_byte();
        if (byte > static_cast<std::uint8_t>(last_of<T>))
            throw wire_error("a value that has no name");
        value = static_cast<T>(byte);
    }
    void take(std::string& text);
    void take(io::unique_fd& fd);
    template <class T>
    void take(std::optional<T>& value) {
        bool there = false;
        take(there);
        value.reset();
        if (there) take(value.emplace());
    }
    template <class T>
    void take(std::vector<T>& values) {
        const std::uint64_t count = take_integer();
        need(count);  // each takes a byte at least
        values.clear();
        for (std::uint64_t index = 0; index < count; ++index) take(values.emplace_back());
    }
    template <class T>
        requires std::is_class_v<T>
    void take(T& value) {
        fields(*this, value);
    }

    message& from_;
    std::span<const std::byte> left_;
    std::size_t descriptors_taken_ = 0;
};

template <class... T>
message pack(const T&... values) {
    writer out;
    out(values...);
    return out.take();
}

template <class T>
T unpack(message from) {
    T value{};
    reader in(from);
    in(value);
    in.end();
    return value;
}

}  // namespace peerpress::roles
