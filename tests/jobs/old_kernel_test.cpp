// Kernels and file systems that lack a call which is taken where it is there.
#include "counted_calls.hpp"
#include "job_fixture.hpp"
#include "jobs/local_opener.hpp"

namespace peerpress::jobs {
namespace {

using test::listing;
using test::read_file;
using test::some_text;
using test::write_file;

// Neither O_TMPFILE nor RENAME_NOREPLACE.
class WithoutRenameNoReplace : public JobTest {
protected:
    WithoutRenameNoReplace() {
        make_opener = [](opener_options options) {
            options.unnamed_outputs = false;
            return make_local_opener(std::move(options));
        };
        test::refuse_calls("renameat2", EINVAL);
    }
    ~WithoutRenameNoReplace() override { test::disarm_calls(); }
};

TEST_F(WithoutRenameNoReplace, OutputsGetTheirNamesAllTheSame) {
    write_file(dir / "a", some_text(30'000));

    EXPECT_EQ(run(compressing({"a"})).state, job_state::succeeded);

    EXPECT_EQ(gunzipped(dir / "a.gz"), some_text(30'000));
    EXPECT_EQ(listing(dir.path()).size(), 2u) << "no hidden name is left";
}

TEST_F(WithoutRenameNoReplace, NothingIsReplacedThatAppearedMeanwhile) {
    write_file(dir / "a", some_text(30'000));
    on_step = [this](step done, const std::string&) {
        if (done == step::data_written) write_file(dir / "a.gz", "somebody else's");
    };

    EXPECT_EQ(run(compressing({"a"})).state, job_state::failed);

    EXPECT_EQ(only_reason(), reason::output_exists);
    EXPECT_EQ(read_file(dir / "a.gz"), "somebody else's");
    EXPECT_EQ(listing(dir.path()).size(), 2u);
}

}  // namespace
}  // namespace peerpress::jobs
