// Stopping a job: it ends soon, and what it had not committed leaves no trace.
#include "job_fixture.hpp"

namespace peerpress::jobs {
namespace {

using test::listing;
using test::some_text;
using test::write_file;

class JobCancel : public JobTest {
protected:
    void stop_at(step wanted, int occurrence = 1) {
        auto seen = std::make_shared<std::atomic<int>>(0);
        on_step = [this, wanted, occurrence, seen](step done, const std::string&) {
            if (done == wanted && ++*seen == occurrence) stop.request_stop();
        };
    }
};

TEST_F(JobCancel, BeforeItBeginsDoesNothing) {
    write_file(dir / "a", "x");
    const auto before = listing(dir.path());
    stop.request_stop();

    const job_outcome outcome = run(compressing({"a"}));

    EXPECT_EQ(outcome.state, job_state::cancelled);
    EXPECT_EQ(outcome.error.reason, reason::cancelled);
    EXPECT_EQ(listing(dir.path()), before);
}

TEST_F(JobCancel, InTheMiddleOfAFileLeavesNothing) {
    write_file(dir / "a", some_text(20'000'000));
    const auto before = listing(dir.path());
    stop_at(step::output_created);

    EXPECT_EQ(run(compressing({"a"})).state, job_state::cancelled);

    EXPECT_EQ(listing(dir.path()), before);
    EXPECT_LT(progress->bytes.bytes_in, 20'000'000u);
    EXPECT_TRUE(observer->results.empty()) << "a cancelled file is none that failed";
}

TEST_F(JobCancel, OfATreeKeepsWhatWasCommitted) {
    for (int index = 0; index < 200; ++index)
        write_file(dir / "tree" / std::to_string(index), some_text(3000));
    job_spec spec = compressing({"tree"});
    spec.recursive = true;
    stop_at(step::output_published);

    EXPECT_EQ(run(spec).state, job_state::cancelled);

    std::size_t outputs = 0;
    for (const auto& [name, content] : listing(dir / "tree")) {
        EXPECT_FALSE(name.ends_with(".partial"));
        if (!name.ends_with(".gz")) continue;
        ++outputs;
        EXPECT_EQ(gunzipped(dir / "tree" / name), some_text(3000));
    }
    EXPECT_GE(outputs, 1u);
    EXPECT_EQ(outputs, observer->results.size()) << "each is reported";
    EXPECT_LT(outputs, 200u);
}

TEST_F(JobCancel, AfterTheLastFileIsTooLate) {
    write_file(dir / "a", "x");
    stop_at(step::output_published);

    EXPECT_EQ(run(compressing({"a"})).state, job_state::succeeded);

    EXPECT_EQ(gunzipped(dir / "a.gz"), "x");
}

}  // namespace
}  // namespace peerpress::jobs
