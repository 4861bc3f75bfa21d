// list and cat: commands that look into files, always in this process.
#pragma once

#include "client/grammar/command_grammar.hpp"

namespace peerpress::client {

class list_grammar final : public command_grammar {
public:
    list_grammar();

private:
    client::request finish() override { return request_; }
    list_request request_;
};

class cat_grammar final : public command_grammar {
public:
    cat_grammar();

private:
    client::request finish() override;
    cat_request request_;
    std::vector<std::string> files_;
};

}  // namespace peerpress::client
