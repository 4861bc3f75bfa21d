// jobs, watch, cancel and server-info: commands that only a server can answer.
#pragma once

#include "client/grammar/command_grammar.hpp"

namespace peerpress::client {

class jobs_grammar final : public command_grammar {
public:
    jobs_grammar();

private:
    client::request finish() override { return request_; }
    jobs_request request_;
};

class watch_grammar final : public command_grammar {
public:
    watch_grammar();

private:
    client::request finish() override;
    watch_request request_;
    std::vector<std::string> jobs_;
};

class cancel_grammar final : public command_grammar {
public:
    cancel_grammar();

private:
    client::request finish() override { return request_; }
    cancel_request request_;
};

class server_info_grammar final : public command_grammar {
public:
    server_info_grammar();

private:
    client::request finish() override { return request_; }
    server_info_request request_;
};

}  // namespace peerpress::client
