// The running pools, for tests of MatcherService: a real engine and statistics for each pool, and
// operations that are remembered and answered as the test says.
//
// Threading: thread-safe; answers come from within the call.
//
//   FakeOperations operations;
//   operations.Serve("bank");
//   operations.With("bank", [&](FakePool& pool) { pool.engine.Apply(...); });
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "services/matcher/core/operations.h"
#include "services/matcher/domain/statistics.h"
#include "services/matcher/engine/engine.h"

namespace muster::matcher {

struct FakePool {
  engine::Engine engine{{.epoch = 3}};
  engine::Effects effects;
  PoolStatistics statistics;
  std::map<std::string, QueueFacts> queues;
  absl::Time now;
  std::map<std::string, absl::Time> receive_times;  // by offer id
  tape::Recorder tape{{"bank", "test", {.epoch = 3}}, 1 << 20};
};

class FakeOperations final : public PoolOperations {
 public:
  void Serve(const std::string& pool_id) {
    std::lock_guard lock(mutex_);
    pools_[pool_id] = std::make_unique<FakePool>();
  }
  void Drop(const std::string& pool_id) {
    std::lock_guard lock(mutex_);
    pools_.erase(pool_id);
  }
  void With(const std::string& pool_id, const std::function<void(FakePool&)>& change) {
    std::lock_guard lock(mutex_);
    change(*pools_.at(pool_id));
  }
  // What Requeue and Transfer answer from now on, and how often they were asked.
  void AnswerWith(absl::StatusOr<OperationResult> answer) {
    std::lock_guard lock(mutex_);
    answer_ = std::move(answer);
  }
  std::vector<RequeueOperation> requeued() const {
    std::lock_guard lock(mutex_);
    return requeued_;
  }
  std::vector<TransferOperation> transferred() const {
    std::lock_guard lock(mutex_);
    return transferred_;
  }

  void Requeue(RequeueOperation operation, Done<OperationResult> done) override {
    absl::StatusOr<OperationResult> answer = Ask(operation, requeued_);
    done(std::move(answer));
  }
  void Transfer(TransferOperation operation, Done<OperationResult> done) override {
    absl::StatusOr<OperationResult> answer = Ask(operation, transferred_);
    done(std::move(answer));
  }
  void PendingOffers(OfferFilter filter, Done<std::vector<PendingOffer>> done) override {
    absl::StatusOr<std::vector<PendingOffer>> answer = std::vector<PendingOffer>();
    {
      std::lock_guard lock(mutex_);
      auto it = pools_.find(filter.pool_id);
      if (it == pools_.end()) {
        answer = NotServed();
      } else {
        *answer = Pending(filter, *it->second);
      }
    }
    done(std::move(answer));
  }
  void Inspect(std::string pool_id, Done<PoolView> done) override {
    std::unique_lock lock(mutex_);
    auto it = pools_.find(pool_id);
    if (it == pools_.end()) {
      lock.unlock();
      return done(NotServed());
    }
    // As the sequencer would have it: nothing changes while `done` looks.
    FakePool& pool = *it->second;
    done(PoolView{pool.now, pool.engine, pool.statistics, pool.queues});
  }
  void ReadTape(std::string pool_id, uint64_t from, Done<TapeView> done) override {
    absl::StatusOr<TapeView> answer = NotServed();
    {
      std::lock_guard lock(mutex_);
      if (auto it = pools_.find(pool_id); it != pools_.end()) {
        answer = TapeView{it->second->tape.head(), it->second->tape.Read(from)};
      }
    }
    done(std::move(answer));
  }
  std::vector<std::string> Pools() const override {
    std::lock_guard lock(mutex_);
    std::vector<std::string> ids;
    for (const auto& [pool_id, pool] : pools_) ids.push_back(pool_id);
    return ids;
  }

  std::optional<std::string> AddressOf(const std::string& pool_id) const override {
    std::lock_guard lock(mutex_);
    auto it = elsewhere_.find(pool_id);
    if (it == elsewhere_.end()) return std::nullopt;
    return it->second;
  }
  MatcherList Matchers() const override {
    std::lock_guard lock(mutex_);
    return matchers_;
  }
  // The pool is held by the matcher at this address; empty: by no other.
  void ServedAt(const std::string& pool_id, const std::string& address) {
    std::lock_guard lock(mutex_);
    if (address.empty()) {
      elsewhere_.erase(pool_id);
    } else {
      elsewhere_[pool_id] = address;
    }
  }
  void AreThere(MatcherList matchers) {
    std::lock_guard lock(mutex_);
    matchers_ = std::move(matchers);
  }

 private:
  static absl::Status NotServed() {
    return Unavailable("POOL_NOT_SERVED", "no matcher serves this pool");
  }

  template <class Operation>
  absl::StatusOr<OperationResult> Ask(const Operation& operation, std::vector<Operation>& asked) {
    std::lock_guard lock(mutex_);
    if (!pools_.contains(operation.pool_id)) return NotServed();
    asked.push_back(operation);
    return answer_;
  }

  static std::vector<PendingOffer> Pending(const OfferFilter& filter, const FakePool& pool) {
    std::vector<PendingOffer> offers;
    std::vector<engine::OfferView> views = pool.engine.PendingOffers();
    for (auto view = views.rbegin(); view != views.rend(); ++view) {
      if (!filter.agent_id.empty() && filter.agent_id != view->agent_id) continue;
      if (!filter.ticket_id.empty() && filter.ticket_id != view->ticket_id) continue;
      PendingOffer offer;
      offer.offer_id =
          absl::StrCat(filter.pool_id, "/", view->offer.epoch, "/", view->offer.number);
      offer.view = *view;
      offer.waited = absl::Seconds(7);
      auto received = pool.receive_times.find(offer.offer_id);
      if (received != pool.receive_times.end()) offer.receive_time = received->second;
      offers.push_back(std::move(offer));
    }
    return offers;
  }

  // Recursive: a look may lead to another one from within.
  mutable std::recursive_mutex mutex_;
  std::map<std::string, std::unique_ptr<FakePool>> pools_;
  std::map<std::string, std::string> elsewhere_;
  MatcherList matchers_;
  absl::StatusOr<OperationResult> answer_ = OperationResult{};
  std::vector<RequeueOperation> requeued_;
  std::vector<TransferOperation> transferred_;
};

}  // namespace muster::matcher
