#include "services/matcher/storage/batch.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "common/base/errors.h"
#include "common/db/request_log.h"
#include "services/matcher/storage/rules.h"
#include "services/matcher/storage/writes.h"

namespace muster::matcher {
namespace {

constexpr char kSchema[] = "matcher";
// Requests past their time go when new ones come: as many at most with each batch that has some.
constexpr int kRequestsForgottenAtOnce = 200;

const Hold& HoldOf(const Mutation& mutation) {
  return std::visit([](const auto& m) -> const Hold& { return m.hold; }, mutation);
}

class Batch {
 public:
  using Outcomes = std::vector<absl::StatusOr<Outcome>>;

  Batch(pqxx::work& tx, absl::Span<const Mutation> batch, Outcomes& outcomes)
      : tx_(tx), batch_(batch), outcomes_(outcomes) {}

  void Add(size_t index) { live_.push_back(index); }

  void Apply() {
    if (live_.empty()) return;
    DropLostHolds();
    AnswerRepeatedRequests();
    ApplyWaves();
    ApplyCustomersLeft();
    ApplyOffers();
    ApplyMoves();
    ApplyDecisions();
    for (auto [index, first] : repeats_) {
      outcomes_[index] = outcomes_[first];
      if (outcomes_[index].ok()) outcomes_[index]->repeated = true;
    }
  }

 private:
  template <class T>
  const T& At(size_t index) const {
    return std::get<T>(batch_[index]);
  }
  template <class T>
  const T* If(size_t index) const {
    return std::get_if<T>(&batch_[index]);
  }

  void DropLostHolds() {
    std::set<std::string> pools;
    for (size_t i : live_) pools.insert(HoldOf(batch_[i]).pool_id);
    std::map<std::string, int64_t> epochs = LockEpochs(tx_, pools);
    std::erase_if(live_, [&](size_t i) {
      const Hold& hold = HoldOf(batch_[i]);
      auto it = epochs.find(hold.pool_id);
      if (it != epochs.end() && it->second == hold.epoch) return false;
      outcomes_[i] = EpochLost(hold.pool_id);
      return true;
    });
  }

  void AnswerRepeatedRequests() {
    std::vector<size_t> asking;
    std::vector<RequestKey> keys;
    for (size_t i : live_) {
      const auto* move = If<RecordMove>(i);
      if (move == nullptr || move->request_id.empty()) continue;
      asking.push_back(i);
      keys.push_back({move->request_id, move->fingerprint});
    }
    if (keys.empty()) return;
    std::vector<RequestVerdict> verdicts = LookUp(tx_, kSchema, keys);
    for (size_t k = 0; k < verdicts.size(); ++k) {
      size_t i = asking[k];
      switch (verdicts[k].kind) {
        case RequestVerdict::kNew:
          continue;
        case RequestVerdict::kAnswered:
          outcomes_[i] = FirstAnswer(verdicts[k].answer);
          break;
        case RequestVerdict::kReused:
          outcomes_[i] = RequestIdReused();
          break;
        case RequestVerdict::kRepeat:
          repeats_.emplace_back(i, asking[verdicts[k].first]);
          break;
      }
      std::erase(live_, i);
    }
  }

  Outcome FirstAnswer(const std::string& ended_assignment_id) {
    Outcome outcome{.repeated = true};
    if (ended_assignment_id.empty()) return outcome;
    auto found = FindRecorded(tx_, {ended_assignment_id});
    if (!found.empty()) outcome.assignment = found.begin()->second.assignment;
    return outcome;
  }

  static std::optional<Step> StepOf(const Mutation& mutation) {
    if (const auto* m = std::get_if<RecordAssignment>(&mutation)) {
      return Step{Phase::kAssign, m->hold.pool_id, m->assignment.ticket_id};
    }
    if (const auto* m = std::get_if<StartWrapUp>(&mutation)) {
      return Step{Phase::kWrapUp, m->hold.pool_id, m->ticket_id};
    }
    if (const auto* m = std::get_if<EndAssignment>(&mutation)) {
      return Step{Phase::kEnd, m->hold.pool_id, m->ticket_id};
    }
    const auto* move = std::get_if<RecordMove>(&mutation);
    if (move != nullptr && !move->move.ended_assignment_id.empty()) {
      return Step{Phase::kEnd, move->hold.pool_id, move->move.ticket_id};
    }
    return std::nullopt;
  }

