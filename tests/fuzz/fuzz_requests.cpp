// What callers send, as the services take it: refused with a status that can be sent, or taken and
// then valid. The first byte says which message the others are.
#include "peerpress/v1/job_service.pb.h"
#include "peerpress/v1/transform_service.pb.h"
#include "server/convert.hpp"
#include "server/job_request.hpp"
#include "server/job_service.hpp"
#include "server/page_token.hpp"
#include "server/refusal.hpp"
#include "server/status.hpp"
#include "server/watch_interval.hpp"
#include "tests/fuzz/require.hpp"

#include <google/protobuf/stubs/common.h>

#include <algorithm>
#include <cstdint>
#include <string>

using namespace peerpress;
using namespace peerpress::server;

namespace {

constexpr spec_limits limits{.level = 1,
                             .output_bytes_max = std::uint64_t{1} << 30,
                             .member_bytes_max = 1 << 20,
                             .accelerators = true};
// Clients of gRPC refuse larger trailers.
constexpr std::size_t trailer_bytes_max = 8 << 10;

void take_spec(const v1::JobSpec& asked) {
    const v1::JobSpec spec = resolve(asked, limits);
    const jobs::job_spec taken = to_job_spec(spec, limits);
    REQUIRE(!jobs::validate(taken));
    REQUIRE(!taken.sources.empty());
    REQUIRE(taken.output_bytes_max <= limits.output_bytes_max);
    // As it is stored, and taken up again after a restart.
    v1::JobSpec stored;
    REQUIRE(stored.ParseFromString(canonical_bytes(spec)));
    REQUIRE(to_job_spec(stored, limits).sources == taken.sources);
    REQUIRE(canonical_bytes(resolve(stored, limits)) == canonical_bytes(spec));
}

void take_page(const std::string& question, const std::string& token, std::int32_t size) {
    const std::int64_t count = page_size(size);
    REQUIRE(count > 0 && count <= 1000);
    const std::int64_t position = parse_page_token(question, token);
    REQUIRE(position >= 0);
    REQUIRE(parse_page_token(question, make_page_token(question, position)) == position);
}

// What gRPC refuses before it comes to us.
struct no_message {};

template <class Message>
Message parsed(const std::string& bytes) {
    Message message;
    if (!message.ParseFromString(bytes)) throw no_message{};
    return message;
}

void take(std::uint8_t kind, const std::string& bytes) {
    switch (kind % 6) {
        case 0:
            return take_spec(parsed<v1::CreateJobRequest>(bytes).job());
        case 1: {
            const auto request = parsed<v1::TransformRequest>(bytes);
            if (request.has_open()) take_spec(as_spec(request.open()));
            return;
        }
        case 2: {
            const auto request = parsed<v1::WatchJobRequest>(bytes);
            REQUIRE(job_id_of(request.name(), "name").size() == 36);
            REQUIRE(watch_interval(request.min_interval(), std::chrono::seconds(1)) >=
                    watch_interval_min);
            return;
        }
        case 3: {
            const auto request = parsed<v1::ListJobsRequest>(bytes);
            return take_page("jobs 1", request.page_token(), request.page_size());
        }
        case 4: {
            const auto request = parsed<v1::ListJobFilesRequest>(bytes);
            return take_page("files " + job_id_of(request.parent(), "parent"), request.page_token(),
                             request.page_size());
        }
        default:
            // A token alone, so that its digits are met sooner.
            return take_page("q", make_page_token("q", 0).substr(0, 16) + bytes, 1);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const bool quiet = [] {
        google::protobuf::SetLogHandler(nullptr);
        return true;
    }();
    REQUIRE(quiet);
    if (size == 0) return 0;
    try {
        take(data[0], std::string(reinterpret_cast<const char*>(data) + 1, size - 1));
    } catch (const no_message&) {
        return 0;
    } catch (const refusal& e) {
        const grpc::Status status = to_grpc_status(e.problem(), e.metadata());
        REQUIRE(!status.ok());
        REQUIRE(status.error_message().size() + status.error_details().size() * 4 / 3 <
                trailer_bytes_max);
        REQUIRE(std::ranges::all_of(status.error_message(),
                                    [](unsigned char c) { return c >= 0x20 && c != 0x7f; }));
    }
    return 0;
}
