#include "services/matcher/wire/delivery_client.h"

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>

#include "absl/time/clock.h"
#include "common/obs/log.h"
#include "common/rpc/status_convert.h"
#include "muster/availability/v1/delivery.grpc.pb.h"
#include "services/matcher/wire/retry_timer.h"

namespace muster::matcher {
namespace {

namespace av = availability::v1;
using Item = av::DeliverRequest::Item;

google::rpc::Status ToProto(const absl::Status& status) {
  google::rpc::Status proto;
  if (status.ok()) return proto;
  grpc::Status converted = ToGrpc(status);
  if (!proto.ParseFromString(converted.error_details())) proto.Clear();
  proto.set_code(converted.error_code());
  proto.set_message(converted.error_message());
  return proto;
}

}  // namespace

class DeliveryClient::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(const std::shared_ptr<grpc::Channel>& channel, DeliveryOptions options, Handlers handlers)
      : stub_(av::AgentDelivery::NewStub(channel)),
        options_(std::move(options)),
        handlers_(std::move(handlers)),
        backoff_(options_.backoff, RandomSeed()) {}

  void Connect();
  void Stop(absl::Duration limit);
  void Serve(std::vector<ServedPool> pools);
  void Add(Item item, uint64_t only_stream);
  void Flush();

 private:
  class Stream;
  void AddServeLocked();
  void WriteLocked();
  void CloseLocked();
  void OnItems(uint64_t number, av::DeliverResponse response);
  void OnWritten(bool ok);
  void OnBroken();
  void OnEnd(const absl::Status& status);

  std::unique_ptr<av::AgentDelivery::Stub> stub_;  // until it is stopped
  const DeliveryOptions options_;
  const Handlers handlers_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::unique_ptr<Stream> stream_;
  bool connected_ = false;  // until the stream is gone for good
  uint64_t number_ = 0;     // of the stream
  bool closing_ = true;     // no more writes on it
  bool writing_ = false;
  bool stopping_ = false;
  std::vector<ServedPool> pools_;
  std::deque<Item> pending_;
  Backoff backoff_;
  RetryTimer timer_;
};

// Writes are begun from outside of its reactions: a hold keeps it from ending before `closing_`.
class DeliveryClient::Impl::Stream final
    : public grpc::ClientBidiReactor<av::DeliverRequest, av::DeliverResponse> {
 public:
  Stream(std::shared_ptr<Impl> client, uint64_t number)
      : client_(std::move(client)), number_(number) {}

  void Run() {
    client_->stub_->async()->Deliver(&context, this);
    AddHold();
    StartRead(&response_);
    StartCall();
  }

  void OnReadDone(bool ok) override {
    if (!ok) return client_->OnBroken();
    client_->OnItems(number_, std::move(response_));
    response_.Clear();
    StartRead(&response_);
  }
  void OnWriteDone(bool ok) override { client_->OnWritten(ok); }
  void OnDone(const grpc::Status& status) override {
    std::shared_ptr<Impl> client = std::move(client_);
    client->OnEnd(FromGrpc(status));  // this is gone afterwards
  }

  grpc::ClientContext context;
  av::DeliverRequest request;  // being written

 private:
  std::shared_ptr<Impl> client_;
  const uint64_t number_;
  av::DeliverResponse response_;
};

void DeliveryClient::Impl::Connect() {
  std::lock_guard lock(mutex_);
  if (stopping_) return;
  connected_ = true;
  stream_ = std::make_unique<Stream>(shared_from_this(), ++number_);
  closing_ = false;
  pending_.clear();
  stream_->Run();
  AddServeLocked();
  WriteLocked();
}

void DeliveryClient::Impl::Stop(absl::Duration limit) {
  timer_.Cancel();
  const auto give_up = std::chrono::steady_clock::now() + absl::ToChronoMilliseconds(limit);
  std::unique_lock lock(mutex_);
  stopping_ = true;
  changed_.wait_until(lock, give_up,
                      [this] { return closing_ || (pending_.empty() && !writing_); });
  if (!closing_ && !writing_) {
    // Availability ends the stream when it has read all of it.
    stream_->StartWritesDone();
    changed_.wait_until(lock, give_up, [this] { return closing_; });
  }
  CloseLocked();
  changed_.wait(lock, [this] { return !connected_; });
  stub_.reset();
}

void DeliveryClient::Impl::Serve(std::vector<ServedPool> pools) {
  std::lock_guard lock(mutex_);
  pools_ = std::move(pools);
  if (closing_ || stopping_) return;
  AddServeLocked();
  WriteLocked();
}

void DeliveryClient::Impl::AddServeLocked() {
  Item item;
  item.mutable_serve()->set_matcher_id(options_.matcher_id);
  for (const ServedPool& pool : pools_) {
    item.mutable_serve()->add_pool_ids(pool.pool_id);
    item.mutable_serve()->add_epochs(pool.epoch);
  }
  pending_.push_back(std::move(item));
}

