// Storages over real descriptors.
#include "io/file.hpp"

#include "tests/support/aligned_bytes.hpp"
#include "tests/support/files.hpp"
#include "tests/support/random_bytes.hpp"
#include "tests/support/run.hpp"
#include "tests/support/temp_dir.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <csignal>

namespace peerpress::io {
namespace {

using test::aligned_bytes;

class File : public testing::Test {
protected:
    ~File() override {
        ring.close();
        test::run(context, ring.drained());
    }

    std::unique_ptr<storage> open(const std::filesystem::path& path, caching caching,
                                  int flags = O_RDWR | O_CREAT) {
        return open_storage(ring, test::open_file(path, flags), caching);
    }

    asio::io_context context;
    uring ring{context.get_executor(), {.queue_depth = 8}};
    test::temp_dir dir;
};

// Bytes of a file that the page cache holds would be counted by mincore; the flag itself is what we
// can rely on.
bool is_direct(int fd) {
    return (::fcntl(fd, F_GETFL) & O_DIRECT) != 0;
}

// What this kernel tells about direct I/O on a file; nothing where it does not tell.
std::optional<alignment> told_alignment(const std::filesystem::path& path) {
    struct statx status{};
    if (::statx(AT_FDCWD, path.c_str(), 0, STATX_DIOALIGN, &status) != 0) return std::nullopt;
    if ((status.stx_mask & STATX_DIOALIGN) == 0) return std::nullopt;
    return alignment{status.stx_dio_mem_align, status.stx_dio_offset_align};
}

TEST_F(File, TakesTheKernelsWordOnDirectIo) {
    const std::filesystem::path path = dir / "file";
    unique_fd fd = test::open_file(path);
    const int number = fd.get();
    const std::optional<alignment> told = told_alignment(path);
    const bool takes_flag = ::fcntl(number, F_SETFL, O_DIRECT) == 0;
    ::fcntl(number, F_SETFL, 0);

    const auto opened = open_storage(ring, std::move(fd), caching::direct);

    const storage_traits& traits = opened->traits();
    const bool expected = takes_flag && (!told || told->offset_bytes != 0);
    EXPECT_EQ(traits.direct, expected) << traits.buffered_reason;
    EXPECT_EQ(traits.buffered_reason.empty(), expected);
    EXPECT_EQ(is_direct(number), expected);
    const alignment wanted = !expected ? alignment{} : told.value_or(alignment{4096, 4096});
    EXPECT_EQ(traits.alignment.memory_bytes, wanted.memory_bytes);
    EXPECT_EQ(traits.alignment.offset_bytes, wanted.offset_bytes);
    EXPECT_TRUE(traits.seekable);
    EXPECT_EQ(traits.size_bytes, 0u);
}

TEST_F(File, IsBufferedWhenAskedFor) {
    unique_fd fd = test::open_file(dir / "file");
    const int number = fd.get();
    if (::fcntl(number, F_SETFL, O_DIRECT) == 0) {
        ASSERT_TRUE(is_direct(number));
    }

    const auto opened = open_storage(ring, std::move(fd), caching::buffered);

    EXPECT_FALSE(opened->traits().direct);
    EXPECT_EQ(opened->traits().buffered_reason, "buffered I/O was asked for");
    EXPECT_EQ(opened->traits().alignment.offset_bytes, 1u);
    EXPECT_FALSE(is_direct(number));
}

TEST_F(File, WritesPaddedTruncatesAndReadsBackDirectly) {
    const std::vector<std::byte> data = test::incompressible_bytes(300'001, 1);
    const std::size_t padded_bytes = (data.size() + 4095) / 4096 * 4096;
    aligned_bytes from(padded_bytes);
    std::copy(data.begin(), data.end(), from.span().begin());
    const auto target = open(dir / "file", caching::direct);

    test::run(context, target->write(0, from.span()));
    test::run(context, target->truncate(data.size()));
    test::run(context, target->sync());

    EXPECT_EQ(target->traits().size_bytes, data.size());
    EXPECT_EQ(test::read_file(dir / "file"), data);
    const auto source = open(dir / "file", caching::direct, O_RDONLY);
    EXPECT_EQ(source->traits().size_bytes, data.size());
    aligned_bytes into(padded_bytes + 8192);
    EXPECT_EQ(test::run(context, source->read(0, into.span())), data.size());
    EXPECT_EQ(into.first(data.size()), data);
}

TEST_F(File, ReadsEveryTailToTheByte) {
    for (const std::size_t size : {0, 1, 511, 512, 513, 4095, 4096, 4097, 8191, 12288}) {
        const std::vector<std::byte> data = test::incompressible_bytes(size, size);
        test::write_file(dir / "file", data);
        for (const caching how : {caching::direct, caching::buffered}) {
            const auto source = open(dir / "file", how, O_RDONLY);
            aligned_bytes into(16384);
            ASSERT_EQ(test::run(context, source->read(0, into.span())), size);
            ASSERT_EQ(into.first(size), data);
        }
    }
}

TEST_F(File, KnowsAMemoryFileSystemForWhatItIs) {
    struct statfs file_system{};
    if (::statfs("/dev/shm", &file_system) != 0 || file_system.f_type != 0x01021994)
        GTEST_SKIP() << "/dev/shm is no tmpfs here";
    const test::temp_dir memory("/dev/shm");
    const std::vector<std::byte> data = test::compressible_bytes(10'001, 1);
    unique_fd fd = test::open_file(memory / "file");
    const int number = fd.get();
    const auto opened = open_storage(ring, std::move(fd), caching::direct);

    test::run(context, opened->write(3, data));

    EXPECT_FALSE(opened->traits().direct);
    EXPECT_EQ(opened->traits().buffered_reason, "tmpfs keeps its files in memory");
    EXPECT_EQ(opened->traits().alignment.memory_bytes, 1u);
    EXPECT_FALSE(is_direct(number));
    std::vector<std::byte> into(20'000);
    EXPECT_EQ(test::run(context, opened->read(3, into)), data.size());
    into.resize(data.size());
    EXPECT_EQ(into, data);
}

TEST_F(File, SaysWhichFileSystemTakesNoDirectIo) {
    const auto opened = open("/proc/self/status", caching::direct, O_RDONLY);

    EXPECT_FALSE(opened->traits().direct);
    EXPECT_EQ(opened->traits().buffered_reason, "procfs does not take O_DIRECT");
    std::vector<std::byte> into(100'000);
    EXPECT_GT(test::run(context, opened->read(0, into)), 100u);
}

TEST_F(File, RefusesDirectoriesAndBadDescriptors) {
    EXPECT_THROW(open(dir.path(), caching::direct, O_RDONLY), system_error);
    EXPECT_THROW(open_storage(ring, unique_fd(), caching::direct), system_error);
    try {
        open(dir.path(), caching::buffered, O_RDONLY);
        FAIL() << "a directory";
    } catch (const system_error& error) {
        EXPECT_EQ(error.code(), boost::system::errc::is_a_directory);
    }
}

TEST_F(File, ReportsAFullFileSystem) {
    // /dev/full is a character device, so a stream.
    const auto full = open("/dev/full", caching::direct, O_WRONLY);
    const std::vector<std::byte> data(100);

    EXPECT_EQ(test::run_error(context, full->write(0, data)),
              boost::system::errc::no_space_on_device);
}

TEST_F(File, ReportsAFileThatIsNotOpenForIt) {
    test::write_file(dir / "file", std::vector<std::byte>(10));
    const auto source = open(dir / "file", caching::buffered, O_RDONLY);
    const std::vector<std::byte> data(10);

    EXPECT_EQ(test::run_error(context, source->write(0, data)),
              boost::system::errc::bad_file_descriptor);
}

TEST_F(File, ClosesItsDescriptor) {
    unique_fd fd = test::open_file(dir / "file");
    const int number = fd.get();

    open_storage(ring, std::move(fd), caching::buffered).reset();

    EXPECT_EQ(::fcntl(number, F_GETFD), -1);
}

TEST_F(File, MovesManyPiecesAtOnce) {
    constexpr std::size_t pieces = 64, piece_bytes = 8192;
    const std::vector<std::byte> data = test::incompressible_bytes(pieces * piece_bytes, 4);
    aligned_bytes from(data), into(data.size());
    const auto file = open(dir / "file", caching::direct);
    std::size_t ended = 0;
    const auto count = [&](std::exception_ptr error, auto...) {
        EXPECT_FALSE(error);
        ++ended;
    };
    for (std::size_t at = pieces * piece_bytes; at > 0; at -= piece_bytes)
        asio::co_spawn(
            context,
            file->write(at - piece_bytes, from.span().subspan(at - piece_bytes, piece_bytes)),
            count);
    context.run();
    context.restart();

    for (std::size_t at = 0; at < pieces * piece_bytes; at += piece_bytes)
        asio::co_spawn(context, file->read(at, into.span().subspan(at, piece_bytes)), count);
    context.run();

    EXPECT_EQ(ended, 2 * pieces);
    EXPECT_EQ(into.first(data.size()), data);
}

// --- streams
// -------------------------------------------------------------------------------------------------

class Stream : public File, public testing::WithParamInterface<int> {
protected:
    // 0 or O_NONBLOCK: io_uring answers EAGAIN for the latter.
    test::pipe_ends pipe = test::make_pipe(GetParam());
};

TEST_P(Stream, CarriesMoreThanAPipeHolds) {
    const std::vector<std::byte> data = test::incompressible_bytes(1 << 20, 5);
    std::vector<std::byte> into(data.size() + 10);
    const auto source = open_storage(ring, std::move(pipe.read), caching::direct);
    auto target = open_storage(ring, std::move(pipe.write), caching::direct);
    EXPECT_FALSE(source->traits().seekable);
    EXPECT_FALSE(source->traits().direct);
    EXPECT_EQ(source->traits().size_bytes, std::nullopt);
    EXPECT_EQ(source->traits().buffered_reason, "it is a stream");

    asio::co_spawn(context, target->write(0, data), [&](std::exception_ptr error) {
        EXPECT_FALSE(error);
        target.reset();  // closes the pipe: the end of the data
    });
    const std::size_t bytes = test::run(context, source->read(0, into));

    EXPECT_EQ(bytes, data.size());
    into.resize(bytes);
    EXPECT_EQ(into, data);
}

TEST_P(Stream, ReportsAPipeWithoutAReaderAndLivesOn) {
    const auto target = open_storage(ring, std::move(pipe.write), caching::direct);
    pipe.read = unique_fd();
    const std::vector<std::byte> data(100);

    EXPECT_EQ(test::run_error(context, target->write(0, data)), boost::system::errc::broken_pipe);
}

TEST_P(Stream, EndsAReadOfAnEmptyPipeWhenTheRingCloses) {
    const auto source = open_storage(ring, std::move(pipe.read), caching::direct);
    std::vector<std::byte> into(10);
    error_code ended_with;
    asio::co_spawn(context, source->read(0, into), [&](std::exception_ptr error, std::size_t) {
        try {
            std::rethrow_exception(error);
        } catch (const system_error& aborted) {
            ended_with = aborted.code();
        }
    });
    test::settle(context);
    EXPECT_EQ(ring.in_flight(), 1u);

    ring.close();
    test::run(context, ring.drained());
    test::settle(context);

    EXPECT_EQ(ended_with, asio::error::operation_aborted);
}

TEST_P(Stream, HasNothingToSyncOrTruncate) {
    const auto target = open_storage(ring, std::move(pipe.write), caching::direct);

    EXPECT_EQ(test::run_error(context, target->sync()), error_code{});
    EXPECT_EQ(test::run_error(context, target->truncate(0)), error_code{});
}

INSTANTIATE_TEST_SUITE_P(Blocking, Stream, testing::Values(0));
INSTANTIATE_TEST_SUITE_P(NonBlocking, Stream, testing::Values(O_NONBLOCK));

TEST_F(File, LeavesAHandlerForBrokenPipesAlone) {
    const auto handler = +[](int) {};
    const auto before = std::signal(SIGPIPE, handler);
    test::pipe_ends pipe = test::make_pipe();

    open_storage(ring, std::move(pipe.read), caching::direct).reset();

    EXPECT_EQ(std::signal(SIGPIPE, before), handler);
}

TEST_F(File, ReadsAndWritesSockets) {
    std::array<int, 2> ends{};
    test::checked(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), "socketpair");
    const auto source = open_storage(ring, unique_fd(ends[0]), caching::direct);
    auto target = open_storage(ring, unique_fd(ends[1]), caching::direct);
    const std::vector<std::byte> data = test::compressible_bytes(500, 1);

    test::run(context, target->write(0, bytes_view(data).first(200)));
    test::run(context, target->write(200, bytes_view(data).subspan(200)));
    target.reset();

    std::vector<std::byte> into(1000);
    EXPECT_EQ(test::run(context, source->read(0, into)), 500u);
    into.resize(500);
    EXPECT_EQ(into, data);
}

// `(echo head; peerpress cat file) > out`: what the shell's first command wrote must stay.
TEST_F(File, StreamsIntoAFileFromItsPositionOn) {
    unique_fd fd = test::open_file(dir / "file");
    ASSERT_EQ(::write(fd.get(), "head", 4), 4);
    const std::vector<std::byte> data = test::incompressible_bytes(9000, 6);
    const auto target = open_stream(ring, std::move(fd));

    test::run(context, target->write(0, bytes_view(data).first(5000)));
    test::run(context, target->write(5000, bytes_view(data).subspan(5000)));
    test::run(context, target->sync());

    const std::vector<std::byte> content = test::read_file(dir / "file");
    ASSERT_EQ(content.size(), 9004u);
    EXPECT_EQ(std::vector<std::byte>(content.begin() + 4, content.end()), data);
}

TEST_F(File, StreamsAppendToWhatIsThere) {
    test::write_file(dir / "file", test::compressible_bytes(100, 1));
    const std::vector<std::byte> data = test::incompressible_bytes(50, 7);
    const auto target = open(dir / "file", caching::direct, O_WRONLY | O_APPEND);
    EXPECT_FALSE(target->traits().seekable);

    test::run(context, target->write(0, data));

    const std::vector<std::byte> content = test::read_file(dir / "file");
    ASSERT_EQ(content.size(), 150u);
    EXPECT_EQ(std::vector<std::byte>(content.begin() + 100, content.end()), data);
}

TEST_F(File, StreamsAFileFromItsPositionOn) {
    const std::vector<std::byte> data = test::incompressible_bytes(1000, 8);
    test::write_file(dir / "file", data);
    unique_fd fd = test::open_file(dir / "file", O_RDONLY);
    ASSERT_EQ(::lseek(fd.get(), 300, SEEK_SET), 300);
    const auto source = open_stream(ring, std::move(fd));

    std::vector<std::byte> into(2000);
    EXPECT_EQ(test::run(context, source->read(0, bytes_span(into).first(100))), 100u);
    EXPECT_EQ(test::run(context, source->read(100, bytes_span(into).subspan(100))), 600u);

    into.resize(700);
    EXPECT_EQ(into, std::vector<std::byte>(data.begin() + 300, data.end()));
}

}  // namespace
}  // namespace peerpress::io
