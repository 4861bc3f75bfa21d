#include "server/status.hpp"

#include "google/rpc/error_details.pb.h"
#include "pipeline/format.hpp"
#include "server/sqlite.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <set>
#include <string>

namespace peerpress::server {
namespace {

using grpc::StatusCode;
using jobs::reason;

google::rpc::Status details_of(const grpc::Status& status) {
    google::rpc::Status details;
    EXPECT_TRUE(details.ParseFromString(status.error_details()));
    return details;
}

google::rpc::ErrorInfo info_of(const google::rpc::Status& status) {
    google::rpc::ErrorInfo info;
    EXPECT_GE(status.details_size(), 1);
    EXPECT_TRUE(status.details(0).UnpackTo(&info));
    return info;
}

TEST(Status, GivesEveryReasonItsCode) {
    const std::map<reason, StatusCode> codes{
        {reason::none, StatusCode::OK},
        {reason::source_not_found, StatusCode::NOT_FOUND},
        {reason::source_unreadable, StatusCode::PERMISSION_DENIED},
        {reason::source_is_directory, StatusCode::INVALID_ARGUMENT},
        {reason::source_not_regular, StatusCode::INVALID_ARGUMENT},
        {reason::source_is_symlink, StatusCode::INVALID_ARGUMENT},
        {reason::source_is_output, StatusCode::INVALID_ARGUMENT},
        {reason::source_changed, StatusCode::ABORTED},
        {reason::source_has_suffix, StatusCode::INVALID_ARGUMENT},
        {reason::source_lacks_suffix, StatusCode::INVALID_ARGUMENT},
        {reason::output_exists, StatusCode::ALREADY_EXISTS},
        {reason::output_busy, StatusCode::ABORTED},
        {reason::output_unwritable, StatusCode::PERMISSION_DENIED},
        {reason::no_space, StatusCode::RESOURCE_EXHAUSTED},
        {reason::read_only, StatusCode::FAILED_PRECONDITION},
        {reason::quota, StatusCode::RESOURCE_EXHAUSTED},
        {reason::file_too_large, StatusCode::FAILED_PRECONDITION},
        {reason::corrupt_input, StatusCode::DATA_LOSS},
        {reason::unknown_format, StatusCode::INVALID_ARGUMENT},
        {reason::output_limit, StatusCode::OUT_OF_RANGE},
        {reason::checksum_mismatch, StatusCode::DATA_LOSS},
        {reason::range_unsupported, StatusCode::FAILED_PRECONDITION},
        {reason::p2p_unavailable, StatusCode::FAILED_PRECONDITION},
        {reason::device_forbidden, StatusCode::FAILED_PRECONDITION},
        {reason::target_not_atomic, StatusCode::OK},
        {reason::invalid_argument, StatusCode::INVALID_ARGUMENT},
        {reason::job_not_found, StatusCode::NOT_FOUND},
        {reason::request_id_conflict, StatusCode::ALREADY_EXISTS},
        {reason::too_many_jobs, StatusCode::RESOURCE_EXHAUSTED},
        {reason::draining, StatusCode::UNAVAILABLE},
        {reason::permission_denied, StatusCode::PERMISSION_DENIED},
        {reason::cancelled, StatusCode::CANCELLED},
        {reason::io_error, StatusCode::DATA_LOSS},
        {reason::internal, StatusCode::INTERNAL},
        {reason::trailing_garbage, StatusCode::OK},
        {reason::metadata_lost, StatusCode::OK},
    };
    // Every enumerator, so that a new one cannot be forgotten here.
    for (int r = 0; r <= static_cast<int>(reason::metadata_lost); ++r) {
        ASSERT_TRUE(codes.contains(static_cast<reason>(r)))
            << jobs::reason_name(static_cast<reason>(r));
        EXPECT_EQ(status_code(static_cast<reason>(r)), codes.at(static_cast<reason>(r)))
            << jobs::reason_name(static_cast<reason>(r));
    }
}

TEST(Status, CarriesTheReasonAsErrorInfo) {
    for (int r = 1; r <= static_cast<int>(reason::metadata_lost); ++r) {
        const auto status = to_rpc_status({static_cast<reason>(r), "text"}, {{"key", "value"}});
        const auto info = info_of(status);
        EXPECT_EQ(info.reason(), jobs::reason_name(static_cast<reason>(r)));
        EXPECT_EQ(info.domain(), "peerpress");
        EXPECT_EQ(info.metadata().at("key"), "value");
        EXPECT_EQ(status.message(), "text");
    }
}

TEST(Status, SaysWhenToRetryWhereWaitingHelps) {
    const auto full = details_of(to_grpc_status({reason::too_many_jobs, "the queue is full"}));
    google::rpc::RetryInfo retry;
    ASSERT_EQ(full.details_size(), 2);
    ASSERT_TRUE(full.details(1).UnpackTo(&retry));
    EXPECT_GT(retry.retry_delay().seconds(), 0);

    EXPECT_EQ(details_of(to_grpc_status({reason::no_space, "disk full"})).details_size(), 1);

    const auto soon =
        details_of(to_grpc_status({reason::quota, "slower"}, {{"retry_after_ms", "1250"}}));
    ASSERT_EQ(soon.details_size(), 2);
    ASSERT_TRUE(soon.details(1).UnpackTo(&retry));
    EXPECT_EQ(retry.retry_delay().seconds(), 1);
    EXPECT_EQ(retry.retry_delay().nanos(), 250'000'000);
}

TEST(Status, KeepsHostileNamesWithinWhatTrailersTake) {
    const std::string path = "/" + std::string(4000, '\xff') + "\n";
    const grpc::Status status =
        to_grpc_status({reason::source_not_found, path}, {{"source", path}, {"destination", path}});
    EXPECT_LT(3 * status.error_message().size() + status.error_details().size() * 4 / 3, 8000u);
    EXPECT_EQ(status.error_message().find('\n'), std::string::npos);
    EXPECT_EQ(details_of(status).message(), status.error_message());
}

TEST(Status, FindsTheNearestReasonOfAnException) {
    const auto reason_of = [](const error_code& ec) {
        return to_problem(std::make_exception_ptr(system_error(ec))).reason;
    };
    namespace errc = boost::system::errc;
    EXPECT_EQ(reason_of(make_error_code(errc::no_space_on_device)), reason::no_space);
    EXPECT_EQ(reason_of(make_error_code(errc::io_error)), reason::io_error);
    EXPECT_EQ(reason_of(asio::error::operation_aborted), reason::cancelled);
    EXPECT_EQ(reason_of(error_code(SQLITE_FULL, sqlite::category())), reason::no_space);
    EXPECT_EQ(reason_of(pipeline::format_errc::wrong_checksum), reason::corrupt_input);
    EXPECT_EQ(reason_of(pipeline::format_errc::output_limit), reason::output_limit);
    EXPECT_EQ(reason_of(pipeline::format_errc::not_compressed), reason::unknown_format);
    EXPECT_EQ(to_problem(std::make_exception_ptr(std::runtime_error("x"))).reason,
              reason::internal);
    EXPECT_EQ(to_problem(std::make_exception_ptr(refusal(reason::quota, "q"))).reason,
              reason::quota);
}

// (code, reason) of the rows "| CODE | `REASON`, ... |" of docs/api.md.
std::set<std::pair<std::string, std::string>> documented_reasons() {
    std::ifstream file(PEERPRESS_DOCS "/api.md");
    std::set<std::pair<std::string, std::string>> found;
    for (std::string line; std::getline(file, line);) {
        const auto code_end = line.find(" | `");
        if (!line.starts_with("| ") || std::isupper(static_cast<unsigned char>(line[2])) == 0 ||
            code_end == line.npos)
            continue;
        const std::string code = line.substr(2, code_end - 2);
        for (auto at = line.find('`'); at != line.npos; at = line.find('`', at)) {
            const auto end = line.find('`', at + 1);
            found.emplace(code, line.substr(at + 1, end - at - 1));
            at = end + 1;
        }
    }
    return found;
}

TEST(StatusDocumentation, HasEveryReasonUnderItsCode) {
    const std::map<StatusCode, std::string> names{
        {StatusCode::CANCELLED, "CANCELLED"},
        {StatusCode::INVALID_ARGUMENT, "INVALID_ARGUMENT"},
        {StatusCode::NOT_FOUND, "NOT_FOUND"},
        {StatusCode::ALREADY_EXISTS, "ALREADY_EXISTS"},
        {StatusCode::PERMISSION_DENIED, "PERMISSION_DENIED"},
        {StatusCode::RESOURCE_EXHAUSTED, "RESOURCE_EXHAUSTED"},
        {StatusCode::FAILED_PRECONDITION, "FAILED_PRECONDITION"},
        {StatusCode::ABORTED, "ABORTED"},
        {StatusCode::OUT_OF_RANGE, "OUT_OF_RANGE"},
        {StatusCode::INTERNAL, "INTERNAL"},
        {StatusCode::UNAVAILABLE, "UNAVAILABLE"},
        {StatusCode::DATA_LOSS, "DATA_LOSS"},
    };

    std::set<std::pair<std::string, std::string>> given;
    for (int r = 1; r <= static_cast<int>(reason::metadata_lost); ++r) {
        const StatusCode code = status_code(static_cast<reason>(r));
        if (code == StatusCode::OK) continue;
        given.emplace(names.at(code), jobs::reason_name(static_cast<reason>(r)));
    }

    EXPECT_EQ(documented_reasons(), given);
}

}  // namespace
}  // namespace peerpress::server
