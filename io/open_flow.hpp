// A flow of a staging pool for as long as this lives. Everything leased under it goes back before.
#pragma once

#include "io/staging.hpp"

namespace peerpress::io {

class open_flow {
public:
    explicit open_flow(staging_pool& pool) : pool_(pool), id_(pool.open_flow()) {}
    open_flow(const open_flow&) = delete;
    open_flow& operator=(const open_flow&) = delete;
    ~open_flow() { pool_.close_flow(id_); }

    flow_id id() const { return id_; }

private:
    staging_pool& pool_;
    flow_id id_;
};

}  // namespace peerpress::io
