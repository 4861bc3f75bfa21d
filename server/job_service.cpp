#include "server/job_service.hpp"

#include "server/job_watch.hpp"
#include "server/page_token.hpp"
#include "server/refusal.hpp"
#include "server/unary_call.hpp"

#include <boost/uuid/random_generator.hpp>
#include <boost/uuid/string_generator.hpp>
#include <boost/uuid/uuid_io.hpp>
#include <fmt/format.h>

namespace peerpress::server {

namespace {

// Hyphenated, as AIP-155 has it; any version.
bool is_uuid(const std::string& text) {
    if (text.size() != 36) return false;
    try {
        boost::uuids::string_generator{}(text);
        return true;
    } catch (const std::runtime_error&) {
        return false;
    }
}

std::uint32_t mask_of(const v1::ListJobsRequest& request) {
    if (request.states().empty()) return ~0u;
    std::uint32_t mask = 0;
    for (int i = 0; i < request.states_size(); ++i) {
        const auto state = from_proto(request.states(i));
        if (!state) refuse(fmt::format("states[{}]", i), "not a job's state");
        mask |= 1u << static_cast<unsigned>(*state);
    }
    return mask;
}

}  // namespace

std::string job_id_of(const std::string& name, const std::string& field) {
    constexpr std::string_view prefix = "jobs/";
    if (!name.starts_with(prefix) || !is_uuid(name.substr(prefix.size()))) {
        refuse(field, "a job's name is jobs/{uuid}");
    }
    return name.substr(prefix.size());
}

grpc::ServerUnaryReactor* job_service::CreateJob(grpc::CallbackServerContext*,
                                                 const v1::CreateJobRequest* request,
                                                 v1::Job* response) {
    return unary_call::answer(calls_, executor_, create(*request, *response));
}

grpc::ServerUnaryReactor* job_service::GetJob(grpc::CallbackServerContext*,
                                              const v1::GetJobRequest* request, v1::Job* response) {
    return unary_call::answer(calls_, executor_, get(*request, *response));
}

grpc::ServerUnaryReactor* job_service::ListJobs(grpc::CallbackServerContext*,
                                                const v1::ListJobsRequest* request,
                                                v1::ListJobsResponse* response) {
    return unary_call::answer(calls_, executor_, list(*request, *response));
}

grpc::ServerUnaryReactor* job_service::ListJobFiles(grpc::CallbackServerContext*,
                                                    const v1::ListJobFilesRequest* request,
                                                    v1::ListJobFilesResponse* response) {
    return unary_call::answer(calls_, executor_, list_files(*request, *response));
}

grpc::ServerUnaryReactor* job_service::CancelJob(grpc::CallbackServerContext*,
                                                 const v1::CancelJobRequest* request,
                                                 v1::Job* response) {
    return unary_call::answer(calls_, executor_, cancel(*request, *response));
}

awaitable<> job_service::create(const v1::CreateJobRequest& request, v1::Job& response) {
    if (!request.request_id().empty() && !is_uuid(request.request_id())) {
        refuse("request_id", "a UUID such as 6ba7b810-9dad-11d1-80b4-00c04fd430c8, or nothing");
    }
    const v1::JobSpec spec = resolve(request.job(), manager_.limits());
    const jobs::job_spec valid = to_job_spec(spec, manager_.limits());
    if (request.validate_only()) {
        *response.mutable_spec() = spec;
        co_return;
    }
    new_job job{.id = to_string(boost::uuids::random_generator{}()),
                .request_id = request.request_id(),
                .request_spec = canonical_bytes(request.job()),
                .spec = canonical_bytes(spec),
                .priority = valid.priority,
                .create_time = now_micros()};
    const job_view view = co_await manager_.create(std::move(job));
    response = to_proto(view);
}

awaitable<> job_service::get(const v1::GetJobRequest& request, v1::Job& response) {
    std::string id = job_id_of(request.name(), "name");
    const job_view view = co_await manager_.get(std::move(id));
    response = to_proto(view);
}

awaitable<> job_service::cancel(const v1::CancelJobRequest& request, v1::Job& response) {
    std::string id = job_id_of(request.name(), "name");
    const job_view view = co_await manager_.cancel(std::move(id));
    response = to_proto(view);
}

awaitable<> job_service::list(const v1::ListJobsRequest& request, v1::ListJobsResponse& response) {
    job_query query{.state_mask = mask_of(request), .count_max = page_size(request.page_size())};
    const std::string question = fmt::format("jobs {}", query.state_mask);
    if (!request.page_token().empty())
        query.before_row = parse_page_token(question, request.page_token());

    const page<job_view> found = co_await manager_.list(query);
    for (const auto& view : found.records) *response.add_jobs() = to_proto(view);
    if (found.more)
        response.set_next_page_token(make_page_token(question, found.records.back().record.row));
}

awaitable<> job_service::list_files(const v1::ListJobFilesRequest& request,
                                    v1::ListJobFilesResponse& response) {
    std::string id = job_id_of(request.parent(), "parent");
    file_query query{.count_max = page_size(request.page_size()),
                     .failed_only = request.failed_only()};
    const std::string question = fmt::format("files {} {}", id, query.failed_only);
    if (!request.page_token().empty())
        query.after_sequence = parse_page_token(question, request.page_token());

    const job_view job = co_await manager_.get(std::move(id));
    query.job_row = job.record.row;
    const page<stored_file> found = co_await manager_.files(query);
    for (const auto& file : found.records) response.add_files()->ParseFromString(file.result);
    if (found.more)
        response.set_next_page_token(make_page_token(question, found.records.back().sequence));
}

grpc::ServerWriteReactor<v1::JobEvent>* job_service::WatchJob(grpc::CallbackServerContext*,
                                                              const v1::WatchJobRequest* request) {
    const auto stream = outgoing_stream<v1::JobEvent>::make(calls_, executor_);
    return stream->serve(watch_job(manager_, *request, stream));
}

}  // namespace peerpress::server
