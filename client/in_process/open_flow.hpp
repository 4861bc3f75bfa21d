#pragma once

#include "io/staging.hpp"

namespace peerpress::client {

// A flow for as long as this lives. Everything leased under it goes back before.
class open_flow {
public:
    explicit open_flow(io::staging_pool& pool) : pool_(pool), id_(pool.open_flow()) {}
    open_flow(const open_flow&) = delete;
    ~open_flow() { pool_.close_flow(id_); }

    io::flow_id id() const { return id_; }

private:
    io::staging_pool& pool_;
    io::flow_id id_;
};

}  // namespace peerpress::client
