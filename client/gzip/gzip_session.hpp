// One run of `peerpress gzip`: its operands in order, files as jobs, streams one by one.
#pragma once

#include "client/gzip/gzip_grammar.hpp"
#include "client/in_process/in_process.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace peerpress::client::gzip {

class gzip_session {
public:
    // Throws system_error where there is no ring or no memory to be had.
    gzip_session(gzip_request request, interruption& interrupted);

    int run();

private:
    class listener final : public job_listener {
    public:
        explicit listener(gzip_session& session) : session_(session) {}
        void on_progress(const progress_sample&) override {}
        void on_file(const jobs::file_result& file) override { session_.report(file); }

    private:
        gzip_session& session_;
    };

    void take(const std::string& operand);

    // Files that become files, gathered into jobs.
    void queue(const std::string& file);
    void run_queued();
    jobs::job_spec spec_for(std::vector<std::string> files) const;
    void run_job(const jobs::job_spec& spec);
    bool restore_name(const std::string& file);
    // "a.gz already exists; do you wish to overwrite (y or n)?" False: leave it.
    bool may_overwrite(const std::string& file, bool& overwrite) const;

    void stream(const std::string& file);
    void stream_tree(const std::string& directory);
    void list(const std::string& file);

    void report(const jobs::file_result& file);
    void report(const jobs::problem& problem, const jobs::file_result& file);
    void report(jobs::problem problem, const std::string& source);
    void warn(const std::string& text);
    bool interrupted() const { return interrupted_.cancelled().stop_requested(); }

    gzip_request request_;
    interruption& interrupted_;
    in_process backend_;
    listener listener_{*this};
    std::vector<std::string> queued_;
    int exit_code_ = 0;
    std::uint64_t listed_ = 0;
    std::uint64_t listed_compressed_bytes_ = 0;
    std::uint64_t listed_data_bytes_ = 0;
};

}  // namespace peerpress::client::gzip
