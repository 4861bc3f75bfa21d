// bench: what this machine does.
#pragma once

#include "client/grammar/command_grammar.hpp"

namespace peerpress::client {

class bench_grammar final : public command_grammar {
public:
    bench_grammar();

private:
    client::request finish() override;

    bench_request request_;
    std::vector<std::string> files_;
    bool no_peers_ = false;
};

}  // namespace peerpress::client
