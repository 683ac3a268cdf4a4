#include "services/matcher/wire/progress_sender.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <utility>

#include "common/base/errors.h"
#include "common/obs/log.h"
#include "common/rpc/call_context.h"
#include "common/rpc/status_convert.h"
#include "muster/intake/v1/intake.grpc.pb.h"
#include "services/matcher/wire/retry_timer.h"

namespace muster::matcher {

namespace in = intake::v1;

class ProgressSender::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(const std::shared_ptr<grpc::Channel>& channel, ProgressOptions options, Answered answered)
      : stub_(in::IntakeService::NewStub(channel)),
        options_(options),
        answered_(std::move(answered)) {}

  void Send(const std::string& pool_id, in::ProgressEntry entry);
  void Flush(const std::string& pool_id);
  size_t Backlog(const std::string& pool_id) const;
  void Forget(const std::string& pool_id);
  void Stop();

 private:
  // One RecordProgress under way.
  struct Call {
    grpc::ClientContext context;
    in::RecordProgressRequest request;
    in::RecordProgressResponse response;
  };
  struct Pool {
    Pool(const std::string& id, const BackoffOptions& backoff)
        : pool_id(id), backoff(backoff, RandomSeed()) {}
    const std::string pool_id;
    std::deque<in::ProgressEntry> queue;  // the batch under way included, at its front
    std::unique_ptr<Call> call;
    bool waiting = false;                             // for the timer
    std::chrono::steady_clock::time_point next_call;  // not before
    size_t batch_limit = 0;                           // 0: as the options say
    Backoff backoff;
    RetryTimer timer;
    bool complained = false;
  };
  using PoolPtr = std::shared_ptr<Pool>;

  PoolPtr Find(const std::string& pool_id) const;
  void Begin(const PoolPtr& pool);
  void OnAnswer(const PoolPtr& pool, absl::Status status);
  std::vector<ProgressAnswer> TakeAnswersLocked(Pool& pool, const Call& call);
  void RetryLocked(const PoolPtr& pool, const absl::Status& status);
  void WaitLocked(const PoolPtr& pool, absl::Duration wait);
  bool PassOverLocked(Pool& pool, const absl::Status& status);

  std::unique_ptr<in::IntakeService::Stub> stub_;  // until it is stopped
  const ProgressOptions options_;
  const Answered answered_;
  mutable std::mutex mutex_;
  std::condition_variable idle_;
  std::map<std::string, PoolPtr> pools_;
  int calls_ = 0;
  bool stopping_ = false;
};

void ProgressSender::Impl::Send(const std::string& pool_id, in::ProgressEntry entry) {
  std::lock_guard lock(mutex_);
  if (stopping_) return;
  PoolPtr& pool = pools_[pool_id];
  if (!pool) pool = std::make_shared<Pool>(pool_id, options_.backoff);
  pool->queue.push_back(std::move(entry));
}

ProgressSender::Impl::PoolPtr ProgressSender::Impl::Find(const std::string& pool_id) const {
  auto it = pools_.find(pool_id);
  return it == pools_.end() ? nullptr : it->second;
}

size_t ProgressSender::Impl::Backlog(const std::string& pool_id) const {
  std::lock_guard lock(mutex_);
  PoolPtr pool = Find(pool_id);
  return pool ? pool->queue.size() : 0;
}

void ProgressSender::Impl::Forget(const std::string& pool_id) {
  std::lock_guard lock(mutex_);
  if (PoolPtr pool = Find(pool_id)) {
    pool->queue.clear();
    if (pool->call) pool->call->context.TryCancel();
  }
  pools_.erase(pool_id);
}

void ProgressSender::Impl::Stop() {
  std::unique_lock lock(mutex_);
  stopping_ = true;
  for (auto& [id, pool] : pools_) {
    pool->timer.Cancel();
    pool->queue.clear();
    if (pool->call) pool->call->context.TryCancel();
  }
  idle_.wait(lock, [this] { return calls_ == 0; });
  stub_.reset();
}

void ProgressSender::Impl::Flush(const std::string& pool_id) {
  PoolPtr pool;
  {
    std::lock_guard lock(mutex_);
    pool = Find(pool_id);
  }
  if (pool) Begin(pool);
}

void ProgressSender::Impl::Begin(const PoolPtr& pool) {
  Call* call = nullptr;
  {
    std::lock_guard lock(mutex_);
    if (stopping_ || pool->call || pool->waiting || pool->queue.empty()) return;
    const auto now = std::chrono::steady_clock::now();
    if (now < pool->next_call) return WaitLocked(pool, absl::FromChrono(pool->next_call - now));
    pool->next_call = now + absl::ToChronoMicroseconds(options_.pace);
    size_t limit = pool->batch_limit > 0 ? pool->batch_limit : options_.max_batch;
    size_t count = std::min(pool->queue.size(), limit);
    pool->call = std::make_unique<Call>();
    call = pool->call.get();
    call->request.set_pool_id(pool->pool_id);
    for (size_t i = 0; i < count; ++i) *call->request.add_entries() = pool->queue[i];
    ++calls_;
  }
  muster::Begin(options_.timeout, &call->context);
  stub_->async()->RecordProgress(&call->context, &call->request, &call->response,
                                 [self = shared_from_this(), pool](const grpc::Status& status) {
                                   self->OnAnswer(pool, FromGrpc(status));
                                 });
}

