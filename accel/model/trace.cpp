#include "accel/model/trace.hpp"

#include "io/asio.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <iterator>

namespace peerpress::accel::model {
namespace {

std::string_view operation_name(std::uint8_t opcode) {
    switch (static_cast<noload::opcode>(opcode)) {
        case noload::opcode::compress:
            return "compress";
        case noload::opcode::decompress:
            return "decompress";
        case noload::opcode::checksum:
            return "checksum";
    }
    return "unknown";
}

std::string pieces_text(const std::vector<trace_piece>& pieces) {
    std::string text;
    for (const trace_piece& piece : pieces) {
        fmt::format_to(std::back_inserter(text), R"({}{{"in":"{}","at":{},"bytes":{}}})",
                       text.empty() ? "" : ",", piece.in_cmb ? "cmb" : "ram", piece.at,
                       piece.bytes);
    }
    return text;
}

std::string faults_text(const std::vector<std::string_view>& faults) {
    std::string text;
    for (const std::string_view fault : faults) {
        fmt::format_to(std::back_inserter(text), R"({}"{}")", text.empty() ? "" : ",", fault);
    }
    return text;
}

}  // namespace

std::vector<trace_piece> pieces_of(const places& all) {
    std::vector<trace_piece> pieces;
    for (const place& one : all) {
        pieces.push_back({.in_cmb = one.in_cmb, .at = one.at, .bytes = one.bytes.size()});
    }
    return pieces;
}

trace::trace(const std::string& path) : file_(std::fopen(path.c_str(), "we")) {
    if (!file_) throw system_error(error_code(errno, boost::system::system_category()), path);
}

std::int64_t trace::microseconds(std::chrono::steady_clock::time_point at) const {
    return std::chrono::duration_cast<std::chrono::microseconds>(at - begin_).count();
}

void trace::command(const trace_record& record) {
    if (!file_) return;
    write(fmt::format(
        R"({{"command":{},"start_us":{},"end_us":{},"namespace":{},"id":{},"operation":"{}",)"
        R"("status":{},"bytes":{},"crc32":{},"read":[{}],"written":[{}],"faults":[{}],)"
        R"("abandoned":{}}})",
        ++lines_, microseconds(record.start), microseconds(record.end), record.namespace_id,
        record.command_id, operation_name(record.opcode), record.status, record.completion.bytes,
        record.completion.crc32, pieces_text(record.read), pieces_text(record.written),
        faults_text(record.faults), record.abandoned));
}

void trace::event(std::string_view name) {
    if (!file_) return;
    write(fmt::format(R"({{"event":"{}","at_us":{}}})", name,
                      microseconds(std::chrono::steady_clock::now())));
}

// Each line at once: whoever reads the trace may do so while the device works, or has been killed.
void trace::write(const std::string& line) {
    std::fwrite(line.data(), 1, line.size(), file_.get());
    std::fputc('\n', file_.get());
    std::fflush(file_.get());
}

}  // namespace peerpress::accel::model
