#include "services/matcher/core/sequencer.h"

namespace muster::matcher {

Sequencer::Sequencer(SequencerOptions options, const Clock& clock)
    : options_(options), clock_(clock) {}

Sequencer::~Sequencer() { Stop(); }

void Sequencer::Start() {
  thread_ = std::thread([this] { Run(); });
}

void Sequencer::Stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  ready_.notify_all();
  if (thread_.joinable()) thread_.join();
}

bool Sequencer::TryPost(Closure closure) {
  {
    std::lock_guard lock(mutex_);
    if (stopping_ || queue_.size() >= options_.max_queued) return false;
    queue_.push_back(std::move(closure));
  }
  ready_.notify_one();
  return true;
}

void Sequencer::Post(Closure closure) {
  {
    std::lock_guard lock(mutex_);
    if (stopping_) return;
    queue_.push_back(std::move(closure));
  }
  ready_.notify_one();
}

size_t Sequencer::queued() const {
  std::lock_guard lock(mutex_);
  return queue_.size();
}

void Sequencer::Forget(Task* task) {
  touched_.erase(task);
  if (auto it = wakeups_.find(task); it != wakeups_.end()) {
    timers_.erase({it->second, task});
    wakeups_.erase(it);
  }
}

size_t Sequencer::RunPending() {
  Batch batch;
  {
    std::lock_guard lock(mutex_);
    batch.swap(queue_);
  }
  return Round(std::move(batch));
}

void Sequencer::Run() {
  while (true) {
    Batch batch;
    {
      absl::Time next = NextTimer();
      std::unique_lock lock(mutex_);
      auto something = [this] { return stopping_ || !queue_.empty(); };
      if (next == absl::InfiniteFuture()) {
        ready_.wait(lock, something);
      } else {
        absl::Duration wait = next - clock_.Now();
        ready_.wait_for(lock, absl::ToChronoNanoseconds(wait), something);
      }
      batch.swap(queue_);
      if (batch.empty() && stopping_) return;
    }
    Round(std::move(batch));
  }
}

size_t Sequencer::Round(Batch batch) {
  for (Closure& closure : batch) {
    closure();
    closure = nullptr;  // what it holds is freed in order, not at the end of a long round
  }
  size_t done = batch.size();
  absl::Time now = clock_.Now();
  while (!timers_.empty() && timers_.begin()->first <= now) {
    Task* task = timers_.begin()->second;
    Forget(task);
    task->Wake(now);
    Touch(task);
    ++done;
  }
  // A flush may touch tasks again: only they are looked at once more.
  while (!touched_.empty()) {
    std::set<Task*> touched;
    touched.swap(touched_);
    for (Task* task : touched) {
      task->Flush();
      Schedule(task);
    }
  }
  return done;
}

void Sequencer::Schedule(Task* task) {
  absl::Time next = task->NextWakeup();
  auto [it, added] = wakeups_.emplace(task, next);
  if (!added) {
    timers_.erase({it->second, task});
    it->second = next;
  }
  if (next == absl::InfiniteFuture()) {
    wakeups_.erase(it);
  } else {
    timers_.insert({next, task});
  }
}

absl::Time Sequencer::NextTimer() const {
  return timers_.empty() ? absl::InfiniteFuture() : timers_.begin()->first;
}

}  // namespace muster::matcher
