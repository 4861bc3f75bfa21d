#include "roles/wire.hpp"

#include "roles/opener_messages.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

namespace peerpress::roles {
namespace {

message copy_of_bytes(const message& from) {
    return {.body = from.body, .descriptors = {}};
}

hello some_hello() {
    hello made{.release = "1.2.3", .overwrite = true, .tag = "jobs-7"};
    made.devices.listed = {"/dev/a", ""};
    made.user = jobs::user{.uid = 1000, .gid = 4'294'967'294, .groups = {4, 24}};
    made.out_of_bounds = {"/var/lib/peerpress", std::string("\0\n\xff", 3)};
    return made;
}

std::vector<jobs::open_request> some_requests() {
    std::vector<jobs::open_request> made(2);
    made[0].source = {"/a", "b/c"};
    made[0].output = jobs::output_place{.directory = {"/out", ""}, .name = "c.gz"};
    made[0].expected = jobs::expected_output{.inode = 12, .size_bytes = ~std::uint64_t{0}};
    made[1].rehearsal = true;
    return made;
}

TEST(Wire, CarriesEveryValueAsItIs) {
    const hello back = unpack<hello>(pack(some_hello()));

    EXPECT_EQ(back.release, "1.2.3");
    EXPECT_TRUE(back.overwrite);
    EXPECT_FALSE(back.resumed);
    EXPECT_EQ(back.devices.listed, some_hello().devices.listed);
    EXPECT_EQ(back.user, some_hello().user);
    EXPECT_FALSE(back.roots.has_value());
    EXPECT_EQ(back.out_of_bounds, some_hello().out_of_bounds);

    const auto requests = unpack<std::vector<jobs::open_request>>(pack(some_requests()));
    ASSERT_EQ(requests.size(), 2u);
    EXPECT_EQ(requests[0].source, some_requests()[0].source);
    EXPECT_EQ(requests[0].output->name, "c.gz");
    EXPECT_EQ(requests[0].expected->size_bytes, ~std::uint64_t{0});
    EXPECT_FALSE(requests[1].output.has_value());
    EXPECT_TRUE(requests[1].rehearsal);
}

TEST(Wire, CarriesTimesBeforeTheirBeginning) {
    jobs::source_snapshot past{.modified_ns = -1};

    EXPECT_EQ(unpack<jobs::source_snapshot>(pack(past)), past);
}

TEST(Wire, SendsDuplicatesOfDescriptors) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const io::unique_fd write_end(ends[1]);
    sent_file file;
    file.file.output = io::unique_fd(ends[0]);

    message sent = pack(file);
    ASSERT_EQ(sent.descriptors.size(), 1u);
    const auto got = unpack<sent_file>(std::move(sent)).file;

    EXPECT_NE(got.output.get(), file.file.output.get());
    struct stat one{};
    struct stat other{};
    ASSERT_EQ(::fstat(got.output.get(), &one), 0);
    ASSERT_EQ(::fstat(file.file.output.get(), &other), 0) << "the sender's is still open";
    EXPECT_EQ(one.st_ino, other.st_ino);
}

TEST(Wire, TakesNoMessageThatIsCutOffAnywhere) {
    const message whole = pack(some_hello());
    for (std::size_t bytes = 0; bytes < whole.body.size(); ++bytes) {
        message part = copy_of_bytes(whole);
        part.body.resize(bytes);
        EXPECT_THROW(unpack<hello>(std::move(part)), wire_error) << bytes;
    }
}

TEST(Wire, TakesNothingBehindTheEnd) {
    message longer = pack(some_requests());
    longer.body.push_back({});

    EXPECT_THROW(unpack<std::vector<jobs::open_request>>(std::move(longer)), wire_error);
}

TEST(Wire, TakesNoMoreThanAMessageCanHold) {
    // A count, and nothing behind it.
    EXPECT_THROW(unpack<std::vector<std::string>>(pack(std::uint64_t{1} << 40)), wire_error);
    EXPECT_THROW(unpack<std::string>(pack(~std::uint64_t{0})), wire_error);
}

TEST(Wire, TakesNoValueOutOfItsRange) {
    EXPECT_THROW(unpack<std::uint32_t>(pack(std::uint64_t{1} << 32)), wire_error);
    EXPECT_THROW(unpack<std::vector<gid_t>>(pack(std::vector<std::uint64_t>{1ull << 32})),
                 wire_error);
    const auto one_byte = [](unsigned value) {
        return message{.body = {static_cast<std::byte>(value)}, .descriptors = {}};
    };
    EXPECT_THROW(unpack<bool>(one_byte(2)), wire_error);
    EXPECT_THROW(
        unpack<jobs::reason>(one_byte(static_cast<unsigned>(jobs::reason::target_not_atomic) + 1)),
        wire_error);
    EXPECT_EQ(
        unpack<jobs::reason>(one_byte(static_cast<unsigned>(jobs::reason::target_not_atomic))),
        jobs::reason::target_not_atomic);
}

TEST(Wire, MissesADescriptorThatDidNotCome) {
    sent_file file;
    message more = pack(file);
    more.descriptors.emplace_back(::dup(0));
    EXPECT_THROW(unpack<sent_file>(std::move(more)), wire_error);

    file.file.source = io::unique_fd(::dup(0));
    message sent = pack(file);
    sent.descriptors.clear();
    EXPECT_THROW(unpack<sent_file>(std::move(sent)), wire_error);
}

}  // namespace
}  // namespace peerpress::roles
