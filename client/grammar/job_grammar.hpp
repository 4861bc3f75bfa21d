// compress, decompress and test: one set of options, less what an operation has no use for.
#pragma once

#include "client/grammar/command_grammar.hpp"

namespace peerpress::client {

class job_grammar final : public command_grammar {
public:
    explicit job_grammar(jobs::operation operation);

private:
    client::request finish() override;

    void add_source_options();
    void add_destination_options();
    void add_compression_options();
    void add_decoding_options();
    void add_work_options();

    bool compresses() const { return request_.spec.operation == jobs::operation::compress; }
    bool writes() const { return request_.spec.operation != jobs::operation::test; }
    void check_destination() const;
    void check_streams() const;
    void check_server() const;

    job_request request_;
    bool to_stdout_ = false;
    bool never_server_ = false;
    std::vector<int> digits_;  // of -1 to -9, as they were given
};

}  // namespace peerpress::client
