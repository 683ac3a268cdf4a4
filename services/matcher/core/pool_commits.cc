// PoolRunner: what goes on record, in order.
//
// Only so many mutations are with the store at a time; the others are parked here, where their
// number can be seen and matching closed because of it. The store refuses at once when it is full:
// then the mutation is parked first again, so the order holds.
#include <utility>

#include "common/base/errors.h"
#include "common/obs/log.h"
#include "services/matcher/core/pool_runner.h"

namespace muster::matcher {

namespace {

// Whether decisions can ride along with it.
bool CarriesDecisions(const Mutation& mutation) {
  return std::visit(
      [](const auto& m) {
        return requires { m.decisions; };
      },
      mutation);
}

void SetDecisions(Mutation& mutation, std::vector<DecisionRecord> decisions) {
  std::visit(
      [&](auto& m) {
        if constexpr (requires { m.decisions; }) m.decisions = std::move(decisions);
      },
      mutation);
}

}  // namespace

void PoolRunner::Commit(const std::string& work_id, Mutation mutation, Committed committed) {
  // Not while the store is behind: there the log forgets, rather than making it worse.
  if (parked_.empty() && decisions_.held() > 0 && CarriesDecisions(mutation)) {
    SetDecisions(mutation, decisions_.Take());
  }
  uint64_t number = ++last_commit_;
  ++unsettled_[work_id].commits;
  commits_.emplace(number, InFlight{work_id, std::move(committed)});
  parts_.metrics.uncommitted.Increment();
  parked_.push_back({number, std::move(mutation)});
  SubmitParked();
}

// Nothing else has been committed for a while.
void PoolRunner::CommitDecisions() {
  if (!parked_.empty()) return decisions_.Delay(now_);
  if (decisions_.held() == 0) return;
  Commit("decisions", RecordDecisions{hold(), {}}, [](const absl::StatusOr<Outcome>&) {});
  decisions_.Delay(now_);  // if there were more than go at once
}

void PoolRunner::SubmitParked() {
  while (!parked_.empty() && submitted_ < options_.max_in_flight) {
    Parked& next = parked_.front();
    if (!TrySubmit(next.mutation, next.number)) {
      retry_at_ = std::min(retry_at_, now_ + options_.retry);
      return;
    }
    ++submitted_;
    parked_.pop_front();
  }
}

// False if the store refused it at once, which it says from within Submit.
bool PoolRunner::TrySubmit(const Mutation& mutation, uint64_t number) {
  struct Entry {
    bool inside = true;
    bool refused = false;
  };
  auto entry = std::make_shared<Entry>();
  auto thread = std::this_thread::get_id();
  // No deadline: it is true already, and is tried until the records have it or the pool is lost.
  parts_.store.Submit(mutation, absl::InfiniteFuture(),
                      [weak = weak_from_this(), &sequencer = parts_.sequencer, entry, thread,
                       number](absl::StatusOr<Outcome> outcome) mutable {
                        if (thread == std::this_thread::get_id() && entry->inside &&
                            absl::IsResourceExhausted(outcome.status())) {
                          entry->refused = true;
                          return;
                        }
                        sequencer.Post([weak, number, outcome = std::move(outcome)]() mutable {
                          if (auto self = weak.lock()) self->OnOutcome(number, std::move(outcome));
                        });
                      });
  entry->inside = false;
  return !entry->refused;
}

void PoolRunner::OnOutcome(uint64_t number, absl::StatusOr<Outcome> outcome) {
  if (stopped_) return;
  if (ErrorReason(outcome.status()) == "EPOCH_LOST") return Lose(outcome.status());
  Begin(parts_.clock.Now());
  auto it = commits_.find(number);
  if (it == commits_.end()) return;
  InFlight commit = std::move(it->second);
  commits_.erase(it);
  --submitted_;
  parts_.metrics.uncommitted.Decrement();
  (outcome.ok() ? parts_.metrics.commits : parts_.metrics.commit_failures).Increment();
  if (!outcome.ok()) {
    Log(Severity::kError)
        .Msg("the records refuse what has happened")
        .With("pool_id", options_.pool_id)
        .With("subject", commit.work_id)
        .Error(outcome.status());
  }
  commit.committed(outcome);

  auto unsettled = unsettled_.find(commit.work_id);
  if (--unsettled->second.commits == 0) {
    std::vector<Sequencer::Closure> waiting = std::move(unsettled->second.waiting);
    unsettled_.erase(unsettled);
    for (Sequencer::Closure& closure : waiting) closure();
  }
  SubmitParked();
}

void PoolRunner::WhenSettled(const std::string& work_id, Sequencer::Closure then) {
  auto it = unsettled_.find(work_id);
  if (it == unsettled_.end()) return then();
  it->second.waiting.push_back(std::move(then));
}

void PoolRunner::Lose(const absl::Status& why) {
  Log(Severity::kError)
      .Msg("another matcher has taken the pool; stopping it here")
      .With("pool_id", options_.pool_id)
      .With("epoch", options_.epoch)
      .Error(why);
  std::function<void(const absl::Status&)> on_lost = parts_.on_lost;
  Stop(Unavailable("POOL_NOT_SERVED", "another matcher serves this pool now"));
  on_lost(why);
}

}  // namespace muster::matcher
