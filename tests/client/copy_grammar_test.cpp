#include "client/grammar/grammar.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace peerpress::client {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using words = std::vector<std::string>;

template <class Request>
Request copied(words arguments) {
    arguments.insert(arguments.begin(), "copy");
    return std::get<Request>(parse_command_line(std::move(arguments)));
}

std::string refusal(words arguments) {
    arguments.insert(arguments.begin(), "copy");
    try {
        parse_command_line(std::move(arguments));
    } catch (const usage_error& error) {
        return error.what();
    }
    return "";
}

TEST(CopyGrammar, CopiesOneSourceUnderTheNameGiven) {
    const auto request = copied<job_request>({"a", "b"});

    EXPECT_EQ(request.spec.operation, jobs::operation::copy);
    EXPECT_THAT(request.spec.sources, ElementsAre("a"));
    EXPECT_EQ(request.spec.destination, "b");
    EXPECT_EQ(request.spec.destination_dir, "");
    EXPECT_EQ(request.spec.via, jobs::path_wish{});
}

TEST(CopyGrammar, CopiesIntoWhatMustBeADirectory) {
    EXPECT_EQ(copied<job_request>({"a", "b/"}).spec.destination_dir, "b/");
    EXPECT_EQ(copied<job_request>({"-r", "a", "b"}).spec.destination_dir, "b");
    const auto several = copied<job_request>({"a", "b", "c"});
    EXPECT_THAT(several.spec.sources, ElementsAre("a", "b"));
    EXPECT_EQ(several.spec.destination_dir, "c");
}

TEST(CopyGrammar, TakesEveryOption) {
    const auto request = copied<job_request>({"-rf",        "--force-device",
                                              "--verify",   "--rm",
                                              "--via",      "0000:01:00.0,SERIAL",
                                              "--fallback", "forbid",
                                              "--chunk",    "256K",
                                              "--depth",    "4",
                                              "--server",   "/s",
                                              "--priority", "-3",
                                              "--label",    "a=b",
                                              "--json",     "a",
                                              "b"});

    EXPECT_TRUE(request.spec.overwrite && request.spec.follow_symlinks);
    EXPECT_TRUE(request.spec.force_device);
    EXPECT_TRUE(request.spec.remove_sources);
    EXPECT_EQ(request.spec.verification, jobs::verification::full);
    EXPECT_THAT(request.spec.via.providers, ElementsAre("0000:01:00.0", "SERIAL"));
    EXPECT_EQ(request.spec.via.fallback, jobs::fallback::forbid);
    EXPECT_EQ(request.spec.chunk_bytes, 256u << 10);
    EXPECT_EQ(request.spec.depth, 4u);
    EXPECT_EQ(request.server.address, "/s");
    EXPECT_EQ(request.spec.priority, -3);
    EXPECT_THAT(request.spec.labels, ElementsAre(std::pair("a", "b")));
}

TEST(CopyGrammar, TakesHostMemoryForAWay) {
    EXPECT_TRUE(copied<job_request>({"--via", "host", "a", "b"}).spec.via.host_only);
    EXPECT_THAT(copied<job_request>({"--via", "auto", "a", "b"}).spec.via.providers, IsEmpty());
    EXPECT_THAT(refusal({"--via", "host,SERIAL", "a", "b"}), HasSubstr("stands alone"));
    EXPECT_THAT(refusal({"--via", "", "a", "b"}), HasSubstr("empty name"));
    EXPECT_THAT(refusal({"--via", "host", "--fallback", "forbid", "a", "b"}),
                HasSubstr("exclude each other"));
}