  void ApplyWaves() {
    std::vector<Step> steps;
    std::vector<size_t> indices;
    for (size_t i : live_) {
      if (std::optional<Step> step = StepOf(batch_[i])) {
        steps.push_back(*step);
        indices.push_back(i);
      }
    }
    std::vector<int> waves = PlanWaves(steps);
    int last = waves.empty() ? -1 : *std::max_element(waves.begin(), waves.end());
    for (int wave = 0; wave <= last; ++wave) {
      std::map<Phase, std::vector<size_t>> phases;
      for (size_t s = 0; s < steps.size(); ++s) {
        if (waves[s] == wave) phases[steps[s].phase].push_back(indices[s]);
      }
      ApplyEnds(phases[Phase::kEnd]);
      ApplyWrapUps(phases[Phase::kWrapUp]);
      ApplyAssignments(phases[Phase::kAssign]);
    }
  }

  void ApplyEnds(const std::vector<size_t>& indices) {
    if (indices.empty()) return;
    std::vector<EndAssignment> ends;
    for (size_t i : indices) {
      const auto* move = If<RecordMove>(i);
      ends.push_back(move != nullptr ? *EndOf(*move) : At<EndAssignment>(i));
    }
    std::map<std::string, Assignment> done = MoveToEnded(tx_, ends);
    Settle(indices, done, [&](size_t n, const Found& found) -> absl::StatusOr<Outcome> {
      absl::StatusOr<Outcome> outcome = SettleEnd(ends[n], found);
      if (If<RecordMove>(indices[n]) == nullptr || outcome.ok()) return outcome;
      return TicketNotLive(ends[n].ticket_id);
    });
  }

  void ApplyWrapUps(const std::vector<size_t>& indices) {
    if (indices.empty()) return;
    std::vector<const StartWrapUp*> mutations;
    for (size_t i : indices) mutations.push_back(&At<StartWrapUp>(i));
    std::map<std::string, Assignment> done = UpdateWrapUps(tx_, mutations);
    Settle(indices, done,
           [&](size_t n, const Found& found) { return SettleWrapUp(*mutations[n], found); });
  }

  void ApplyAssignments(const std::vector<size_t>& indices) {
    if (indices.empty()) return;
    std::vector<const RecordAssignment*> mutations;
    for (size_t i : indices) mutations.push_back(&At<RecordAssignment>(i));
    std::map<std::string, Assignment> done;
    std::set<std::string> made = InsertAssignments(tx_, mutations);
    for (const RecordAssignment* m : mutations) {
      if (made.contains(m->assignment.assignment_id)) {
        done.emplace(m->assignment.assignment_id, m->assignment);
      }
    }
    Settle(indices, done,
           [&](size_t n, const Found& found) { return SettleAssign(*mutations[n], found); });
  }

  static std::string AssignmentIdOf(const Mutation& mutation) {
    if (const auto* m = std::get_if<RecordAssignment>(&mutation)) {
      return m->assignment.assignment_id;
    }
    if (const auto* m = std::get_if<StartWrapUp>(&mutation)) return m->assignment_id;
    if (const auto* m = std::get_if<EndAssignment>(&mutation)) return m->assignment_id;
    return std::get<RecordMove>(mutation).move.ended_assignment_id;
  }

