#include "roles/channel.hpp"

#include "tests/support/run.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

namespace peerpress::roles {
namespace {

class Channel : public testing::Test {
protected:
    Channel() {
        int ends[2];
        if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
            throw std::runtime_error("socketpair");
        near = std::make_shared<channel>(context.get_executor(), io::unique_fd(ends[0]));
        raw = io::unique_fd(ends[1]);
    }

    // The other end as a channel, too.
    std::shared_ptr<channel> far() {
        return std::make_shared<channel>(context.get_executor(), std::move(raw));
    }
    void write_raw(const std::vector<std::uint64_t>& words, std::size_t bytes) const {
        ASSERT_EQ(::write(raw.get(), words.data(), bytes), static_cast<ssize_t>(bytes));
    }
    // body bytes, kind, descriptors
    static std::uint64_t head(std::uint64_t bytes, std::uint64_t kind, std::uint64_t descriptors) {
        return bytes | kind << 32 | descriptors << 48;
    }
    void expect_malformed() { EXPECT_THROW(test::run(context, near->receive()), wire_error); }

    asio::io_context context;
    std::shared_ptr<channel> near;
    io::unique_fd raw;
};

TEST_F(Channel, KeepsFramesAndTheirDescriptorsTogether) {
    const auto other = far();
    for (std::uint64_t call = 0; call < 20; ++call) {
        message content = pack(call);
        for (std::uint64_t count = 0; count < call; ++count)
            content.descriptors.emplace_back(::dup(0));
        near->send({.kind = message_kind::open, .call = call, .content = std::move(content)});
    }

    for (std::uint64_t call = 0; call < 20; ++call) {
        frame got = test::run(context, other->receive());
        EXPECT_EQ(got.kind, message_kind::open);
        EXPECT_EQ(got.call, call);
        EXPECT_EQ(got.content.descriptors.size(), call);
        got.content.descriptors.clear();
        EXPECT_EQ(unpack<std::uint64_t>(std::move(got.content)), call);
    }
}

TEST_F(Channel, CarriesWhatASocketDoesNotTakeAtOnce) {
    const auto other = far();
    const std::string text(body_bytes_max - 8, 'x');
    message content = pack(text);
    content.descriptors.emplace_back(::dup(0));

    near->send({.call = 1, .content = std::move(content)});
    near->send({.call = 2, .content = pack(true)});

    frame got = test::run(context, other->receive());
    EXPECT_EQ(got.content.descriptors.size(), 1u);
    got.content.descriptors.clear();
    EXPECT_EQ(unpack<std::string>(std::move(got.content)), text);
    EXPECT_EQ(test::run(context, other->receive()).call, 2u);
}

TEST_F(Channel, SendsNothingBeyondItsBounds) {
    EXPECT_THROW(near->send({.content = pack(std::string(body_bytes_max, 'x'))}), wire_error);
    message content;
    for (std::size_t count = 0; count <= descriptors_max; ++count)
        content.descriptors.emplace_back(::dup(0));
    EXPECT_THROW(near->send({.content = std::move(content)}), wire_error);
}

TEST_F(Channel, TakesNoFrameBeyondItsBounds) {
    write_raw({head(body_bytes_max + 1, 0, 0), 0}, 16);
    expect_malformed();
}

TEST_F(Channel, TakesNoKindThatHasNoName) {
    write_raw({head(0, static_cast<std::uint64_t>(message_kind_last) + 1, 0), 0}, 16);
    expect_malformed();
}

TEST_F(Channel, MissesDescriptorsThatDidNotCome) {
    write_raw({head(0, 0, 1), 0}, 16);
    expect_malformed();
}

TEST_F(Channel, EndsWhereTheOtherEndCloses) {
    write_raw({head(100, 0, 0), 0}, 16);
    raw = {};

    EXPECT_EQ(test::run_error(context, near->receive()), asio::error::eof);
}

TEST_F(Channel, FinishesOnceTheOtherEndHas) {
    EXPECT_FALSE(near->finish(std::chrono::milliseconds(1))) << "it is still there";
}

TEST_F(Channel, FinishesAtOnceWhereTheOtherEndIsGone) {
    raw = {};

    EXPECT_TRUE(near->finish(std::chrono::seconds(60)));
}

}  // namespace
}  // namespace peerpress::roles
