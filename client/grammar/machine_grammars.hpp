// devices, topology and doctor: commands that look at the machine.
#pragma once

#include "client/grammar/command_grammar.hpp"

namespace peerpress::client {

class devices_grammar final : public command_grammar {
public:
    devices_grammar();

private:
    client::request finish() override;
    devices_request request_;
    std::vector<std::string> words_;
};

class topology_grammar final : public command_grammar {
public:
    topology_grammar();

private:
    client::request finish() override;
    topology_request request_;
    std::vector<std::string> paths_;
};

class doctor_grammar final : public command_grammar {
public:
    doctor_grammar();

private:
    client::request finish() override { return request_; }
    doctor_request request_;
};

}  // namespace peerpress::client