  // What was done succeeds; for the others, `why(n, found)` says what it means that it was not.
  template <class Why>
  void Settle(const std::vector<size_t>& indices, const std::map<std::string, Assignment>& done,
              Why why) {
    auto was_done = [&](size_t i) -> const Assignment* {
      auto it = done.find(AssignmentIdOf(batch_[i]));
      if (it == done.end()) return nullptr;
      // Another mutation of the batch may have named the same id.
      return it->second.ticket_id == StepOf(batch_[i])->ticket_id ? &it->second : nullptr;
    };
    std::vector<std::string> missing;
    for (size_t i : indices) {
      if (was_done(i) == nullptr) missing.push_back(AssignmentIdOf(batch_[i]));
    }
    std::map<std::string, Recorded> found = FindRecorded(tx_, missing);
    for (size_t n = 0; n < indices.size(); ++n) {
      size_t i = indices[n];
      if (const Assignment* assignment = was_done(i)) {
        outcomes_[i] = Outcome{.assignment = *assignment};
        continue;
      }
      auto it = found.find(AssignmentIdOf(batch_[i]));
      outcomes_[i] = why(n, it == found.end() ? Found() : Found(it->second));
    }
  }

  // After the waves: what is amended here has been completed before.
  void ApplyCustomersLeft() {
    std::vector<const RecordCustomerLeft*> mutations;
    for (size_t i : live_) {
      if (const auto* left = If<RecordCustomerLeft>(i)) mutations.push_back(left);
    }
    if (mutations.empty()) return;
    const std::map<std::string, Assignment> done = SetCustomersLeft(tx_, mutations);
    for (size_t i : live_) {
      const auto* left = If<RecordCustomerLeft>(i);
      if (left == nullptr) continue;
      Outcome outcome;
      if (auto it = done.find(left->assignment_id); it != done.end()) {
        outcome.assignment = it->second;
      }
      outcomes_[i] = std::move(outcome);
    }
  }

  void ApplyOffers() {
    std::vector<const RecordOfferEnded*> offers;
    for (size_t i : live_) {
      if (const auto* offer = If<RecordOfferEnded>(i)) {
        offers.push_back(offer);
        outcomes_[i] = Outcome{};
      }
    }
    if (!offers.empty()) InsertOffers(tx_, offers);
  }

  void ApplyMoves() {
    std::vector<const RecordMove*> moves;
    std::vector<RequestRecord> records;
    absl::Time newest = absl::InfinitePast();
    for (size_t i : live_) {
      const auto* move = If<RecordMove>(i);
      if (move == nullptr) continue;
      if (move->move.ended_assignment_id.empty()) outcomes_[i] = Outcome{};
      if (!outcomes_[i].ok()) continue;
      moves.push_back(move);
      newest = std::max(newest, move->move.time);
      records.push_back(
          {{move->request_id, move->fingerprint}, move->move.ended_assignment_id, move->move.time});
    }
    if (moves.empty()) return;
    InsertMoves(tx_, moves);
    DeleteRequestsBefore(tx_, kSchema, newest - kRequestMemory, kRequestsForgottenAtOnce);
    muster::Store(tx_, kSchema, records);
  }

  void ApplyDecisions() {
    std::vector<const DecisionRecord*> decisions;
    for (size_t i : live_) {
      std::visit(
          [&](const auto& m) {
            if constexpr (requires { m.decisions; }) {
              for (const DecisionRecord& decision : m.decisions) decisions.push_back(&decision);
            }
          },
          batch_[i]);
      if (If<RecordDecisions>(i) != nullptr) outcomes_[i] = Outcome{};
    }
    if (!decisions.empty()) InsertDecisions(tx_, decisions);
  }

  pqxx::work& tx_;
  const absl::Span<const Mutation> batch_;
  Outcomes& outcomes_;
  std::vector<size_t> live_;                        // indices, in order
  std::vector<std::pair<size_t, size_t>> repeats_;  // and whose outcome they get
};

}  // namespace

std::vector<absl::StatusOr<Outcome>> ApplyBatch(pqxx::work& tx, absl::Span<const Mutation> batch) {
  std::vector<absl::StatusOr<Outcome>> outcomes(
      batch.size(), Internal("NOT_APPLIED", "the mutation was left out of its batch"));
  Batch applied(tx, batch, outcomes);
  for (size_t i = 0; i < batch.size(); ++i) {
    if (absl::Status status = Check(batch[i]); !status.ok()) {
      outcomes[i] = status;
    } else {
      applied.Add(i);
    }
  }
  applied.Apply();
  return outcomes;
}

}  // namespace muster::matcher
