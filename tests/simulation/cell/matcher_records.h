// A matcher's committer before the records that all matchers share: batches one after the other,
// tried again while the database is away, on their way whatever becomes of the process.
//
// Threading: one thread.
#pragma once

#include <deque>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/base/errors.h"
#include "services/matcher/storage/fake_store.h"
#include "tests/simulation/cell/network.h"

namespace muster::cell {

struct MatcherFaults {
  const bool& database_up;
  // Planted bugs.
  bool no_fence = false;            // a former owner's writes are taken
  bool lost_ack = false;            // now and then a write is answered and not done
  bool forgotten_takeover = false;  // what is on record is not read
};

struct RecordsParts {
  Timeline& timeline;
  Chance& chance;
  Host& host;
  matcher::FakeStore& shared;
};

class Records final : public matcher::FakeStore, public matcher::LeaseStore {
 public:
  Records(RecordsParts parts, MatcherFaults faults) : parts_(parts), faults_(faults) {}

  // ---- Store
  matcher::FakeLeases& leases() override { return parts_.shared.leases(); }
  void Submit(matcher::Mutation mutation, absl::Time, Done<matcher::Outcome> done) override {
    queue_.push_back(
        {std::move(mutation), std::make_shared<Done<matcher::Outcome>>(std::move(done))});
    if (!std::exchange(busy_, true)) Next();
  }
  void LoadLiveAssignments(std::string pool_id, absl::Time by,
                           Done<std::vector<matcher::Assignment>> done) override {
    if (faults_.forgotten_takeover) return done(std::vector<matcher::Assignment>{});
    parts_.shared.LoadLiveAssignments(std::move(pool_id), by, std::move(done));
  }
  void FindLatestAssignments(std::string pool_id, std::vector<std::string> ids, absl::Time by,
                             Done<std::vector<matcher::Assignment>> done) override {
    if (faults_.forgotten_takeover) return done(std::vector<matcher::Assignment>{});
    parts_.shared.FindLatestAssignments(std::move(pool_id), std::move(ids), by, std::move(done));
  }
  void FindMoves(std::string pool_id, std::vector<std::string> ids, absl::Time by,
                 Done<std::vector<matcher::TicketMove>> done) override {
    parts_.shared.FindMoves(std::move(pool_id), std::move(ids), by, std::move(done));
  }
  void GetAssignment(std::string id, absl::Time by, Done<matcher::Assignment> done) override {
    parts_.shared.GetAssignment(std::move(id), by, std::move(done));
  }

  // ---- LeaseStore, as this process reaches it
  absl::Status Join(const matcher::Member& me, absl::Duration lease, absl::Time by) override {
    return Reached() ? parts_.shared.leases().Join(me, lease, by) : Away();
  }
  absl::StatusOr<matcher::Membership> Renew(const matcher::Member& me, absl::Duration lease,
                                            absl::Time by) override {
    if (!Reached()) return Away();
    return parts_.shared.leases().Renew(me, lease, by);
  }
  absl::StatusOr<std::vector<matcher::Hold>> Take(const std::string& id,
                                                  const std::vector<std::string>& pools,
                                                  absl::Time by) override {
    if (!Reached()) return Away();
    return parts_.shared.leases().Take(id, pools, by);
  }
  absl::Status Release(const std::string& id, const std::vector<matcher::Hold>& holds,
                       absl::Time by) override {
    return Reached() ? parts_.shared.leases().Release(id, holds, by) : Away();
  }
  absl::Status Leave(const std::string& id, absl::Time by) override {
    return Reached() ? parts_.shared.leases().Leave(id, by) : Away();
  }

 private:
  static constexpr absl::Duration kLeastCommit = absl::Microseconds(300);
  static constexpr absl::Duration kMostCommit = absl::Milliseconds(6);
  static constexpr absl::Duration kRetry = absl::Milliseconds(30);
  static constexpr double kDoubt = 0.03, kLostAck = 0.03, kHeldUp = 0.5;

  struct Entry {
    matcher::Mutation mutation;
    std::shared_ptr<Done<matcher::Outcome>> done;
  };

