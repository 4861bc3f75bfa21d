#include "accel/noload/device.hpp"

#include "fake_core.hpp"
#include "io/nvme_error.hpp"
#include "tests/support/aligned_bytes.hpp"
#include "tests/support/random_bytes.hpp"
#include "tests/support/run.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>

namespace peerpress::accel::noload {
namespace {

using namespace std::chrono_literals;
using test::fake_core;

constexpr std::size_t span_bytes = 128 << 10;
constexpr int lost = -EINTR;  // what a command gets that timed out or went with a reset

class Device : public testing::Test {
protected:
    // Three cores that compress, one that decodes.
    Device() {
        for (int core = 0; core < 4; ++core) cores.push_back(std::make_shared<fake_core>());
    }
    ~Device() override {
        made.reset();
        test::settle(context);
    }

    void open(std::size_t compressing = 3, std::size_t claimed_span_bytes = span_bytes) {
        std::vector<core_parts> parts;
        for (std::size_t core = 0; core < cores.size(); ++core)
            parts.push_back(
                {.kind = core < compressing ? core_kind::compress : core_kind::decompress,
                 .namespace_id = static_cast<std::uint32_t>(core + 1),
                 .port =
                     std::make_unique<test::fake_core_port>(context.get_executor(), cores[core])});
        made = std::make_shared<device>(
            context.get_executor(),
            device_identity{.address = "0000:03:00.0",
                            .serial = "S",
                            .label = "nvme2 (0000:03:00.0)",
                            .model = "fake",
                            .span_bytes = claimed_span_bytes},
            std::move(parts),
            [this](std::size_t bytes) -> std::unique_ptr<io::slot_memory> {
                if (memory_error) throw system_error{memory_error};
                return std::make_unique<io::host_slots>(1, bytes);
            },
            device_options{.timeout_ms = 1234,
                           .retry_delay = 1ms,
                           .quarantine_min = 5ms,
                           .quarantine_max = 20ms});
        test::run(context, made->admit());
        for (const auto& core : cores) core->commands.clear();
    }

    member_request request(bool checked = false) {
        return {.span = memory.span(),
                .input_bytes = member_input_bytes(span_bytes),
                .output_offset_bytes = member_input_bytes(span_bytes),
                .checked = checked};
    }
    bytes_view input() { return memory.span().first(member_input_bytes(span_bytes)); }

    member_made compress(bool checked = false) {
        return test::run(context, made->compress(request(checked)));
    }
    // Why it was not done; empty where it was.
    std::string refusal(bool checked = false) {
        try {
            compress(checked);
        } catch (const device_error& failed) {
            EXPECT_EQ(failed.code(), device_errc::redo_elsewhere);
            return failed.what();
        }
        return {};
    }
    void wait_until(const std::function<bool()>& there) {
        const auto deadline = std::chrono::steady_clock::now() + 20s;
        context.restart();
        while (!there() && std::chrono::steady_clock::now() < deadline) {
            context.run_one_for(1s);
            context.restart();
        }
        ASSERT_TRUE(there());
    }
    std::vector<std::size_t> commands() const {
        std::vector<std::size_t> counts;
        for (const auto& core : cores) counts.push_back(core->commands.size());
        return counts;
    }

