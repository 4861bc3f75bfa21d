#include "jobs/describe.hpp"

#include "jobs/problem_error.hpp"

#include <gmock/gmock.h>

#include <cerrno>

namespace peerpress::jobs {
namespace {

using pipeline::format_errc;
using pipeline::format_error;
using testing::AllOf;
using testing::HasSubstr;

const error_context copying{.source = "/in/a", .destination = "/out/a.gz"};

problem of_errno(int number, step_side side) {
    error_context context = copying;
    context.side = side;
    return describe(error_code(number, boost::system::system_category()), context);
}

template <class Error>
problem of(Error error) {
    return describe(std::make_exception_ptr(std::move(error)), copying);
}

TEST(Describe, NamesTheFullFileSystemAndAWayOut) {
    const problem found = of_errno(ENOSPC, step_side::output);

    EXPECT_EQ(found.reason, reason::no_space);
    EXPECT_THAT(found.message, AllOf(HasSubstr("/out/a.gz"), HasSubstr("file system of /out"),
                                     HasSubstr("free some space")));
}

TEST(Describe, SaysWhatADeviceIsLeftWith) {
    error_context context = copying;
    context.destination = "/dev/x";
    context.in_place = true;

    EXPECT_THAT(describe(make_error_code(format_errc::source_changed), context).message,
                HasSubstr("/dev/x holds a mixture of old and new"));
    EXPECT_THAT(describe(make_error_code(format_errc::mismatch), context).message,
                HasSubstr("they stay on the device"));
    context.in_place = false;
    EXPECT_THAT(describe(make_error_code(format_errc::source_changed), context).message,
                HasSubstr("no output was left"));
}

TEST(Describe, KnowsWhatCanOnlyBeTheOutputsFault) {
    EXPECT_EQ(of_errno(ENOSPC, step_side::unknown).reason, reason::no_space);
    EXPECT_EQ(of_errno(EDQUOT, step_side::unknown).reason, reason::quota);
    EXPECT_EQ(of_errno(EROFS, step_side::unknown).reason, reason::read_only);
    EXPECT_EQ(of_errno(EFBIG, step_side::unknown).reason, reason::file_too_large);
}

TEST(Describe, SaysWhichSideFailed) {
    EXPECT_THAT(of_errno(EIO, step_side::source).message,
                AllOf(HasSubstr("/in/a"), HasSubstr("cannot be read")));
    EXPECT_THAT(of_errno(EIO, step_side::output).message,
                AllOf(HasSubstr("/out/a.gz"), HasSubstr("cannot be written")));
    EXPECT_EQ(of_errno(EIO, step_side::source).reason, reason::io_error);
}

TEST(Describe, TellsSourcesThatCannotBeOpenedApart) {
    EXPECT_EQ(describe_open_source(ENOENT, "/a").reason, reason::source_not_found);
    EXPECT_EQ(describe_open_source(ENOTDIR, "/a").reason, reason::source_not_found);
    EXPECT_EQ(describe_open_source(EACCES, "/a").reason, reason::source_unreadable);
    EXPECT_EQ(describe_open_source(ELOOP, "/a").reason, reason::source_is_symlink);
    EXPECT_THAT(describe_open_source(EMFILE, "/a").message, HasSubstr("limit on open files"));
}

TEST(Describe, TellsOutputsThatCannotBeMadeApart) {
    EXPECT_EQ(describe_output(EEXIST, "/o/a").reason, reason::output_exists);
    EXPECT_EQ(describe_output(EACCES, "/o/a").reason, reason::output_unwritable);
    EXPECT_THAT(describe_output(EACCES, "/o/a").message, HasSubstr("/o may not be written to"));
    EXPECT_THAT(describe_output(ENOENT, "/o/a").message, HasSubstr("/o does not exist"));
    EXPECT_THAT(describe_output(ENOENT, "a").message, HasSubstr("directory . does not exist"));
    EXPECT_EQ(describe_output(EISDIR, "/o/a").reason, reason::output_unwritable);
}

TEST(Describe, NamesTheMemberAndOffsetOfCorruptData) {
    const problem found = of(format_error(format_errc::bad_data, 3, 917504));

    EXPECT_EQ(found.reason, reason::corrupt_input);
    EXPECT_THAT(found.message,
                AllOf(HasSubstr("/in/a"), HasSubstr("member 3"), HasSubstr("917504")));
}

TEST(Describe, MapsWhatCanBeWrongWithAContainer) {
    const auto reason_of = [](format_errc errc) { return of(format_error(errc, 0, 0)).reason; };
    EXPECT_EQ(reason_of(format_errc::not_compressed), reason::unknown_format);
    EXPECT_EQ(reason_of(format_errc::truncated), reason::corrupt_input);
    EXPECT_EQ(reason_of(format_errc::wrong_size), reason::corrupt_input);
    EXPECT_EQ(reason_of(format_errc::wrong_checksum), reason::checksum_mismatch);
    EXPECT_EQ(reason_of(format_errc::mismatch), reason::checksum_mismatch);
    EXPECT_EQ(reason_of(format_errc::output_limit), reason::output_limit);
    EXPECT_EQ(reason_of(format_errc::range_unsupported), reason::range_unsupported);
    EXPECT_EQ(of(system_error(format_errc::source_changed)).reason, reason::source_changed);
}

TEST(Describe, TakesAnAbortedOperationForACancellation) {
    EXPECT_EQ(of(system_error(asio::error::operation_aborted)).reason, reason::cancelled);
    EXPECT_EQ(of_errno(ECANCELED, step_side::unknown).reason, reason::cancelled);
}

TEST(Describe, NamesTheFileInFrontOfWhatHasBeenPutIntoWordsAlready) {
    const problem found = of(problem_error({reason::draining, "the server shuts down"}));
    EXPECT_EQ(found.reason, reason::draining);
    EXPECT_EQ(found.message, "/in/a: the server shuts down");
}

TEST(Describe, CallsTheRestInternal) {
    EXPECT_EQ(of(std::bad_alloc()).reason, reason::internal);
    EXPECT_EQ(of(std::logic_error("our mistake")).reason, reason::internal);
    EXPECT_THAT(of(std::logic_error("our mistake")).message, HasSubstr("our mistake"));
}

}  // namespace
}  // namespace peerpress::jobs
