// Tells people: lines on standard error, each prefixed as Unix tools do.
#pragma once

#include "client/report/progress_display.hpp"
#include "client/report/reporter.hpp"
#include "client/request.hpp"

#include <ostream>
#include <string>

namespace peerpress::client {

class text_reporter final : public reporter {
public:
    // `prefix` is "peerpress compress".
    text_reporter(std::ostream& out, std::string prefix, output_choice choice,
                  progress_display display, jobs::operation operation);

    void on_progress(const progress_sample& sample) override;
    void on_file(const jobs::file_result& file) override;
    void on_summary(const job_summary& summary) override;
    void on_error(const jobs::problem& problem, int exit_code) override;
    void on_note(const std::string& text) override;
    void on_warning(const std::string& text) override;

private:
    void line(const std::string& text);

    std::ostream& out_;
    std::string prefix_;
    output_choice choice_;
    progress_display display_;
    jobs::operation operation_;
    bool file_failed_ = false;  // a job's error that repeats its only file's is told once
};

}  // namespace peerpress::client