TEST(CopyGrammar, MeasuresWhereAnOptionAsksForIt) {
    const auto request = copied<measure_request>({"--chunks", "10", "--duration", "2.5", "--offset",
                                                  "1M", "--overlap", "--latency", "--via", "SERIAL",
                                                  "--chunk", "4K", "--depth", "2", "a", "b"});

    EXPECT_EQ(request.source, "a");
    EXPECT_EQ(request.target, "b");
    EXPECT_EQ(request.chunks, 10u);
    EXPECT_EQ(request.duration_seconds, 2.5);
    EXPECT_EQ(request.offset_bytes, 1u << 20);
    EXPECT_TRUE(request.overlap && request.latencies);
    EXPECT_FALSE(request.compare || request.skip_read || request.skip_write);
    EXPECT_THAT(request.via.providers, ElementsAre("SERIAL"));
    EXPECT_EQ(request.chunk_bytes, 4096u);
    EXPECT_EQ(request.depth, 2u);
    EXPECT_TRUE(copied<measure_request>({"--skip-read", "a", "b"}).skip_read);
    EXPECT_TRUE(copied<measure_request>({"--skip-write", "a", "b"}).skip_write);
    EXPECT_TRUE(copied<measure_request>({"--legacy-compare", "a", "b"}).compare);
}

TEST(CopyGrammar, MeasuresInThisProcessOnly) {
    EXPECT_THAT(refusal({"--chunks", "1", "--server", "/s", "a", "b"}),
                HasSubstr("--chunks measures in this process; it takes no --server"));
}

TEST(CopyGrammar, RefusesWhatMakesNoMeasurement) {
    EXPECT_THAT(refusal({"--latency", "a", "b", "c"}), HasSubstr("one SOURCE"));
    EXPECT_THAT(refusal({"--latency", "-r", "a", "b"}), HasSubstr("--recursive"));
    EXPECT_THAT(refusal({"--latency", "-f", "a", "b"}), HasSubstr("--force"));
    EXPECT_THAT(refusal({"--latency", "-v", "a", "b"}), HasSubstr("takes no --verbose"));
    EXPECT_THAT(refusal({"--latency", "--progress", "a", "b"}), HasSubstr("takes no --progress"));
    EXPECT_THAT(refusal({"--latency", "--priority", "1", "a", "b"}), HasSubstr("--priority"));
    EXPECT_THAT(refusal({"--latency", "--label", "a=b", "a", "b"}), HasSubstr("--label"));
    EXPECT_THAT(refusal({"--skip-read", "--skip-write", "a", "b"}), HasSubstr("nothing to do"));
    EXPECT_THAT(refusal({"--skip-read", "--verify", "a", "b"}), HasSubstr("--verify"));
    EXPECT_THAT(refusal({"--duration", "1", "--verify", "a", "b"}), HasSubstr("--verify"));
    EXPECT_THAT(refusal({"--overlap", "a", "b"}), HasSubstr("--overlap needs"));
    EXPECT_THAT(refusal({"--legacy-compare", "--via", "host", "a", "b"}), HasSubstr("exclude"));
}

TEST(CopyGrammar, RefusesValuesOutOfRangeWithTheRange) {
    EXPECT_THAT(refusal({"--chunk", "1K", "a", "b"}), HasSubstr("4K to 16M"));
    EXPECT_THAT(refusal({"--chunk", "32M", "a", "b"}), HasSubstr("4K to 16M"));
    EXPECT_THAT(refusal({"--chunk", "5000", "a", "b"}), HasSubstr("steps of 4K"));
    EXPECT_THAT(refusal({"--depth", "0", "a", "b"}), HasSubstr("1 to 256"));
    EXPECT_THAT(refusal({"--offset", "100", "a", "b"}), HasSubstr("multiple of 4K"));
    EXPECT_THAT(refusal({"--duration", "0", "a", "b"}), HasSubstr("more than 0"));
    EXPECT_THAT(refusal({"--duration", "nan", "a", "b"}), HasSubstr("more than 0"));
    EXPECT_THAT(refusal({"--fallback", "maybe", "a", "b"}), HasSubstr("allow, forbid"));
}

TEST(CopyGrammar, TakesFilesOnly) {
    EXPECT_THAT(refusal({"-", "b"}), HasSubstr("not standard input"));
    EXPECT_THAT(refusal({"a", "-"}), HasSubstr("not standard input"));
    EXPECT_THAT(refusal({"a"}), HasSubstr("missing"));
    EXPECT_THAT(refusal({"--no-server", "--detach", "a", "b"}), HasSubstr("--detach"));
}

}  // namespace
}  // namespace peerpress::client
