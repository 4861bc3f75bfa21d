#include "server/job_service.hpp"

#include "server/audit.hpp"
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

grpc::ServerUnaryReactor* job_service::CreateJob(grpc::CallbackServerContext* context,
                                                 const v1::CreateJobRequest* request,
                                                 v1::Job* response) {
    return unary_call::answer(
        calls_, executor_,
        recorded(*context, {"CreateJob", "", response}, create(*context, *request, *response)));
}

grpc::ServerUnaryReactor* job_service::GetJob(grpc::CallbackServerContext* context,
                                              const v1::GetJobRequest* request, v1::Job* response) {
    return unary_call::answer(
        calls_, executor_,
        recorded(*context, {"GetJob", request->name()}, get(*context, *request, *response)));
}

grpc::ServerUnaryReactor* job_service::ListJobs(grpc::CallbackServerContext* context,
                                                const v1::ListJobsRequest* request,
                                                v1::ListJobsResponse* response) {
    return unary_call::answer(
        calls_, executor_,
        recorded(*context, {"ListJobs", ""}, list(*context, *request, *response)));
}

grpc::ServerUnaryReactor* job_service::ListJobFiles(grpc::CallbackServerContext* context,
                                                    const v1::ListJobFilesRequest* request,
                                                    v1::ListJobFilesResponse* response) {
    return unary_call::answer(calls_, executor_,
                              recorded(*context, {"ListJobFiles", request->parent()},
                                       list_files(*context, *request, *response)));
}

grpc::ServerUnaryReactor* job_service::CancelJob(grpc::CallbackServerContext* context,
                                                 const v1::CancelJobRequest* request,
                                                 v1::Job* response) {
    return unary_call::answer(calls_, executor_,
                              recorded(*context, {"CancelJob", request->name(), response},
                                       cancel(*context, *request, *response)));
}

awaitable<> job_service::create(const call& from, const v1::CreateJobRequest& request,
                                v1::Job& response) {
    const caller who = callers_.of(from);
    // Administrators ask a server that cannot act for them, too.
    if (jobs::problem objection = objection_to_jobs_of(who.uid())) throw refusal(objection);
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
                .create_time = now_micros(),
                .owner = who.owner()};
    const job_view view = co_await manager_.create(std::move(job), who.rights_at_once());
    response = to_proto(view);
}

awaitable<> job_service::get(const call& from, const v1::GetJobRequest& request,
                             v1::Job& response) {
    const caller who = callers_.of(from);
    std::string id = job_id_of(request.name(), "name");
    const job_view view = co_await manager_.get(std::move(id), who.sees());
    response = to_proto(view);
}

awaitable<> job_service::cancel(const call& from, const v1::CancelJobRequest& request,
                                v1::Job& response) {
    const caller who = callers_.of(from);
    std::string id = job_id_of(request.name(), "name");
    const job_view view = co_await manager_.cancel(std::move(id), who.sees());
    response = to_proto(view);
}

awaitable<> job_service::list(const call& from, const v1::ListJobsRequest& request,
                              v1::ListJobsResponse& response) {
    const caller who = callers_.of(from);
    job_query query{.state_mask = mask_of(request),
                    .count_max = page_size(request.page_size()),
                    .visible = who.sees()};
    const std::string question = fmt::format("jobs {}", query.state_mask);
    if (!request.page_token().empty())
        query.before_row = parse_page_token(question, request.page_token());

    const page<job_view> found = co_await manager_.list(query);
    for (const auto& view : found.records) *response.add_jobs() = to_proto(view);
    if (found.more)
        response.set_next_page_token(make_page_token(question, found.records.back().record.row));
}

awaitable<> job_service::list_files(const call& from, const v1::ListJobFilesRequest& request,
                                    v1::ListJobFilesResponse& response) {
    const caller who = callers_.of(from);
    std::string id = job_id_of(request.parent(), "parent");
    file_query query{.count_max = page_size(request.page_size()),
                     .failed_only = request.failed_only()};
    const std::string question = fmt::format("files {} {}", id, query.failed_only);
    if (!request.page_token().empty())
        query.after_sequence = parse_page_token(question, request.page_token());

    const job_view job = co_await manager_.get(std::move(id), who.sees());
    query.job_row = job.record.row;
    const page<stored_file> found = co_await manager_.files(query);
    for (const auto& file : found.records) response.add_files()->ParseFromString(file.result);
    if (found.more)
        response.set_next_page_token(make_page_token(question, found.records.back().sequence));
}

grpc::ServerWriteReactor<v1::JobEvent>* job_service::WatchJob(grpc::CallbackServerContext* context,
                                                              const v1::WatchJobRequest* request) {
    const auto stream = outgoing_stream<v1::JobEvent>::make(calls_, executor_);
    return stream->serve(
        recorded(*context, {"WatchJob", request->name()}, watch(*context, *request, stream)));
}

awaitable<> job_service::recorded(const call& from, question asked, awaitable<> work) {
    std::exception_ptr error;
    try {
        co_await std::move(work);
    } catch (...) {
        error = std::current_exception();
    }
    record(from, asked, error);
    if (error) std::rethrow_exception(error);
}

void job_service::record(const call& from, const question& asked, std::exception_ptr error) const {
    decision made{.what = asked.method, .job = asked.job};
    if (error) {
        made.error = to_problem(error);
        if (!is_refusal(made.error.reason)) return;
    } else {
        if (asked.changed == nullptr || asked.changed->name().empty()) return;
        made.job = asked.changed->name();
    }
    try {
        const caller who = callers_.of(from);
        made.who = who.name();
        made.pid = who.pid;
    } catch (const refusal& e) {
        const auto name = e.metadata().find("caller");
        made.who = name == e.metadata().end() ? "unknown" : name->second;
    }
    audit(made);
}

awaitable<> job_service::watch(const call& from, v1::WatchJobRequest request,
                               std::shared_ptr<outgoing_stream<v1::JobEvent>> stream) {
    const caller who = callers_.of(from);
    const quotas::watch held = manager_.begin_watch(who.owner());
    co_await watch_job(manager_, std::move(request), who.sees(), std::move(stream));
}

}  // namespace peerpress::server
