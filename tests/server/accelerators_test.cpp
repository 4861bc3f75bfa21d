#include "server/accelerators.hpp"

#include "server/job_request.hpp"
#include "server/metrics.hpp"
#include "server/refusal.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <string>

namespace peerpress::server {
namespace {

accelerator_view quarantined_view() {
    accelerator_view view{.identity = {.address = "0000:03:00.0",
                                       .serial = "S1",
                                       .label = "nvme2 (0000:03:00.0)",
                                       .model = "Model",
                                       .span_bytes = 1 << 20},
                          .state = {.health = accel::device_health::quarantined,
                                    .reason = "it lies",
                                    .quarantines = 3,
                                    .cores = {}}};
    view.state.cores = {{.kind = accel::core_kind::compress,
                         .namespace_id = 1,
                         .commands = 10,
                         .failures = 2,
                         .bytes = 4096,
                         .bytes_per_second = 1e9},
                        {.kind = accel::core_kind::decompress, .namespace_id = 2}};
    return view;
}

TEST(Accelerators, AreToldWithTheirHealthAndTheirCores) {
    const v1::Accelerator told = to_proto(quarantined_view());

    EXPECT_EQ(told.address(), "0000:03:00.0");
    EXPECT_EQ(told.serial(), "S1");
    EXPECT_EQ(told.name(), "nvme2 (0000:03:00.0)");
    EXPECT_EQ(told.span_bytes(), 1 << 20);
    EXPECT_EQ(told.health(), v1::DEVICE_HEALTH_QUARANTINED);
    EXPECT_EQ(told.reason(), "it lies");
    EXPECT_EQ(told.quarantines(), 3);
    ASSERT_EQ(told.cores_size(), 2);
    EXPECT_EQ(told.cores(0).kind(), "compress");
    EXPECT_EQ(told.cores(0).commands(), 10);
    EXPECT_EQ(told.cores(0).failures(), 2);
    EXPECT_EQ(told.cores(1).kind(), "decompress");
}

TEST(Accelerators, AreInTheMetrics) {
    metrics numbers("1.0");
    metrics_sample sample;
    sample.accelerators = {quarantined_view()};
    numbers.set(sample);
    sample.accelerators[0].state.health = accel::device_health::serving;
    sample.accelerators[0].state.cores[0].commands = 11;
    numbers.set(sample);

    const std::string text = to_text(numbers.families());

    const std::string where = "address=\"0000:03:00.0\"";
    EXPECT_NE(text.find("peerpress_accelerator_serving{" + where + ",serial=\"S1\"} 1\n"),
              std::string::npos)
        << text;
    EXPECT_NE(text.find("peerpress_accelerator_quarantines_total{" + where + ",serial=\"S1\"} 3\n"),
              std::string::npos);
    EXPECT_NE(text.find("peerpress_accelerator_commands_total{" + where +
                        ",core=\"1\",kind=\"compress\",serial=\"S1\"} 11\n"),
              std::string::npos);
}

TEST(Accelerators, AreInTheMetricsByTheDocumentedNames) {
    metrics numbers("1.0");
    metrics_sample sample;
    sample.accelerators = {quarantined_view()};
    numbers.set(sample);
    const std::string prefix = "peerpress_accelerator_";

    std::set<std::string> served;
    for (const auto& family : numbers.families()) {
        if (family.name.starts_with(prefix)) served.insert(family.name);
    }
    std::set<std::string> documented;
    std::ifstream document(PEERPRESS_DOCS "/metrics.md");
    for (std::string line; std::getline(document, line);) {
        if (line.starts_with("| `" + prefix))
            documented.insert(line.substr(3, line.find('`', 3) - 3));
    }

    EXPECT_FALSE(served.empty());
    EXPECT_EQ(served, documented);
}

v1::JobSpec spec_of(const std::string& engine, v1::FallbackPolicy fallback) {
    v1::JobSpec spec;
    spec.set_operation(v1::OPERATION_COMPRESS);
    spec.add_sources("/a");
    spec.set_engine(engine);
    spec.set_fallback(fallback);
    spec.add_via("S1");
    return resolve(std::move(spec), {});
}

TEST(Accelerators, CanBeInsistedOnWhereThereAreSome) {
    const spec_limits some{.accelerators = true};
    const auto forbid = v1::FALLBACK_POLICY_FORBID;

    const jobs::job_spec spec = to_job_spec(spec_of("noload", forbid), some);

    EXPECT_EQ(spec.engine, jobs::engine_choice::noload);
    EXPECT_EQ(spec.via.fallback, jobs::fallback::forbid);
    EXPECT_EQ(spec.via.providers, std::vector<std::string>{"S1"});
    EXPECT_THROW(to_job_spec(spec_of("noload", v1::FALLBACK_POLICY_ALLOW), {}), refusal);
    EXPECT_THROW(to_job_spec(spec_of("auto", forbid), {}), refusal);
    EXPECT_THROW(to_job_spec(spec_of("software", forbid), some), refusal);
    EXPECT_THROW(to_job_spec(spec_of("gpu", v1::FALLBACK_POLICY_ALLOW), some), refusal);
}

}  // namespace
}  // namespace peerpress::server
