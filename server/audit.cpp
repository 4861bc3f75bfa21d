#include "server/audit.hpp"

#include "server/printable.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/sysmacros.h>

namespace peerpress::server {
namespace {

// A name is at most 4,096 bytes, four of these for each.
constexpr std::size_t text_bytes_max = 16384;

class line {
public:
    void add(std::string_view key, std::string_view text) {
        if (text.empty()) return;
        begin(key);
        into_ += '"';
        // Printable text is one line of UTF-8 already: only JSON's own two are left.
        for (const char letter : printable(text, text_bytes_max)) {
            if (letter == '"' || letter == '\\') into_ += '\\';
            into_ += letter;
        }
        into_ += '"';
    }
    void add(std::string_view key, std::int64_t number) {
        if (number == 0) return;
        begin(key);
        into_ += std::to_string(number);
    }
    std::string end() { return into_ + '}'; }

private:
    void begin(std::string_view key) {
        into_ += into_.size() > 1 ? ",\"" : "\"";
        into_.append(key).append("\":");
    }

    std::string into_ = "{";
};

}  // namespace

std::string audit_line(const decision& decided) {
    line text;
    text.add("who", decided.who);
    text.add("pid", decided.pid);
    text.add("what", decided.what);
    text.add("job", decided.job);
    text.add("root", decided.root);
    text.add("path", decided.path);
    if (decided.inode != 0)
        text.add("file", fmt::format("{}:{}:{}", major(decided.device), minor(decided.device),
                                     decided.inode));
    text.add("verdict", decided.error ? "refused" : "granted");
    if (decided.error) text.add("reason", jobs::reason_name(decided.error.reason));
    text.add("detail", decided.detail);
    return text.end();
}

void audit(const decision& decided) {
    auto logger = spdlog::get("audit");
    if (!logger) logger = spdlog::default_logger();
    logger->log(decided.error ? spdlog::level::warn : spdlog::level::info, "audit {}",
                audit_line(decided));
}

bool is_refusal(jobs::reason reason) {
    switch (reason) {
        case jobs::reason::permission_denied:
        case jobs::reason::source_unreadable:
        case jobs::reason::source_is_symlink:
        case jobs::reason::source_not_regular:
        case jobs::reason::output_unwritable:
        case jobs::reason::device_forbidden:
        case jobs::reason::job_not_found:
        case jobs::reason::quota:
        case jobs::reason::too_many_jobs:
            return true;
        default:
            return false;
    }
}

}  // namespace peerpress::server
