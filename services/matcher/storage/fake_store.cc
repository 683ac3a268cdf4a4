#include "services/matcher/storage/fake_store.h"

#include <algorithm>
#include <limits>

#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "services/matcher/domain/work_id.h"

namespace muster::matcher {
namespace {

std::pair<std::string, int64_t> KeyOf(const std::string& id) {
  std::optional<WorkId> work = ParseWorkId(id);
  if (!work) return {"", 0};
  return {work->pool_id, work->Sequence()};
}

template <class T>
bool In(const std::vector<T>& wanted, const T& value) {
  return wanted.empty() || std::find(wanted.begin(), wanted.end(), value) != wanted.end();
}

bool Matches(const std::string& wanted, const std::string& value) {
  return wanted.empty() || wanted == value;
}

Offer OfferOf(const Assignment& a) {
  return {.offer_id = a.assignment_id,
          .pool_id = a.pool_id,
          .ticket_id = a.ticket_id,
          .queue_id = a.queue_id,
          .agent_id = a.agent_id,
          .state = OfferState::kAccepted,
          .reason = "",
          .ticket_create_time = a.ticket_create_time,
          .create_time = a.offer_time,
          .receive_time = a.offer_receive_time,
          .expire_time = a.offer_expire_time,
          .end_time = a.accept_time};
}

}  // namespace

void FakeStore::Submit(Mutation mutation, absl::Time, Done<Outcome> done) {
  absl::StatusOr<Outcome> outcome = absl::UnknownError("not applied");
  {
    std::lock_guard lock(mutex_);
    if (holding_) {
      held_.emplace_back(std::move(mutation), std::move(done));
      return;
    }
    outcome = Apply(mutation);
  }
  done(std::move(outcome));
}

void FakeStore::Hold() {
  std::lock_guard lock(mutex_);
  holding_ = true;
}

void FakeStore::Release() {
  std::vector<std::pair<Done<Outcome>, absl::StatusOr<Outcome>>> answers;
  {
    std::lock_guard lock(mutex_);
    holding_ = false;
    for (auto& [mutation, done] : held_) answers.emplace_back(std::move(done), Apply(mutation));
    held_.clear();
  }
  for (auto& [done, outcome] : answers) done(std::move(outcome));
}

size_t FakeStore::held() const {
  std::lock_guard lock(mutex_);
  return held_.size();
}

void FakeStore::FailWith(absl::Status status) {
  std::lock_guard lock(mutex_);
  failure_ = std::move(status);
}

bool FakeStore::Healthy() const {
  std::lock_guard lock(mutex_);
  return failure_.ok();
}

absl::StatusOr<Outcome> FakeStore::Apply(const Mutation& mutation) {
  MUSTER_RETURN_IF_ERROR(failure_);
  MUSTER_RETURN_IF_ERROR(Check(mutation));
  return std::visit(
      [this](const auto& m) -> absl::StatusOr<Outcome> {
        if (!leases_.Holds(m.hold)) return EpochLost(m.hold.pool_id);
        if constexpr (requires { m.decisions; }) {
          for (const DecisionRecord& d : m.decisions) decisions_.emplace(KeyOf(d.offer_id), d);
        }
        return Do(m);
      },
      mutation);
}

Found FakeStore::Find(const std::string& assignment_id) const {
  auto it = assignments_.find(KeyOf(assignment_id));
  if (it == assignments_.end()) return std::nullopt;
  return Recorded{it->second.assignment, it->second.request_id};
}

FakeStore::Entry* FakeStore::Live(const std::string& assignment_id, const std::string& ticket_id) {
  auto it = assignments_.find(KeyOf(assignment_id));
  if (it == assignments_.end()) return nullptr;
  const Assignment& assignment = it->second.assignment;
  bool live = IsLive(assignment.state) && assignment.ticket_id == ticket_id;
  return live ? &it->second : nullptr;
}

absl::StatusOr<Outcome> FakeStore::Do(const RecordAssignment& mutation) {
  const Assignment& a = mutation.assignment;
  Found found = Find(a.assignment_id);
  if (found || live_.contains({a.pool_id, a.ticket_id})) return SettleAssign(mutation, found);
  Load& load = loads_[{a.pool_id, a.agent_id}];
  if (load.units + a.weight > mutation.capacity) return CapacityExceeded(mutation);
  load = {load.units + a.weight, mutation.capacity};
  Key key = KeyOf(a.assignment_id);
  assignments_[key] = {a, ""};
  live_[{a.pool_id, a.ticket_id}] = key;
  return OutcomeOf(a);
}

absl::StatusOr<Outcome> FakeStore::Do(const StartWrapUp& mutation) {
  Entry* entry = Live(mutation.assignment_id, mutation.ticket_id);
  if (entry == nullptr || entry->assignment.state != AssignmentState::kActive) {
    return SettleWrapUp(mutation, Find(mutation.assignment_id));
  }
  entry->assignment.state = AssignmentState::kWrapUp;
  entry->assignment.wrap_up_time = mutation.time;
  entry->assignment.wrap_up_until = mutation.until;
  return OutcomeOf(entry->assignment);
}

absl::StatusOr<Outcome> FakeStore::Do(const EndAssignment& mutation) {
  Entry* entry = Live(mutation.assignment_id, mutation.ticket_id);
  if (entry == nullptr) return SettleEnd(mutation, Find(mutation.assignment_id));
  Assignment& a = entry->assignment;
  a.state = mutation.state;
  a.end_reason = mutation.end_reason;
  a.disposition = mutation.disposition;
  a.note = mutation.note;
  a.end_time = mutation.time;
  entry->request_id = mutation.request_id;
  loads_[{a.pool_id, a.agent_id}].units -= a.weight;
  live_.erase({a.pool_id, a.ticket_id});
  return OutcomeOf(a);
}

absl::StatusOr<Outcome> FakeStore::Do(const RecordCustomerLeft& mutation) {
  auto it = assignments_.find(KeyOf(mutation.assignment_id));
  if (it == assignments_.end()) return Outcome{};
  Assignment& a = it->second.assignment;
  if (a.state != AssignmentState::kCompleted || a.ticket_id != mutation.ticket_id) return Outcome{};
  a.end_reason = end_reason::kCustomerLeft;
  return OutcomeOf(a);
}

absl::StatusOr<Outcome> FakeStore::Do(const RecordOfferEnded& mutation) {
  ended_offers_.emplace(KeyOf(mutation.offer.offer_id), mutation.offer);
  return Outcome{};
}

absl::StatusOr<Outcome> FakeStore::Do(const RecordMove& mutation) {
  if (auto it = requests_.find(mutation.request_id); it != requests_.end()) {
    if (it->second.fingerprint != mutation.fingerprint) return RequestIdReused();
    Outcome first;
    if (Found found = Find(it->second.ended_assignment_id)) first = OutcomeOf(found->assignment);
    first.repeated = true;
    return first;
  }
  Outcome outcome;
  if (std::optional<EndAssignment> end = EndOf(mutation)) {
    absl::StatusOr<Outcome> ended = Do(*end);
    if (!ended.ok()) return TicketNotLive(mutation.move.ticket_id);
    outcome = *ended;
  }
  moves_[{mutation.move.pool_id, mutation.move.ticket_id}] = mutation.move;
  if (!mutation.request_id.empty()) {
    requests_[mutation.request_id] = {mutation.fingerprint, mutation.move.ended_assignment_id};
  }
  return outcome;
}

template <class T, class Read>
void FakeStore::Answer(Done<T> done, Read read) {
  absl::StatusOr<T> answer = absl::UnknownError("not read");
  {
    std::lock_guard lock(mutex_);
    if (failure_.ok()) {
      answer = read();
    } else {
      answer = failure_;
    }
  }
  done(std::move(answer));
}

void FakeStore::LoadLiveAssignments(std::string pool_id, absl::Time,
                                    Done<std::vector<Assignment>> done) {
  Answer(std::move(done), [&] {
    std::vector<Assignment> live;
    for (const auto& [key, entry] : assignments_) {
      if (key.first == pool_id && IsLive(entry.assignment.state)) live.push_back(entry.assignment);
    }
    return live;
  });
}

void FakeStore::FindLatestAssignments(std::string pool_id, std::vector<std::string> ticket_ids,
                                      absl::Time, Done<std::vector<Assignment>> done) {
  Answer(std::move(done), [&] {
    std::map<std::string, Assignment> latest;  // in order of sequence: the last one stays
    for (const auto& [key, entry] : assignments_) {
      bool wanted = std::find(ticket_ids.begin(), ticket_ids.end(), entry.assignment.ticket_id) !=
                    ticket_ids.end();
      if (key.first == pool_id && wanted) latest[entry.assignment.ticket_id] = entry.assignment;
    }
    std::vector<Assignment> assignments;
    for (auto& [ticket, assignment] : latest) assignments.push_back(assignment);
    return assignments;
  });
}

void FakeStore::FindMoves(std::string pool_id, std::vector<std::string> ticket_ids, absl::Time,
                          Done<std::vector<TicketMove>> done) {
  Answer(std::move(done), [&] {
    std::vector<TicketMove> moves;
    for (const std::string& ticket_id : ticket_ids) {
      auto it = moves_.find({pool_id, ticket_id});
      if (it != moves_.end()) moves.push_back(it->second);
    }
    return moves;
  });
}

std::map<FakeStore::Key, Offer> FakeStore::AllOffers() const {
  std::map<Key, Offer> offers = ended_offers_;
  for (const auto& [key, entry] : assignments_) offers.emplace(key, OfferOf(entry.assignment));
  return offers;
}

void FakeStore::GetOffer(std::string offer_id, absl::Time, Done<Offer> done) {
  Answer(std::move(done), [&]() -> absl::StatusOr<Offer> {
    std::map<Key, Offer> offers = AllOffers();
    auto it = offers.find(KeyOf(offer_id));
    if (it == offers.end()) return NotFound("offer", offer_id);
    return it->second;
  });
}

void FakeStore::GetAssignment(std::string assignment_id, absl::Time, Done<Assignment> done) {
  Answer(std::move(done), [&]() -> absl::StatusOr<Assignment> {
    Found found = Find(assignment_id);
    if (!found) return NotFound("assignment", assignment_id);
    return found->assignment;
  });
}

void FakeStore::ListOffers(OfferQuery query, absl::Time, Done<std::vector<Offer>> done) {
  Answer(std::move(done), [&] {
    int64_t before =
        query.before_sequence == 0 ? std::numeric_limits<int64_t>::max() : query.before_sequence;
    std::map<Key, Offer> offers = AllOffers();
    std::vector<Offer> page;
    for (auto it = offers.rbegin(); it != offers.rend(); ++it) {
      const auto& [key, offer] = *it;
      if (key.first == query.pool_id && key.second < before && In(query.states, offer.state) &&
          Matches(query.agent_id, offer.agent_id) && Matches(query.ticket_id, offer.ticket_id) &&
          static_cast<int>(page.size()) < query.limit) {
        page.push_back(offer);
      }
    }
    return page;
  });
}

void FakeStore::ListAssignments(AssignmentQuery query, absl::Time,
                                Done<std::vector<Assignment>> done) {
  Answer(std::move(done), [&] {
    std::vector<Assignment> page;
    for (const auto& [key, entry] : assignments_) {
      const Assignment& a = entry.assignment;
      bool beyond =
          query.after_sequence == 0 || (query.oldest_first ? key.second > query.after_sequence
                                                           : key.second < query.after_sequence);
      if (key.first == query.pool_id && beyond && In(query.states, a.state) &&
          Matches(query.agent_id, a.agent_id) && Matches(query.ticket_id, a.ticket_id) &&
          Matches(query.queue_id, a.queue_id)) {
        page.push_back(a);
      }
    }
    if (!query.oldest_first) std::reverse(page.begin(), page.end());
    if (static_cast<int>(page.size()) > query.limit) page.resize(query.limit);
    return page;
  });
}

void FakeStore::ListDecisions(DecisionQuery query, absl::Time,
                              Done<std::vector<RecordedDecision>> done) {
  Answer(std::move(done), [&] {
    int64_t before =
        query.before_sequence == 0 ? std::numeric_limits<int64_t>::max() : query.before_sequence;
    const std::map<Key, Offer> offers = AllOffers();
    std::vector<RecordedDecision> page;
    for (auto it = decisions_.rbegin(); it != decisions_.rend(); ++it) {
      const auto& [key, decision] = *it;
      if (key.first != query.pool_id || key.second >= before ||
          !Matches(query.ticket_id, decision.ticket_id) ||
          !Matches(query.agent_id, decision.agent_id) ||
          static_cast<int>(page.size()) >= query.limit) {
        continue;
      }
      RecordedDecision& recorded = page.emplace_back(RecordedDecision{decision});
      if (auto offer = offers.find(key); offer != offers.end()) {
        recorded.outcome = offer->second.state;
        recorded.outcome_reason = offer->second.reason;
        recorded.outcome_time = offer->second.end_time;
      }
    }
    return page;
  });
}

void FakeStore::LoadHistory(std::string pool_id, absl::Time since, absl::Time, Done<History> done) {
  Answer(std::move(done), [&] {
    History history;
    std::vector<Assignment> live;
    for (const auto& [key, offer] : ended_offers_) {
      if (key.first == pool_id && *offer.end_time >= since) history.offers.push_back(offer);
    }
    for (const auto& [key, entry] : assignments_) {
      const Assignment& a = entry.assignment;
      if (key.first != pool_id) continue;
      if (!a.end_time) {
        live.push_back(a);
      } else if (*a.end_time >= since) {
        history.assignments.push_back(a);
      }
    }
    auto by_end = [](const auto& a, const auto& b) { return *a.end_time < *b.end_time; };
    std::stable_sort(history.offers.begin(), history.offers.end(), by_end);
    std::stable_sort(history.assignments.begin(), history.assignments.end(), by_end);
    history.assignments.insert(history.assignments.end(), live.begin(), live.end());
    return history;
  });
}

void FakeStore::FindRequest(std::string request_id, absl::Time,
                            Done<std::optional<AnsweredRequest>> done) {
  Answer(std::move(done), [&]() -> std::optional<AnsweredRequest> {
    auto it = requests_.find(request_id);
    if (it == requests_.end()) return std::nullopt;
    return it->second;
  });
}

}  // namespace muster::matcher
