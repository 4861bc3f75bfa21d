// The simulator's own test: jobs from which a part of the protocol is left out are found out.
#include "jobs/local_opener.hpp"
#include "tests/simulation/job_run.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace peerpress::simulation {
namespace {

using testing::HasSubstr;

std::string violations_of(const run_report& report) {
    std::string all;
    for (const std::string& violation : report.violations) all += violation + "\n";
    return all;
}

scenario one_file() {
    return {.files = {{"a", some_content(70'000, 3)}}, .again = false};
}

run_report run_sabotaged(const scenario& wanted, faults& wrong,
                         std::function<void(jobs::job_context&)> sabotage) {
    return run(wanted, wrong, {.sabotage = std::move(sabotage), .meddle = {}});
}

TEST(Control, ARunWithoutFaultsAndSabotageIsFoundGood) {
    no_faults nothing;
    const run_report report = run(one_file(), nothing);

    EXPECT_EQ(violations_of(report), "");
    EXPECT_EQ(report.outcome.state, jobs::job_state::succeeded);
    EXPECT_GT(report.took.count(), 0);
}

TEST(Control, FindsACommitThatDoesNotSyncItsData) {
    no_faults nothing;
    const run_report report = run_sabotaged(
        one_file(), nothing, [](jobs::job_context& context) { context.durable = false; });

    EXPECT_THAT(violations_of(report), HasSubstr("got its name before its data were durable"));
}

TEST(Control, FindsACommitThatDoesNotSyncItsDirectories) {
    no_faults nothing;
    const run_report report = run_sabotaged(one_file(), nothing, [](jobs::job_context& context) {
        context.make_opener = [](jobs::opener_options options) {
            options.durable = false;
            return jobs::make_local_opener(std::move(options));
        };
    });

    EXPECT_THAT(violations_of(report), HasSubstr("was reported as done before"));
}

// Takes an error of the kernel's for nothing: what fails is tried again, and then it is good.
class forgiving_storage final : public io::storage {
public:
    explicit forgiving_storage(io::storage& inner) : inner_(inner) {}

    const io::storage_traits& traits() const override { return inner_.traits(); }
    awaitable<std::size_t> read(std::uint64_t offset_bytes, bytes_span into) override {
        return inner_.read(offset_bytes, into);
    }
    awaitable<> write(std::uint64_t offset_bytes, bytes_view from) override {
        try {
            co_await inner_.write(offset_bytes, from);
        } catch (const system_error&) {
            // Nobody is told.
        }
    }
    awaitable<> truncate(std::uint64_t size_bytes) override { return inner_.truncate(size_bytes); }
    awaitable<> sync() override { return inner_.sync(); }

private:
    io::storage& inner_;
};

awaitable<pipeline::transfer_report> compress_forgiving(pipeline::route route,
                                                        pipeline::compress_options options) {
    forgiving_storage target(*route.target);
    const pipeline::route over{.lane = route.lane,
                               .flow = route.flow,
                               .source = route.source,
                               .target = &target,
                               .stop = route.stop,
                               .progress = route.progress};
    co_return co_await pipeline::compress(over, options);
}

class first_write_fails final : public one_fault {
public:
    first_write_fails() : one_fault(0, {.error = EIO}) {}

protected:
    bool counts(occasion what) const override { return what == occasion::write; }
};

TEST(Control, FindsATransferThatForgivesAWriteThatFailed) {
    first_write_fails wrong;
    const run_report report = run_sabotaged(one_file(), wrong, [](jobs::job_context& context) {
        context.transfer.compress = compress_forgiving;
    });

    EXPECT_THAT(violations_of(report), HasSubstr("neither absent, nor as before, nor complete"));
}

class first_write_lies final : public one_fault {
public:
    first_write_lies() : one_fault(0, {.told = lie::data}) {}

protected:
    bool counts(occasion what) const override { return what == occasion::write; }
};

TEST(Control, FindsWhatNobodyVerified) {
    first_write_lies wrong;
    scenario unverified = one_file();
    unverified.verification = jobs::verification::off;

    const run_report report = run(unverified, wrong);

    EXPECT_TRUE(report.wrong_output);
}

}  // namespace
}  // namespace peerpress::simulation
