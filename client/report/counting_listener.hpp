// Passes on what a job reports, and adds up its files.
#pragma once

#include "client/report/reporter.hpp"

namespace peerpress::client {

class counting_listener final : public job_listener {
public:
    explicit counting_listener(reporter& next) : next_(next) {}
    void on_progress(const progress_sample& sample) override { next_.on_progress(sample); }
    void on_file(const jobs::file_result& file) override {
        totals.add(file);
        next_.on_file(file);
    }
    job_totals totals;

private:
    reporter& next_;
};

}  // namespace peerpress::client
