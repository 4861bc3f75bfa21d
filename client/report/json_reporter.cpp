#include "client/report/json_reporter.hpp"

#include "client/printable.hpp"
#include "client/report/json_lines.hpp"

namespace peerpress::client {

void write_json_line(std::ostream& out, const boost::json::object& line) {
    out << boost::json::serialize(line) << std::endl;
}

json_reporter::json_reporter(std::ostream& out, std::chrono::milliseconds interval,
                             std::function<void()> on_broken)
    : out_(out),
      interval_(interval),
      on_broken_(std::move(on_broken)),
      next_(std::chrono::steady_clock::now() + interval) {}

void json_reporter::write(const boost::json::object& line) {
    write_json_line(out_, line);
    if (!out_) on_broken_();
}

void json_reporter::on_progress(const progress_sample& sample) {
    const auto now = std::chrono::steady_clock::now();
    if (interval_.count() == 0 || now < next_) return;
    next_ = now + interval_;
    write(progress_json(sample));
}

void json_reporter::on_file(const jobs::file_result& file) {
    write(file_json(file));
}

void json_reporter::on_summary(const job_summary& summary) {
    write(summary_json(summary));
}

void json_reporter::on_error(const jobs::problem& problem, int exit_code) {
    write(error_json(problem, exit_code));
}

void json_reporter::on_note(const std::string&) {}

void json_reporter::on_warning(const std::string& text) {
    write({{"type", "warning"}, {"message", to_utf8(text)}});
}

}  // namespace peerpress::client
