#include "client/in_process/mailbox.hpp"

#include <chrono>
#include <utility>

namespace peerpress::client {
namespace {

constexpr std::size_t waiting_max = 10'000;

}  // namespace

awaitable<> mailbox::on_prepared(const std::vector<jobs::prepared_file>&) {
    co_return;
}

awaitable<> mailbox::on_finished(const std::vector<jobs::file_result>& files) {
    {
        const std::lock_guard lock(mutex_);
        files_.insert(files_.end(), files.begin(), files.end());
    }
    if (waiting() < waiting_max) co_return;
    asio::steady_timer timer(co_await asio::this_coro::executor);
    while (waiting() > 0) {
        timer.expires_after(std::chrono::milliseconds(10));
        co_await timer.async_wait(asio::use_awaitable);
    }
}

void mailbox::deliver(job_listener& listener) {
    std::vector<jobs::file_result> files;
    {
        const std::lock_guard lock(mutex_);
        files.swap(files_);
    }
    for (const jobs::file_result& file : files) listener.on_file(file);
}

std::size_t mailbox::waiting() const {
    const std::lock_guard lock(mutex_);
    return files_.size();
}

}  // namespace peerpress::client
