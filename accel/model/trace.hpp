// What the device did, one line of JSON for each command and for each event: the proof, from
// outside the host, of which way bytes went.
#pragma once

#include "accel/model/data_pointer.hpp"
#include "accel/noload/wire.hpp"

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace peerpress::accel::model {

// A piece of the input or output.
struct trace_piece {
    bool in_cmb = false;
    std::uint64_t at = 0;  // offset in the CMB, or the bus address
    std::uint64_t bytes = 0;
};
std::vector<trace_piece> pieces_of(const places& all);

struct trace_record {
    std::uint32_t namespace_id = 0;
    std::uint16_t command_id = 0;
    std::uint8_t opcode = 0;
    std::uint16_t status = 0;
    noload::completion completion{};
    std::vector<trace_piece> read{};
    std::vector<trace_piece> written{};
    std::vector<std::string_view> faults{};
    bool abandoned = false;  // its queue was gone before it was done
    std::chrono::steady_clock::time_point start;
    std::chrono::steady_clock::time_point end;
};

class trace {
public:
    trace() = default;  // to nowhere
    // Throws system_error where the file cannot be written to; it is begun anew.
    explicit trace(const std::string& path);

    void command(const trace_record& record);
    void event(std::string_view name);

private:
    struct close_file {
        void operator()(std::FILE* file) const { std::fclose(file); }
    };
    std::int64_t microseconds(std::chrono::steady_clock::time_point at) const;
    void write(const std::string& line);

    std::unique_ptr<std::FILE, close_file> file_;
    std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
    std::uint64_t lines_ = 0;
};

}  // namespace peerpress::accel::model
