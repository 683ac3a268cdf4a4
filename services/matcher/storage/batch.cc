#include "services/matcher/storage/batch.h"

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "absl/container/flat_hash_set.h"
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

  Batch(WriteTransaction& tx, absl::Span<const Mutation> batch, Outcomes& outcomes)
      : tx_(tx), batch_(batch), outcomes_(outcomes) {}

  void Add(size_t index) { live_.push_back(index); }

  // All in one script, and COMMIT with it; what was not done is found out afterwards. False, and
  // nothing done, if some of it depends on what comes of the rest: moves, and several mutations of
  // one ticket or assignment. Throws pqxx::serialization_failure if a pool is not held as the
  // mutations say.
  bool ApplyAtOnce() {
    if (live_.empty()) return true;
    std::map<std::string, int64_t> epochs;
    absl::flat_hash_set<std::pair<std::string_view, std::string_view>> tickets;
    absl::flat_hash_set<std::string_view> assignments;
    for (size_t i : live_) {
      if (std::optional<Step> step = StepOf(batch_[i])) {
        const bool alone = tickets.emplace(step->pool_id, step->ticket_id).second &&
                           assignments.insert(AssignmentIdOf(batch_[i])).second;
        if (!alone) return false;
      }
      if (If<RecordMove>(i) != nullptr || If<RecordCustomerLeft>(i) != nullptr) return false;
      const Hold& hold = HoldOf(batch_[i]);
      if (epochs.try_emplace(hold.pool_id, hold.epoch).first->second != hold.epoch) return false;
    }
    Script script(tx_);
    ExpectEpochs(script, epochs);
    std::vector<Phases> plan = PlanPhases();
    Wave wave(plan.empty() ? Phases() : std::move(plan.front()));  // there is but one
    AddWave(script, wave);
    AddOffers(script);
    AddDecisions(script);
    script.RunAndCommit();
    SettleWave(wave);
    return true;
  }

  void Apply() {
    if (live_.empty()) return;
    DropLostHolds();
    AnswerRepeatedRequests();
    ApplyWaves();
    ApplyCustomersLeft();
    ApplyMoves();
    for (auto [index, first] : repeats_) {
      outcomes_[index] = outcomes_[first];
      if (outcomes_[index].ok()) outcomes_[index]->repeated = true;
    }
  }

 private:
  using Phases = std::map<Phase, std::vector<size_t>>;

  // The mutations of one phase in one wave, by index, and what came of them.
  template <class T>
  struct Part {
    std::vector<size_t> indices;
    std::vector<T> mutations;
    TouchedById done;
  };
  struct Wave {
    explicit Wave(Phases phases)
        : ends{std::move(phases[Phase::kEnd]), {}, {}},
          wrap_ups{std::move(phases[Phase::kWrapUp]), {}, {}},
          assigns{std::move(phases[Phase::kAssign]), {}, {}} {}

    std::deque<EndAssignment> of_moves;  // that end assignments
    Part<const EndAssignment*> ends;
    Part<const StartWrapUp*> wrap_ups;
    Part<const RecordAssignment*> assigns;
  };

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
    std::map<std::string, int64_t> epochs;
    Script script(tx_);
    LockEpochs(script, pools, &epochs);
    script.Run();
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
    std::vector<RequestVerdict> verdicts;
    Script script(tx_);
    LookUp(script, kSchema, keys, &verdicts);
    script.Run();
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
    Outcome outcome;
    if (ended_assignment_id.empty()) return outcome;
    auto found = Find({ended_assignment_id});
    if (!found.empty()) outcome = OutcomeOf(found.begin()->second.assignment);
    outcome.repeated = true;
    return outcome;
  }

  std::map<std::string, Recorded> Find(const std::vector<std::string>& ids) {
    std::map<std::string, Recorded> found;
    Script script(tx_);
    FindRecorded(script, ids, &found);
    script.Run();
    return found;
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

  // What has an order, wave for wave: of each ticket one mutation a phase at most.
  std::vector<Phases> PlanPhases() {
    std::vector<Step> steps;
    std::vector<size_t> indices;
    for (size_t i : live_) {
      if (std::optional<Step> step = StepOf(batch_[i])) {
        steps.push_back(*step);
        indices.push_back(i);
      }
    }
    std::vector<Phases> phases;
    const std::vector<int> waves = PlanWaves(steps);
    for (size_t s = 0; s < steps.size(); ++s) {
      const size_t wave = static_cast<size_t>(waves[s]);
      if (wave >= phases.size()) phases.resize(wave + 1);
      phases[wave][steps[s].phase].push_back(indices[s]);
    }
    return phases;
  }

  void ApplyWaves() {
    for (Phases& phases : PlanPhases()) {
      // One after the other, since what was not done is found out by what is on record then.
      for (auto& [phase, indices] : phases) {
        Wave wave({{phase, std::move(indices)}});
        Script script(tx_);
        AddWave(script, wave);
        script.Run();
        SettleWave(wave);
      }
    }
    Script script(tx_);
    AddOffers(script);
    AddDecisions(script);
    script.Run();
  }

  void AddWave(Script& script, Wave& wave) {
    for (size_t i : wave.ends.indices) {
      const auto* move = If<RecordMove>(i);
      if (move != nullptr) wave.of_moves.push_back(*EndOf(*move));
      wave.ends.mutations.push_back(move != nullptr ? &wave.of_moves.back()
                                                    : &At<EndAssignment>(i));
    }
    for (size_t i : wave.wrap_ups.indices) wave.wrap_ups.mutations.push_back(&At<StartWrapUp>(i));
    for (size_t i : wave.assigns.indices) {
      wave.assigns.mutations.push_back(&At<RecordAssignment>(i));
    }
    if (!wave.ends.indices.empty()) {
      MoveToEnded(script, wave.ends.mutations, &wave.ends.done);
    }
    if (!wave.wrap_ups.indices.empty()) {
      UpdateWrapUps(script, wave.wrap_ups.mutations, &wave.wrap_ups.done);
    }
    if (!wave.assigns.indices.empty()) {
      InsertAssignments(script, wave.assigns.mutations, &wave.assigns.done);
    }
  }

  void SettleWave(Wave& wave) {
    Settle(wave.ends, [&](size_t n, const Found& found) -> absl::StatusOr<Outcome> {
      absl::StatusOr<Outcome> outcome = SettleEnd(*wave.ends.mutations[n], found);
      if (If<RecordMove>(wave.ends.indices[n]) == nullptr || outcome.ok()) return outcome;
      return TicketNotLive(wave.ends.mutations[n]->ticket_id);
    });
    Settle(wave.wrap_ups, [&](size_t n, const Found& found) {
      return SettleWrapUp(*wave.wrap_ups.mutations[n], found);
    });
    Settle(wave.assigns, [&](size_t n, const Found& found) {
      return SettleAssign(*wave.assigns.mutations[n], found);
    });
  }

  static const std::string& AssignmentIdOf(const Mutation& mutation) {
    if (const auto* m = std::get_if<RecordAssignment>(&mutation)) {
      return m->assignment.assignment_id;
    }
    if (const auto* m = std::get_if<StartWrapUp>(&mutation)) return m->assignment_id;
    if (const auto* m = std::get_if<EndAssignment>(&mutation)) return m->assignment_id;
    return std::get<RecordMove>(mutation).move.ended_assignment_id;
  }

  // What was done succeeds; for the others, `why(n, found)` says what it means that it was not.
  template <class T, class Why>
  void Settle(const Part<T>& part, Why why) {
    const auto& [indices, mutations, done] = part;
    auto was_done = [&done = done, this](size_t i) -> const Touched* {
      auto it = done.find(AssignmentIdOf(batch_[i]));
      if (it == done.end()) return nullptr;
      // Another mutation of the batch may have named the same id.
      return it->second.ticket_id == StepOf(batch_[i])->ticket_id ? &it->second : nullptr;
    };
    std::vector<std::string> missing;
    for (size_t i : indices) {
      if (was_done(i) == nullptr) missing.push_back(AssignmentIdOf(batch_[i]));
    }
    std::map<std::string, Recorded> found = Find(missing);
    for (size_t n = 0; n < indices.size(); ++n) {
      size_t i = indices[n];
      if (const Touched* touched = was_done(i)) {
        outcomes_[i] =
            Outcome{.assignment_id = AssignmentIdOf(batch_[i]), .agent_id = touched->agent_id};
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
    TouchedById done;
    Script script(tx_);
    SetCustomersLeft(script, mutations, &done);
    script.Run();
    for (size_t i : live_) {
      const auto* left = If<RecordCustomerLeft>(i);
      if (left == nullptr) continue;
      Outcome outcome;
      if (auto it = done.find(left->assignment_id); it != done.end()) {
        outcome = {.assignment_id = left->assignment_id, .agent_id = it->second.agent_id};
      }
      outcomes_[i] = std::move(outcome);
    }
  }

  void AddOffers(Script& script) {
    std::vector<const RecordOfferEnded*> offers;
    for (size_t i : live_) {
      if (const auto* offer = If<RecordOfferEnded>(i)) {
        offers.push_back(offer);
        outcomes_[i] = Outcome{};
      }
    }
    if (!offers.empty()) InsertOffers(script, offers);
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
    Script script(tx_);
    InsertMoves(script, moves);
    ForgetRequestsBefore(script, kSchema, newest - kRequestMemory, kRequestsForgottenAtOnce);
    muster::Store(script, kSchema, records);
    script.Run();
  }

  void AddDecisions(Script& script) {
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
    if (!decisions.empty()) InsertDecisions(script, decisions);
  }

  WriteTransaction& tx_;
  const absl::Span<const Mutation> batch_;
  Outcomes& outcomes_;
  std::vector<size_t> live_;                        // indices, in order
  std::vector<std::pair<size_t, size_t>> repeats_;  // and whose outcome they get
};

}  // namespace

std::vector<absl::StatusOr<Outcome>> ApplyBatch(WriteTransaction& tx,
                                                absl::Span<const Mutation> batch, bool at_once) {
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
  if (!at_once || !applied.ApplyAtOnce()) applied.Apply();
  return outcomes;
}

}  // namespace muster::matcher