void DeliveryClient::Impl::Add(Item item, uint64_t only_stream) {
  std::lock_guard lock(mutex_);
  if (closing_ || stopping_ || (only_stream != 0 && only_stream != number_)) return;
  if (pending_.size() >= options_.max_pending) {
    Log(Severity::kError).Msg("availability does not take deliveries; starting the stream anew");
    return CloseLocked();
  }
  pending_.push_back(std::move(item));
}

void DeliveryClient::Impl::Flush() {
  std::lock_guard lock(mutex_);
  WriteLocked();
}

void DeliveryClient::Impl::WriteLocked() {
  if (closing_ || writing_ || pending_.empty()) return;
  av::DeliverRequest& request = stream_->request;
  request.Clear();
  size_t bytes = 0;
  while (!pending_.empty() && request.items_size() < static_cast<int>(options_.max_batch_items) &&
         bytes < options_.max_batch_bytes) {
    bytes += pending_.front().ByteSizeLong();
    *request.add_items() = std::move(pending_.front());
    pending_.pop_front();
  }
  writing_ = true;
  stream_->StartWrite(&request);
}

// Ends the stream; OnEnd follows when gRPC is done with it.
void DeliveryClient::Impl::CloseLocked() {
  if (closing_) return;
  closing_ = true;
  pending_.clear();
  stream_->context.TryCancel();
  stream_->RemoveHold();
  changed_.notify_all();
}

void DeliveryClient::Impl::OnItems(uint64_t number, av::DeliverResponse response) {
  absl::Time received = absl::Now();
  {
    std::lock_guard lock(mutex_);
    if (stopping_ && closing_) return;
    backoff_.Reset();
  }
  for (av::DeliverResponse::Item& item : *response.mutable_items()) {
    switch (item.kind_case()) {
      case av::DeliverResponse::Item::kReady:
        handlers_.ready({item.ready().pool_ids().begin(), item.ready().pool_ids().end()});
        break;
      case av::DeliverResponse::Item::kAct: {
        ActRef ref{number, item.act().act_id()};
        handlers_.act(ref, std::move(*item.mutable_act()), received);
        break;
      }
      case av::DeliverResponse::Item::kUndelivered:
        handlers_.undelivered(std::move(*item.mutable_undelivered()));
        break;
      case av::DeliverResponse::Item::KIND_NOT_SET:
        break;  // a newer server's word
    }
  }
}

void DeliveryClient::Impl::OnWritten(bool ok) {
  std::lock_guard lock(mutex_);
  writing_ = false;
  if (!ok) return CloseLocked();
  WriteLocked();
  if (pending_.empty() && !writing_) changed_.notify_all();
}

void DeliveryClient::Impl::OnBroken() {
  std::lock_guard lock(mutex_);
  CloseLocked();
}

void DeliveryClient::Impl::OnEnd(const absl::Status& status) {
  handlers_.gone(status.ok() ? "the stream has ended" : std::string(status.message()));
  std::unique_ptr<Stream> old;
  {
    std::lock_guard lock(mutex_);
    old = std::move(stream_);
  }
  old.reset();  // with its hold on the channel, while Stop still waits
  std::lock_guard lock(mutex_);
  connected_ = false;
  writing_ = false;
  changed_.notify_all();
  if (stopping_) return;
  timer_.Start(backoff_.Next(), [weak = weak_from_this()] {
    if (auto self = weak.lock()) self->Connect();
  });
}

DeliveryClient::DeliveryClient(std::shared_ptr<grpc::Channel> channel, DeliveryOptions options,
                               Handlers handlers)
    : channel_(std::move(channel)),
      impl_(std::make_shared<Impl>(channel_, std::move(options), std::move(handlers))) {}

DeliveryClient::~DeliveryClient() { Stop(absl::ZeroDuration()); }

void DeliveryClient::Start() { impl_->Connect(); }
void DeliveryClient::Stop(absl::Duration limit) { impl_->Stop(limit); }
void DeliveryClient::Serve(std::vector<ServedPool> pools) { impl_->Serve(std::move(pools)); }
void DeliveryClient::Flush() { impl_->Flush(); }

void DeliveryClient::Tell(av::DeliverRequest::ToAgent message) {
  Item item;
  *item.mutable_to_agent() = std::move(message);
  impl_->Add(std::move(item), 0);
}

void DeliveryClient::Answer(ActRef act, const absl::Status& status,
                            std::optional<av::AssignmentConfirmed> confirmed) {
  Item item;
  item.mutable_act_answer()->set_act_id(act.act_id);
  *item.mutable_act_answer()->mutable_status() = ToProto(status);
  if (confirmed) *item.mutable_act_answer()->mutable_assignment_confirmed() = *std::move(confirmed);
  impl_->Add(std::move(item), act.stream);
}

}  // namespace muster::matcher
