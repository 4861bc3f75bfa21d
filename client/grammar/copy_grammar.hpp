// copy: a job as compress is one, or, where it is asked for, a measurement.
#pragma once

#include "client/grammar/command_grammar.hpp"

namespace peerpress::client {

class copy_grammar final : public command_grammar {
public:
    copy_grammar();

private:
    client::request finish() override;

    void add_file_options();
    void add_path_options();
    void add_measuring_options();
    void add_work_options();
    void place_destination();
    void check_job() const;
    client::request measurement();

    bool measures() const;

    job_request job_;
    measure_request measure_;
    std::vector<std::string> operands_given_;
    std::vector<std::string> via_;
    bool verify_ = false;
    bool never_server_ = false;
    std::vector<std::string> measuring_;  // the options that make it a measurement, as given
};

}  // namespace peerpress::client
