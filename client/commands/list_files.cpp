#include "client/commands/list_files.hpp"

#include "io/open_flow.hpp"
#include "jobs/describe.hpp"

namespace peerpress::client {
namespace {

awaitable<pipeline::listing> list_ends(pipeline::lane& lane, stream_ends& ends,
                                       std::stop_token stop) {
    pipeline::transfer_progress progress;
    const io::open_flow flow(lane.staging());
    const auto source = ends.source_storage(lane.ring());
    const pipeline::route route{.lane = lane,
                                .flow = flow.id(),
                                .source = *source,
                                .target = nullptr,
                                .stop = stop,
                                .progress = progress};
    co_return co_await pipeline::list(route);
}

}  // namespace

list_result list_file(in_process& backend, const std::string& file,
                      const interruption& interrupted) {
    list_result result;
    stream_ends ends;
    stream_request request;
    request.source = file;
    request.follow_symlinks = true;
    result.error = ends.open(request, nullptr);
    if (result.error) return result;
    try {
        result.listing = backend.run_on_lane(
            list_ends(backend.lane(), ends, interrupted.cancelled()), interrupted);
    } catch (...) {
        result.error = jobs::describe(
            std::current_exception(),
            {.source = request.source_name(), .destination = {}, .side = jobs::step_side::source});
    }
    return result;
}

}  // namespace peerpress::client