  bool Reached() const { return faults_.database_up; }
  static absl::Status Away() { return Unavailable("DATABASE_UNAVAILABLE", "no database"); }

  // The batch is on its way: it arrives whatever becomes of this process; if it is stopped or gone,
  // perhaps a good while later.
  void Next() {
    auto batch = std::make_shared<std::vector<Entry>>(std::make_move_iterator(queue_.begin()),
                                                      std::make_move_iterator(queue_.end()));
    queue_.clear();
    Try(batch, parts_.chance.Between(kLeastCommit, kMostCommit, parts_.host.name()),
        parts_.host.life(), /*held_up=*/false);
  }
  void Try(const std::shared_ptr<std::vector<Entry>>& batch, absl::Duration wait, uint64_t life,
           bool held_up) {
    parts_.timeline.After(wait, [this, parts = parts_, faults = faults_, batch, life, held_up] {
      const bool here = life == parts.host.life();
      const bool away = !here || parts.host.stopped();
      if (!faults.database_up) {
        if (here) Try(batch, kRetry, life, held_up);
        return;
      }
      if (away && !held_up && parts.chance.Happens(kHeldUp, "held up")) {
        return Later(this, parts, faults, batch, life);
      }
      Arrive(this, parts, faults, batch, life);
    });
  }
  // `self` may be gone by then: it is there as long as this life is.
  static void Later(Records* self, const RecordsParts& parts, const MatcherFaults& faults,
                    const std::shared_ptr<std::vector<Entry>>& batch, uint64_t life) {
    parts.timeline.After(
        parts.chance.Between(absl::Seconds(1), absl::Seconds(4), "held up"),
        [self, parts, faults, batch, life] { Arrive(self, parts, faults, batch, life); });
  }
  static void Arrive(Records* self, const RecordsParts& parts, const MatcherFaults& faults,
                     const std::shared_ptr<std::vector<Entry>>& batch, uint64_t life) {
    std::vector<absl::StatusOr<matcher::Outcome>> outcomes;
    for (Entry& entry : *batch) outcomes.push_back(Apply(parts, faults, entry));
    if (life != parts.host.life()) return;
    parts.host.Run([self, batch, outcomes = std::move(outcomes)]() mutable {
      for (size_t i = 0; i < batch->size(); ++i) (*(*batch)[i].done)(std::move(outcomes[i]));
      self->busy_ = !self->queue_.empty();
      if (self->busy_) self->Next();
    });
  }
  static absl::StatusOr<matcher::Outcome> Apply(const RecordsParts& parts,
                                                const MatcherFaults& faults, const Entry& entry) {
    matcher::Mutation mutation = entry.mutation;
    if (faults.lost_ack && !std::holds_alternative<matcher::RecordDecisions>(mutation) &&
        parts.chance.Happens(kLostAck, "lost ack")) {
      matcher::Outcome done;
      if (const auto* record = std::get_if<matcher::RecordAssignment>(&mutation)) {
        done = matcher::OutcomeOf(record->assignment);
      }
      return done;
    }
    if (faults.no_fence) {
      std::visit([&](auto& m) { m.hold.epoch = EpochNow(parts.shared, m.hold); }, mutation);
    }
    const auto once = [&] {
      absl::StatusOr<matcher::Outcome> outcome = absl::UnknownError("");
      parts.shared.Submit(mutation, absl::InfiniteFuture(),
                          [&](absl::StatusOr<matcher::Outcome> o) { outcome = std::move(o); });
      return outcome;
    };
    absl::StatusOr<matcher::Outcome> outcome = once();
    // In doubt: tried again, as the committer does.
    if (parts.chance.Happens(kDoubt, "matcher doubts")) outcome = once();
    return outcome;
  }
  static int64_t EpochNow(matcher::FakeStore& shared, matcher::Hold hold) {
    while (!shared.leases().Holds(hold) && hold.epoch < 1'000) ++hold.epoch;
    return hold.epoch;
  }

  const RecordsParts parts_;
  const MatcherFaults faults_;
  std::deque<Entry> queue_;
  bool busy_ = false;
};

}  // namespace muster::cell
