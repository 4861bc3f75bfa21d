#include "client/remote/transform_call.hpp"

#include <cassert>
#include <utility>

namespace peerpress::client {

// Lives until gRPC is done with it, which may be after its call's owner is gone.
class transform_call::reactor final
    : public grpc::ClientBidiReactor<v1::TransformRequest, v1::TransformResponse>,
      public std::enable_shared_from_this<reactor> {
public:
    // What gRPC answers to one operation; touched on the executor only.
    struct answer {
        explicit answer(asio::any_io_executor executor) : came(std::move(executor)) {}
        bool here = false;
        bool ok = false;
        io::event came;
    };

    explicit reactor(asio::any_io_executor executor)
        : executor_(executor), write_(executor), read_(executor), done_(executor) {}

    void start(v1::TransformService::Stub& stub) {
        self_ = shared_from_this();
        stub.async()->Transform(&context_, this);
        AddHold();  // operations are started from outside gRPC's own calls
        StartCall();
    }

    void OnWriteDone(bool ok) override { tell(write_, ok); }
    void OnWritesDoneDone(bool ok) override { tell(write_, ok); }
    void OnReadDone(bool ok) override { tell(read_, ok); }
    void OnDone(const grpc::Status& status) override {
        status_ = status;
        tell(done_, true);
    }

    awaitable<bool> wait(answer& answer) {
        while (!answer.here) co_await answer.came.wait();
        answer.here = false;
        co_return answer.ok;
    }

    grpc::ClientContext context_;
    asio::any_io_executor executor_;
    answer write_;
    answer read_;
    answer done_;
    v1::TransformRequest request_;  // gRPC's until the write is done
    v1::TransformResponse response_;
    grpc::Status status_;
    bool finished_ = false;

private:
    void tell(answer& answer, bool ok) {
        // gRPC is through with us after OnDone, so the last of these owns the last reference.
        auto self = &answer == &done_ ? std::move(self_) : shared_from_this();
        asio::post(executor_, [self = std::move(self), &answer, ok] {
            answer.here = true;
            answer.ok = ok;
            answer.came.notify_all();
        });
    }

    std::shared_ptr<reactor> self_;
};

transform_call::transform_call(asio::any_io_executor executor, v1::TransformService::Stub& stub)
    : reactor_(std::make_shared<reactor>(std::move(executor))) {
    reactor_->start(stub);
}

transform_call::~transform_call() {
    assert(reactor_->finished_ && "gRPC may still call its reactor");
}

awaitable<bool> transform_call::send(v1::TransformRequest message) {
    reactor_->request_ = std::move(message);
    reactor_->StartWrite(&reactor_->request_);
    co_return co_await reactor_->wait(reactor_->write_);
}

awaitable<bool> transform_call::send_done() {
    reactor_->StartWritesDone();
    co_return co_await reactor_->wait(reactor_->write_);
}

awaitable<bool> transform_call::receive(v1::TransformResponse& into) {
    reactor_->StartRead(&reactor_->response_);
    const bool ok = co_await reactor_->wait(reactor_->read_);
    if (ok) into.Swap(&reactor_->response_);
    co_return ok;
}

awaitable<grpc::Status> transform_call::finish() {
    reactor_->RemoveHold();
    co_await reactor_->wait(reactor_->done_);
    reactor_->finished_ = true;
    co_return reactor_->status_;
}

void transform_call::cancel() {
    reactor_->context_.TryCancel();
}

}  // namespace peerpress::client
