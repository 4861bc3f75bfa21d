// Tells programs: one JSON object a line on standard output, each flushed.
#pragma once

#include "client/report/reporter.hpp"

#include <boost/json.hpp>

#include <chrono>
#include <functional>
#include <ostream>

namespace peerpress::client {

void write_json_line(std::ostream& out, const boost::json::object& line);

class json_reporter final : public reporter {
public:
    // Progress lines at most every `interval`; none where it is zero. `on_broken` is called when a
    // line cannot be written.
    json_reporter(std::ostream& out, std::chrono::milliseconds interval,
                  std::function<void()> on_broken);

    void on_progress(const progress_sample& sample) override;
    void on_file(const jobs::file_result& file) override;
    void on_summary(const job_summary& summary) override;
    void on_error(const jobs::problem& problem, int exit_code) override;
    void on_note(const std::string& text) override;
    void on_warning(const std::string& text) override;

private:
    void write(const boost::json::object& line);

    std::ostream& out_;
    std::chrono::milliseconds interval_;
    std::function<void()> on_broken_;
    std::chrono::steady_clock::time_point next_;
};

}  // namespace peerpress::client
