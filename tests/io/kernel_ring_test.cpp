#include "io/kernel_ring.hpp"

#include "io/unique_fd.hpp"

#include <gtest/gtest.h>
#include <sys/eventfd.h>

#include <cerrno>
#include <set>

namespace peerpress::io {
namespace {

const std::set<int> of_every_ring{IORING_OP_READ,        IORING_OP_WRITE,    IORING_OP_FSYNC,
                                  IORING_OP_FALLOCATE,   IORING_OP_POLL_ADD, IORING_OP_TIMEOUT,
                                  IORING_OP_ASYNC_CANCEL};

class KernelRing : public testing::TestWithParam<bool> {
protected:
    // What becomes of an entry that names an operation and nothing else.
    int result_of(int operation) {
        io_uring_sqe* const entry = ring.next_entry();
        io_uring_prep_rw(operation, entry, -1, nullptr, 0, 0);
        io_uring_sqe_set_data(entry, nullptr);
        EXPECT_TRUE(ring.submit());
        eventfd_t completions = 0;
        ::eventfd_read(completed.get(), &completions);  // blocks
        int result = 0;
        ring.reap([&result](const io_uring_cqe& completion) { result = completion.res; });
        return result;
    }
    bool allows(int operation) const {
        return of_every_ring.contains(operation) ||
               (operation == IORING_OP_URING_CMD && ring.commands());
    }

    unique_fd completed{::eventfd(0, EFD_CLOEXEC)};
    kernel_ring ring{4, GetParam(), completed.get()};
};

TEST_P(KernelRing, TakesTheOperationsOfOursAndNoOthers) {
    // Poll needs a descriptor to end; the others fail for want of one.
    for (int operation = 0; operation < IORING_OP_LAST; ++operation) {
        SCOPED_TRACE(operation);
        if (allows(operation)) {
            EXPECT_NE(result_of(operation), -EACCES);
        } else {
            EXPECT_EQ(result_of(operation), -EACCES);
        }
    }
}

INSTANTIATE_TEST_SUITE_P(WithAndWithoutCommands, KernelRing, testing::Bool(),
                         [](const testing::TestParamInfo<bool>& info) {
                             return info.param ? "Commands" : "Files";
                         });

}  // namespace
}  // namespace peerpress::io