    asio::io_context context;
    std::vector<std::shared_ptr<fake_core>> cores;
    error_code memory_error;
    test::aligned_bytes memory{test::compressible_bytes(span_bytes, 1)};
    std::shared_ptr<device> made;
};

TEST_F(Device, CompressesAndTellsLengthAndChecksum) {
    open();

    const member_made member = compress();

    EXPECT_EQ(member.crc32, test::reference_crc32(input()));
    EXPECT_EQ(member.bytes % 4096, 0u);
    const auto decoded = test::reference_inflate(
        memory.span().subspan(member_input_bytes(span_bytes), member.bytes), test::gzip_window);
    EXPECT_TRUE(std::ranges::equal(decoded.data, input()));
}

TEST_F(Device, SendsTheWholeSpanWithATimeLimit) {
    open();
    compress();

    ASSERT_EQ(commands(), (std::vector<std::size_t>{1, 0, 0, 0}));
    const operation& sent = cores[0]->commands[0];
    EXPECT_EQ(sent.opcode, opcode::compress);
    EXPECT_EQ(sent.span_bytes, span_bytes);
    EXPECT_EQ(sent.input_bytes, 60u << 10);
    EXPECT_EQ(sent.output_offset_bytes, 60u << 10);
    EXPECT_EQ(sent.output_alignment_log2, 12);
    EXPECT_EQ(sent.level, 1);
    EXPECT_EQ(cores[0]->timeout_ms, 1234u);
}

TEST_F(Device, DecodesAMemberThatStartsAnywhere) {
    open();
    const member_made member = compress();
    test::aligned_bytes shifted(span_bytes);
    std::ranges::copy(memory.span().subspan(member_input_bytes(span_bytes), member.bytes),
                      shifted.span().begin() + 100);

    const member_data data =
        test::run(context, made->decompress({.span = shifted.span().first(61'440 + 61'440),
                                             .skip_bytes = 100,
                                             .member_bytes = member.bytes,
                                             .output_offset_bytes = 61'440}));

    EXPECT_EQ(data.bytes, input().size());
    EXPECT_EQ(data.crc32, member.crc32);
    EXPECT_TRUE(std::ranges::equal(shifted.span().subspan(61'440, data.bytes), input()));
}

TEST_F(Device, BlamesTheDataWhereTheyAreNoMember) {
    open();

    EXPECT_EQ(test::run_error(context, made->decompress({.span = memory.span(),
                                                         .skip_bytes = 0,
                                                         .member_bytes = 4096,
                                                         .output_offset_bytes = 4096})),
              codec_errc::bad_data);
    EXPECT_TRUE(made->serving());
}

TEST_F(Device, SpreadsRequestsOverItsCores) {
    open();
    for (const auto& core : cores) core->time = 2ms;
    std::vector<test::aligned_bytes> spans;
    for (int index = 0; index < 6; ++index) spans.emplace_back(memory.span());
    int done = 0;
    for (test::aligned_bytes& span : spans) {
        member_request wanted = request();
        wanted.span = span.span();
        asio::co_spawn(context, made->compress(wanted),
                       [&done](std::exception_ptr error, member_made) {
                           EXPECT_FALSE(error);
                           ++done;
                       });
    }
    wait_until([&] { return done == 6; });

    EXPECT_EQ(commands(), (std::vector<std::size_t>{2, 2, 2, 0}));
    EXPECT_GT(made->load().bytes_per_second, 0);
    EXPECT_EQ(made->load().outstanding_bytes, 0u);
}

TEST_F(Device, GivesASlowCoreLess) {
    open();
    cores[0]->time = 1ms;
    cores[1]->time = 1ms;
    cores[2]->time = 20ms;
    std::vector<test::aligned_bytes> spans;
    for (int index = 0; index < 4; ++index) spans.emplace_back(memory.span());
    int left = 40;
    int running = 0;
    std::function<void(std::size_t)> next = [&](std::size_t slot) {
        if (left-- <= 0) return;
        ++running;
        member_request wanted = request();
        wanted.span = spans[slot].span();
        asio::co_spawn(context, made->compress(wanted), [&, slot](std::exception_ptr, member_made) {
            --running;
            next(slot);
        });
    };
    for (std::size_t slot = 0; slot < spans.size(); ++slot) next(slot);
    wait_until([&] { return running == 0; });

    EXPECT_LT(cores[2]->commands.size() * 3, cores[0]->commands.size());
}

TEST_F(Device, TriesAgainAfterAnErrorThatMayPass) {
    open();
    cores[0]->failures = {status::internal_error, status::internal_error};

    EXPECT_EQ(refusal(), "");

    EXPECT_EQ(commands(), (std::vector<std::size_t>{3, 0, 0, 0}));
    EXPECT_EQ(made->state().cores[0].failures, 2u);
    EXPECT_TRUE(made->serving());
}

TEST_F(Device, AsksAnotherCoreWhereOneKeepsFailing) {
    open();
    cores[0]->always = status::internal_error;

    EXPECT_EQ(refusal(), "");

    EXPECT_EQ(commands(), (std::vector<std::size_t>{3, 1, 0, 0}));
    EXPECT_TRUE(made->serving());
}

TEST_F(Device, DoesNotRepeatWhatTheControllerSaysWillFailAgain) {
    open();
    cores[0]->always = static_cast<int>(status::internal_error | io::nvme_do_not_retry);

    EXPECT_EQ(refusal(), "");

    EXPECT_EQ(commands(), (std::vector<std::size_t>{1, 1, 0, 0}));
}

TEST_F(Device, IsQuarantinedWhereNoCoreDoesItAndServesAgainAfterItsTest) {
    open();
    for (const auto& core : cores) core->always = status::internal_error;

    EXPECT_EQ(refusal(),
              "nvme2 (0000:03:00.0): internal error of the controller (NVMe status 0x006)");
    EXPECT_FALSE(made->serving());
    EXPECT_EQ(made->state().health, device_health::quarantined);
    EXPECT_EQ(made->state().quarantines, 1u);
    EXPECT_EQ(refusal(),
              "nvme2 (0000:03:00.0): internal error of the controller (NVMe status 0x006)");

    for (const auto& core : cores) core->always.reset();
    wait_until([&] { return made->serving(); });
    EXPECT_EQ(refusal(), "");
}

TEST_F(Device, StaysInQuarantineWhileItsTestFails) {
    open();
    cores[1]->always = lost;
    made->distrust("told so");

    wait_until([&] { return made->state().reason.starts_with("its test failed"); });
    EXPECT_FALSE(made->serving());

    cores[1]->always.reset();
    wait_until([&] { return made->serving(); });
    EXPECT_EQ(made->state().reason, "");
}

TEST_F(Device, IsQuarantinedAtOnceWhereACommandIsLost) {
    open();
    cores[0]->failures = {lost};

    EXPECT_NE(refusal(), "");

    EXPECT_EQ(commands(), (std::vector<std::size_t>{1, 0, 0, 0}));
    EXPECT_FALSE(made->serving());
}

TEST_F(Device, RedoesElsewhereWhatDoesNotFitWithoutLosingTrust) {
    open();
    cores[0]->always = status::output_too_small;

    EXPECT_EQ(test::run_error(context, made->compress(request())), codec_errc::output_too_small);

    EXPECT_EQ(commands(), (std::vector<std::size_t>{1, 0, 0, 0}));
    EXPECT_TRUE(made->serving());
}

TEST_F(Device, LeavesToOthersWhatItDoesNotTake) {
    open();
    member_request wrong = request();
    wrong.output_offset_bytes = 8192;  // within the input

    EXPECT_EQ(test::run_error(context, made->compress(wrong)), device_errc::redo_elsewhere);
    EXPECT_TRUE(made->serving());
}

TEST_F(Device, DoesNotBelieveAnAnswerThatCannotBeTrue) {
    const std::vector<std::function<void(completion&)>> lies{
        [](completion& done) { done.bytes = 0; }, [](completion& done) { done.bytes += 1; },
        [](completion& done) { done.bytes = 1 << 20; }};
    for (const auto& lie : lies) {
        open();
        cores[0]->twist = lie;
        EXPECT_EQ(refusal(), "nvme2 (0000:03:00.0): the device's answer cannot be true");
        EXPECT_FALSE(made->serving());
        cores[0]->twist = [](completion&) {};
    }
}

TEST_F(Device, HasAnotherCoreCheckWhatOneMade) {
    open();

    EXPECT_EQ(refusal(true), "");

    ASSERT_EQ(commands(), (std::vector<std::size_t>{1, 0, 0, 1}));
    EXPECT_EQ(cores[3]->commands[0].opcode, opcode::decompress);
    EXPECT_TRUE(cores[3]->commands[0].check_only);
}

TEST_F(Device, FindsByCheckingWhatACoreGotWrong) {
    const auto flip = [](bytes_span span) { span[(60 << 10) + 4000] ^= std::byte{1}; };
    open();
    cores[0]->spoil = flip;
    EXPECT_EQ(refusal(true),
              "nvme2 (0000:03:00.0): what one core compressed is not what another decoded");
    EXPECT_FALSE(made->serving());
    cores[0]->spoil = [](bytes_span) {};

    open();
    cores[0]->twist = [](completion& done) { done.crc32 ^= 1; };
    EXPECT_NE(refusal(true), "");
    EXPECT_FALSE(made->serving());
    cores[0]->twist = [](completion&) {};
}

TEST_F(Device, TakesNothingWhileItIsDrained) {
    open();
    made->drain();

    EXPECT_EQ(refusal(), "nvme2 (0000:03:00.0): drained by an administrator");
    EXPECT_EQ(made->state().health, device_health::drained);

    made->resume();
    EXPECT_EQ(refusal(), "");
}

TEST_F(Device, FindsOutWhatSpanTheKernelTakes) {
    for (const auto& core : cores) core->span_bytes_max = 128 << 10;

    open(3, 1 << 20);

    EXPECT_TRUE(made->serving());
    EXPECT_EQ(made->identity().span_bytes, 128u << 10);
}

TEST_F(Device, FindsALargerSpanOnceItIsTaken) {
    for (const auto& core : cores) core->span_bytes_max = 128 << 10;
    open(3, 1 << 20);
    ASSERT_EQ(made->identity().span_bytes, 128u << 10);

    for (const auto& core : cores) core->span_bytes_max = 512 << 10;
    made->distrust("told so");
    wait_until([&] { return made->serving(); });

    EXPECT_EQ(made->identity().span_bytes, 512u << 10);
}

TEST_F(Device, HasSpansOfWholePages) {
    for (const auto& core : cores) core->span_bytes_max = 150'000;

    open(3, 299'999);

    EXPECT_TRUE(made->serving());
    EXPECT_EQ(made->identity().span_bytes, 147'456u);
}

// Other transfers go on while one device tests itself.
TEST_F(Device, LetsOthersRunWhileItTestsItself) {
    open(3, 1 << 20);
    std::size_t turns = 0;
    std::function<void()> count = [&] {
        if (made->serving()) return;
        ++turns;
        asio::post(context, count);
    };

    made->distrust("told so");
    asio::post(context, count);
    wait_until([&] { return made->serving(); });
    test::settle(context);

    // 1 MiB made, stored and summed, and 480 KiB summed, all in pieces of 64 KiB.
    EXPECT_GE(turns, 3u * 16 + 8);
}

TEST_F(Device, ChecksWhatItMadeBeforeItWasDrained) {
    open();
    cores[0]->spoil = [&](bytes_span) { made->drain(); };

    EXPECT_GT(compress(true).bytes, 0u);

    EXPECT_EQ(commands(), (std::vector<std::size_t>{1, 0, 0, 1}));
    EXPECT_THAT(refusal(), testing::HasSubstr("drained by an administrator"));
}

TEST_F(Device, ClosesItsFilesWhenItHasGone) {
    open();
    const std::weak_ptr<fake_core> orders = cores[0];
    cores.clear();

    made->let_go();

    EXPECT_TRUE(orders.expired());
    EXPECT_THAT(refusal(), testing::HasSubstr("it is gone"));
    context.restart();
    context.run_for(50ms);  // it would have tested itself by now
    EXPECT_EQ(made->state().reason, "it is gone");
}

TEST_F(Device, GoesOnCountingWhereAFormerOneEnded) {
    open();
    compress();
    made->drain();
    const device_state former = made->state();
    open();

    made->succeed(former);

    EXPECT_EQ(made->state().health, device_health::drained);
    EXPECT_GT(made->state().cores[0].commands, former.cores[0].commands);
    EXPECT_EQ(made->state().cores[0].bytes, former.cores[0].bytes);
    made->resume();
    EXPECT_TRUE(made->serving());
}

TEST_F(Device, DoesNotServeBeforeItHasPassedItsTest) {
    cores[2]->always = status::namespace_not_ready;
    open();
    EXPECT_FALSE(made->serving());
    EXPECT_TRUE(made->state().reason.starts_with("its test failed: ")) << made->state().reason;

    cores[2]->always.reset();
    wait_until([&] { return made->serving(); });
}

TEST_F(Device, DoesNotServeWithoutMemoryForItsTest) {
    memory_error = make_error_code(boost::system::errc::not_enough_memory);
    open();

    EXPECT_FALSE(made->serving());

    memory_error = {};
    wait_until([&] { return made->serving(); });
}

TEST_F(Device, PassesNoTestWithAWrongChecksumOrOtherData) {
    cores[0]->twist = [](completion& done) { done.crc32 ^= 1; };
    open();
    EXPECT_EQ(made->state().reason, "its test failed: its checksum of known data is wrong");
    cores[0]->twist = [](completion&) {};

    cores[3]->twist = [](completion& done) { done.crc32 ^= 1; };
    open();
    EXPECT_EQ(made->state().reason,
              "its test failed: one core does not decode what another compressed");
    cores[3]->twist = [](completion&) {};
}

TEST_F(Device, LetsGoOfItselfWhileItWaitsForItsTest) {
    open();
    made->distrust("told so");
    const std::weak_ptr<device> left = made;

    made.reset();
    test::settle(context);

    EXPECT_TRUE(left.expired());
    context.restart();
    EXPECT_EQ(context.run_for(1s), 0u);  // nothing keeps the lane from ending
}

}  // namespace
}  // namespace peerpress::accel::noload
