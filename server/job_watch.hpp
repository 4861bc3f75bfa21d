// What a watcher of one job gets to see.
#pragma once

#include "peerpress/v1/job_service.pb.h"
#include "server/job_manager.hpp"
#include "server/outgoing_stream.hpp"

#include <memory>

namespace peerpress::server {

// For whom `visible` jobs are. A snapshot; file events, if wanted, from `after_sequence` on;
// progress at intervals; the last snapshot. File events are read from the store when the client has
// taken those before them, so that a slow watcher costs nothing. Throws refusal, `draining` among
// others where the server shuts down before the job ends.
awaitable<> watch_job(job_manager& manager, v1::WatchJobRequest request, visible_jobs visible,
                      std::shared_ptr<outgoing_stream<v1::JobEvent>> stream);

}  // namespace peerpress::server