void ProgressSender::Impl::OnAnswer(const PoolPtr& pool, absl::Status status) {
  const Call* call = pool->call.get();  // stands until this lets go of it
  if (status.ok() && call->response.answers_size() != call->request.entries_size()) {
    status = Internal("BAD_ANSWER", "intake answered another number of entries than it was told");
  }
  std::vector<ProgressAnswer> answers;
  bool retry = false;
  bool stopping = false;
  {
    std::lock_guard lock(mutex_);
    stopping = stopping_;
    if (status.ok()) {
      answers = TakeAnswersLocked(*pool, *call);
    } else if (!stopping) {
      retry = !PassOverLocked(*pool, status);
    }
  }
  if (!answers.empty() && !stopping) answered_(pool->pool_id, std::move(answers));
  {
    std::lock_guard lock(mutex_);
    pool->call.reset();
    if (retry) RetryLocked(pool, status);
    if (--calls_ == 0) idle_.notify_all();
  }
  if (!retry) Begin(pool);
}

std::vector<ProgressAnswer> ProgressSender::Impl::TakeAnswersLocked(Pool& pool, const Call& call) {
  if (pool.complained) {
    Log(Severity::kInfo).Msg("intake takes progress again").With("pool_id", pool.pool_id);
  }
  pool.complained = false;
  pool.backoff.Reset();
  pool.batch_limit = 0;
  std::vector<ProgressAnswer> answers;
  for (int i = 0; i < call.request.entries_size(); ++i) {
    const in::ProgressEntry& entry = call.request.entries(i);
    const auto& answer = call.response.answers(i);
    answers.push_back(
        {entry.ticket_id(), entry.progress_revision(), answer.outcome(), answer.state()});
    if (!pool.queue.empty()) pool.queue.pop_front();
  }
  return answers;
}

// Whether something was dropped, so that it is worth to go on at once.
bool ProgressSender::Impl::PassOverLocked(Pool& pool, const absl::Status& status) {
  if (!absl::IsInvalidArgument(status) || pool.queue.empty()) return false;
  if (pool.call->request.entries_size() > 1) {
    pool.batch_limit = 1;
    return true;
  }
  Log(Severity::kError)
      .Msg("intake calls progress invalid; passed over")
      .With("pool_id", pool.pool_id)
      .With("ticket_id", pool.queue.front().ticket_id())
      .Error(status);
  pool.queue.pop_front();
  return true;
}

void ProgressSender::Impl::RetryLocked(const PoolPtr& pool, const absl::Status& status) {
  if (stopping_) return;
  if (!pool->complained) {
    Log(Severity::kWarning)
        .Msg("intake does not take progress; trying again")
        .With("pool_id", pool->pool_id)
        .With("entries", pool->queue.size())
        .Error(status);
  }
  pool->complained = true;
  WaitLocked(pool, pool->backoff.Next());
}

void ProgressSender::Impl::WaitLocked(const PoolPtr& pool, absl::Duration wait) {
  pool->waiting = true;
  // Weak: an alarm keeps its callback after it has fired, and the pool owns the alarm.
  pool->timer.Start(wait, [weak = weak_from_this(), weak_pool = std::weak_ptr<Pool>(pool)] {
    auto self = weak.lock();
    PoolPtr pool = weak_pool.lock();
    if (!self || !pool) return;
    {
      std::lock_guard lock(self->mutex_);
      pool->waiting = false;
    }
    self->Begin(pool);
  });
}

ProgressSender::ProgressSender(std::shared_ptr<grpc::Channel> channel, ProgressOptions options,
                               Answered answered)
    : impl_(std::make_shared<Impl>(std::move(channel), options, std::move(answered))) {}

ProgressSender::~ProgressSender() { Stop(); }

void ProgressSender::Send(const std::string& pool_id, in::ProgressEntry entry) {
  impl_->Send(pool_id, std::move(entry));
}
void ProgressSender::Flush(const std::string& pool_id) { impl_->Flush(pool_id); }
size_t ProgressSender::Backlog(const std::string& pool_id) const { return impl_->Backlog(pool_id); }
void ProgressSender::Forget(const std::string& pool_id) { impl_->Forget(pool_id); }
void ProgressSender::Stop() { impl_->Stop(); }

}  // namespace muster::matcher
