// File systems that are full or read-only: small ones of our own, on loop devices (root only).
#include "job_fixture.hpp"

#include <cstdlib>

namespace peerpress::jobs {
namespace {

using test::listing;
using test::some_text;
using test::write_file;
using testing::HasSubstr;

class JobFileSystem : public JobTest {
protected:
    void SetUp() override {
        if (::geteuid() != 0) GTEST_SKIP() << "mounting a file system takes root";
        std::filesystem::create_directory(dir / "mnt");
        const std::string image = path("image");
        const std::string make =
            "truncate -s 16M '" + image + "' && mkfs.ext4 -q -F '" + image + "'";
        ASSERT_EQ(std::system(make.c_str()), 0);
        mount();
        if (!mounted_) GTEST_SKIP() << "no loop device to be had here";
    }
    void TearDown() override {
        if (mounted_) unmount();
    }
    void mount() {
        mounted_ =
            std::system(("mount -o loop '" + path("image") + "' '" + path("mnt") + "' 2>/dev/null")
                            .c_str()) == 0;
    }
    void unmount() {
        EXPECT_EQ(std::system(("umount '" + path("mnt") + "'").c_str()), 0);
        mounted_ = false;
    }
    void make_read_only() { remount("ro"); }
    // As ext4 does it to itself when its disk fails: whoever has files open keeps them.
    void become_read_only() { remount("abort"); }
    static std::string noise(std::size_t bytes) {
        std::string data(bytes, '\0');
        std::uint32_t state = 1;
        for (char& byte : data)
            byte = static_cast<char>((state = state * 1664525u + 1013904223u) >> 24);
        return data;
    }

private:
    void remount(const std::string& how) {
        EXPECT_EQ(std::system(("mount -o remount," + how + " '" + path("mnt") + "'").c_str()), 0);
    }

    bool mounted_ = false;
};

TEST_F(JobFileSystem, ThatIsFullFailsTheFileAndKeepsNothingOfIt) {
    write_file(dir / "large", noise(30'000'000));
    job_spec spec = compressing({"large"});
    spec.destination = path("mnt/large.gz");
    const auto before = listing(dir / "mnt");

    const job_outcome outcome = run(spec);

    EXPECT_EQ(outcome.state, job_state::failed);
    EXPECT_EQ(outcome.error.reason, reason::no_space) << outcome.error.message;
    EXPECT_THAT(outcome.error.message, HasSubstr(path("mnt")));
    EXPECT_EQ(listing(dir / "mnt"), before);
    // The space is free again.
    job_spec small = spec;
    write_file(dir / "small", noise(5'000'000));
    small.sources = {path("small")};
    EXPECT_EQ(run(small).state, job_state::succeeded);
}

TEST_F(JobFileSystem, ThatIsFullDoesNotStopWhatStillFits) {
    write_file(dir / "tree" / "large", noise(30'000'000));
    for (int index = 0; index < 20; ++index)
        write_file(dir / "tree" / std::to_string(index), some_text(1000));
    job_spec spec = compressing({"tree"});
    spec.recursive = true;
    spec.destination_dir = path("mnt");

    const job_outcome outcome = run(spec);

    EXPECT_EQ(outcome.state, job_state::partial);
    EXPECT_EQ(result_of("tree/large").error.reason, reason::no_space);
    EXPECT_FALSE(std::filesystem::exists(dir / "mnt" / "tree" / "large.gz"));
    for (const auto& [name, content] : listing(dir / "mnt"))
        EXPECT_FALSE(name.ends_with(".partial"));
}

TEST_F(JobFileSystem, ThatIsFullOfSmallFilesFailsEachOfThemAlone) {
    for (int index = 0; index < 400; ++index)
        write_file(dir / "tree" / std::to_string(index), noise(60'000));
    job_spec spec = compressing({"tree"});
    spec.recursive = true;
    spec.destination_dir = path("mnt");

    EXPECT_EQ(run(spec).state, job_state::partial);

    std::size_t done = 0;
    for (const file_result& result : observer->results) {
        if (!result.error) {
            ++done;
            EXPECT_EQ(gunzipped(result.destination), noise(60'000));
        } else {
            EXPECT_EQ(result.error.reason, reason::no_space) << result.error.message;
            EXPECT_FALSE(std::filesystem::exists(result.destination));
        }
    }
    EXPECT_GT(done, 100u);
    EXPECT_LT(done, 400u);
}

TEST_F(JobFileSystem, ThatIsReadOnlyTakesNoOutput) {
    write_file(dir / "a", "x");
    make_read_only();
    job_spec spec = compressing({"a"});
    spec.destination = path("mnt/a.gz");

    const job_outcome outcome = run(spec);

    EXPECT_EQ(outcome.error.reason, reason::read_only) << outcome.error.message;
    EXPECT_THAT(outcome.error.message, HasSubstr(path("mnt")));
}

TEST_F(JobFileSystem, ThatBecomesReadOnlyInTheMiddleFailsTheFileAndKeepsNothingOfIt) {
    write_file(dir / "a", noise(3'000'000));
    for (const step when : {step::output_created, step::data_written, step::sealed,
                            step::data_synced, step::prepared_told}) {
        SCOPED_TRACE(static_cast<int>(when));
        job_spec spec = compressing({"a"});
        spec.destination = path("mnt/a.gz");
        on_step = [this, when](step done, const std::string&) {
            if (done == when) become_read_only();
        };

        const job_outcome outcome = run(spec);

        EXPECT_EQ(outcome.state, job_state::failed);
        EXPECT_EQ(outcome.error.reason, reason::read_only) << outcome.error.message;
        EXPECT_FALSE(std::filesystem::exists(dir / "mnt/a.gz"));
        unmount();
        mount();
        EXPECT_EQ(listing(dir / "mnt").size(), 1u) << "lost+found alone";
    }
    on_step = {};
    job_spec spec = compressing({"a"});
    spec.destination = path("mnt/a.gz");
    EXPECT_EQ(run(spec).state, job_state::succeeded);
}

TEST_F(JobFileSystem, ThatIsReadOnlyGivesSources) {
    write_file(dir / "mnt" / "a", "content");
    make_read_only();
    job_spec spec = compressing({"mnt/a"});
    spec.destination = path("a.gz");

    EXPECT_EQ(run(spec).state, job_state::succeeded);

    EXPECT_EQ(gunzipped(dir / "a.gz"), "content");
}

}  // namespace
}  // namespace peerpress::jobs
