#include "io/uring_operation.hpp"

#include <algorithm>

namespace peerpress::io {

uring_operation::uring_operation(const io_uring_sqe& prepared, bytes_view command_bytes,
                                 finish_function finish)
    : sqe(prepared), finish_(finish) {
    std::copy_n(command_bytes.begin(), std::min(command_bytes.size(), command_bytes_max),
                command.begin());
}

void uring_operation_list::push_back(uring_operation& added) {
    added.previous_ = last_;
    added.next_ = nullptr;
    (last_ == nullptr ? first_ : last_->next_) = &added;
    last_ = &added;
    ++size_;
}

void uring_operation_list::remove(uring_operation& removed) {
    (removed.previous_ == nullptr ? first_ : removed.previous_->next_) = removed.next_;
    (removed.next_ == nullptr ? last_ : removed.next_->previous_) = removed.previous_;
    --size_;
}

}  // namespace peerpress::io
