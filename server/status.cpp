#include "server/status.hpp"

#include "accel/accelerator.hpp"
#include "google/rpc/error_details.pb.h"
#include "jobs/problem_error.hpp"
#include "pipeline/format.hpp"
#include "server/printable.hpp"
#include "server/sqlite.hpp"

#include <chrono>
#include <cstdlib>
#include <optional>

namespace peerpress::server {

namespace {

// Trailers above 8 KiB are refused by gRPC clients. A message travels in them twice, once with up
// to 3 bytes for one and once in base64; metadata values come on top.
constexpr std::size_t message_bytes_max = 1200;
constexpr std::size_t metadata_bytes_max = 400;

constexpr std::chrono::milliseconds retry_delay{1000};

using jobs::reason;

std::optional<std::chrono::milliseconds> retry_after(const jobs::problem& problem,
                                                     const refusal::details& metadata) {
    if (const auto given = metadata.find("retry_after_ms"); given != metadata.end())
        return std::chrono::milliseconds(std::strtoll(given->second.c_str(), nullptr, 10));
    if (problem.reason == reason::too_many_jobs) return retry_delay;
    return std::nullopt;
}

reason reason_of(const error_code& ec) {
    namespace errc = boost::system::errc;
    if (ec.category() == pipeline::format_category()) {
        switch (static_cast<pipeline::format_errc>(ec.value())) {
            case pipeline::format_errc::not_compressed:
            case pipeline::format_errc::unsupported_method:
                return reason::unknown_format;
            case pipeline::format_errc::output_limit:
                return reason::output_limit;
            case pipeline::format_errc::range_unsupported:
                return reason::range_unsupported;
            case pipeline::format_errc::mismatch:
                return reason::checksum_mismatch;
            case pipeline::format_errc::source_changed:
                return reason::source_changed;
            default:
                return reason::corrupt_input;
        }
    }
    if (ec.category() == accel::codec_category()) return reason::corrupt_input;
    if (ec.category() == sqlite::category()) {
        if (ec.value() == SQLITE_FULL) return reason::no_space;
        if (ec.value() == SQLITE_READONLY) return reason::read_only;
        return reason::io_error;
    }
    if (ec == asio::error::operation_aborted) return reason::cancelled;
    if (ec == errc::no_space_on_device) return reason::no_space;
    if (ec == errc::read_only_file_system) return reason::read_only;
    if (ec == errc::permission_denied) return reason::permission_denied;
    return reason::io_error;
}

}  // namespace

grpc::StatusCode status_code(reason r) {
    switch (r) {
        case reason::none:
        case reason::trailing_garbage:
        case reason::metadata_lost:
        case reason::target_not_atomic:
            return grpc::StatusCode::OK;

        case reason::source_not_found:
        case reason::job_not_found:
            return grpc::StatusCode::NOT_FOUND;

        case reason::source_unreadable:
        case reason::output_unwritable:
        case reason::permission_denied:
            return grpc::StatusCode::PERMISSION_DENIED;

        case reason::source_is_directory:
        case reason::source_not_regular:
        case reason::source_is_symlink:
        case reason::source_is_output:
        case reason::source_has_suffix:
        case reason::source_lacks_suffix:
        case reason::unknown_format:
        case reason::invalid_argument:
            return grpc::StatusCode::INVALID_ARGUMENT;

        case reason::output_exists:
        case reason::request_id_conflict:
            return grpc::StatusCode::ALREADY_EXISTS;

        case reason::source_changed:
        case reason::output_busy:
            return grpc::StatusCode::ABORTED;

        case reason::no_space:
        case reason::quota:
        case reason::too_many_jobs:
            return grpc::StatusCode::RESOURCE_EXHAUSTED;

        case reason::read_only:
        case reason::file_too_large:
        case reason::range_unsupported:
        case reason::p2p_unavailable:
        case reason::device_forbidden:
            return grpc::StatusCode::FAILED_PRECONDITION;

        case reason::output_limit:
            return grpc::StatusCode::OUT_OF_RANGE;

        case reason::corrupt_input:
        case reason::checksum_mismatch:
        case reason::io_error:
            return grpc::StatusCode::DATA_LOSS;

        case reason::draining:
            return grpc::StatusCode::UNAVAILABLE;
        case reason::cancelled:
            return grpc::StatusCode::CANCELLED;
        case reason::internal:
            return grpc::StatusCode::INTERNAL;
    }
    return grpc::StatusCode::INTERNAL;
}

google::rpc::Status to_rpc_status(const jobs::problem& problem, const refusal::details& metadata) {
    google::rpc::Status status;
    status.set_code(status_code(problem.reason));
    status.set_message(printable(problem.message, message_bytes_max));

    google::rpc::ErrorInfo info;
    info.set_reason(std::string(jobs::reason_name(problem.reason)));
    info.set_domain(error_domain);
    for (const auto& [key, value] : metadata) {
        (*info.mutable_metadata())[key] = printable(value, metadata_bytes_max);
    }
    status.add_details()->PackFrom(info);

    // Only a full queue empties by itself, and some quotas with time; a full disk does not.
    const auto wait = retry_after(problem, metadata);
    if (wait) {
        google::rpc::RetryInfo retry;
        retry.mutable_retry_delay()->set_seconds(wait->count() / 1000);
        retry.mutable_retry_delay()->set_nanos(
            static_cast<std::int32_t>(wait->count() % 1000 * 1'000'000));
        status.add_details()->PackFrom(retry);
    }
    return status;
}

grpc::Status to_grpc_status(const jobs::problem& problem, const refusal::details& metadata) {
    if (!problem) return grpc::Status::OK;
    const google::rpc::Status status = to_rpc_status(problem, metadata);
    return grpc::Status(static_cast<grpc::StatusCode>(status.code()), status.message(),
                        status.SerializeAsString());
}

jobs::problem to_problem(std::exception_ptr error) {
    try {
        std::rethrow_exception(error);
    } catch (const refusal& e) {
        return e.problem();
    } catch (const jobs::problem_error& e) {
        return e.problem();
    } catch (const system_error& e) {
        return {reason_of(e.code()), e.what()};
    } catch (const std::exception& e) {
        return {reason::internal, e.what()};
    } catch (...) {
        return {reason::internal, "an unknown exception"};
    }
}

grpc::Status to_grpc_status(std::exception_ptr error) {
    try {
        std::rethrow_exception(error);
    } catch (const refusal& e) {
        return to_grpc_status(e.problem(), e.metadata());
    } catch (...) {
        return to_grpc_status(to_problem(std::current_exception()));
    }
}

}  // namespace peerpress::server
