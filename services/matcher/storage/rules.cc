#include "services/matcher/storage/rules.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "services/matcher/domain/work_id.h"

namespace muster::matcher {
namespace {

absl::Status Ended(const Assignment& assignment) {
  bool completed = assignment.state == AssignmentState::kCompleted;
  return FailedPrecondition(
      completed ? "ALREADY_COMPLETED" : "ASSIGNMENT_ENDED", "the assignment has ended",
      {{"assignment_id", assignment.assignment_id}, {"end_reason", assignment.end_reason}});
}

Outcome Repeated(const Recorded& found) {
  Outcome outcome = OutcomeOf(found.assignment);
  outcome.repeated = true;
  return outcome;
}

absl::Status CheckId(std::string_view id, const Hold& hold) {
  std::optional<WorkId> parsed = ParseWorkId(id);
  if (!parsed || parsed->pool_id != hold.pool_id) {
    return InvalidField("id", "must be <pool>/<epoch>/<number> of the pool that is held");
  }
  return absl::OkStatus();
}

struct Checker {
  absl::Status operator()(const RecordAssignment& m) const {
    if (m.assignment.state != AssignmentState::kActive) {
      return InvalidField("assignment.state", "must be ACTIVE");
    }
    return CheckId(m.assignment.assignment_id, m.hold);
  }
  absl::Status operator()(const StartWrapUp& m) const { return CheckId(m.assignment_id, m.hold); }
  absl::Status operator()(const EndAssignment& m) const {
    if (IsLive(m.state)) return InvalidField("state", "must be an ended one");
    return CheckId(m.assignment_id, m.hold);
  }
  absl::Status operator()(const RecordCustomerLeft& m) const {
    return CheckId(m.assignment_id, m.hold);
  }
  absl::Status operator()(const RecordOfferEnded& m) const {
    bool ended = m.offer.state != OfferState::kPending && m.offer.state != OfferState::kAccepted;
    if (!ended || !m.offer.end_time) {
      return InvalidField("offer.state", "must be DECLINED, EXPIRED or REVOKED, with an end time");
    }
    return CheckId(m.offer.offer_id, m.hold);
  }
  absl::Status operator()(const RecordDecisions& m) const {
    for (const DecisionRecord& decision : m.decisions) {
      if (absl::Status good = CheckId(decision.offer_id, m.hold); !good.ok()) return good;
    }
    return absl::OkStatus();
  }
  absl::Status operator()(const RecordMove& m) const {
    if (m.move.ended_assignment_id.empty()) return absl::OkStatus();
    return CheckId(m.move.ended_assignment_id, m.hold);
  }
};

}  // namespace

std::vector<int> PlanWaves(absl::Span<const Step> steps) {
  absl::flat_hash_map<std::pair<std::string_view, std::string_view>, std::pair<int, Phase>> last;
  std::vector<int> waves;
  waves.reserve(steps.size());
  int last_end = 0;
  for (const Step& step : steps) {
    int wave = step.phase == Phase::kAssign ? last_end : 0;
    auto [place, first] = last.try_emplace({step.pool_id, step.ticket_id}, wave, step.phase);
    if (!first) {
      auto [before, phase] = place->second;
      wave = std::max(wave, phase < step.phase ? before : before + 1);
      place->second = {wave, step.phase};
    }
    if (step.phase == Phase::kEnd) last_end = std::max(last_end, wave);
    waves.push_back(wave);
  }
  return waves;
}

Outcome OutcomeOf(const Assignment& assignment) {
  return {.assignment_id = assignment.assignment_id, .agent_id = assignment.agent_id};
}

absl::Status Check(const Mutation& mutation) { return std::visit(Checker{}, mutation); }

absl::StatusOr<Outcome> SettleAssign(const RecordAssignment& mutation, const Found& found) {
  const Assignment& wanted = mutation.assignment;
  if (!found) {
    return FailedPrecondition("TICKET_ALREADY_ASSIGNED", "the ticket is being served",
                              {{"ticket_id", wanted.ticket_id}});
  }
  const Assignment& there = found->assignment;
  if (there.ticket_id != wanted.ticket_id || there.agent_id != wanted.agent_id) {
    return AlreadyExists("assignment", wanted.assignment_id);
  }
  return Repeated(*found);
}

absl::StatusOr<Outcome> SettleWrapUp(const StartWrapUp& mutation, const Found& found) {
  if (!found || found->assignment.ticket_id != mutation.ticket_id) {
    return NotFound("assignment", mutation.assignment_id);
  }
  // Also when a commit in doubt is repeated that started the wrap-up and then ended it.
  if (IsLive(found->assignment.state) || found->assignment.wrap_up_time == mutation.time) {
    return Repeated(*found);
  }
  return Ended(found->assignment);
}

absl::StatusOr<Outcome> SettleEnd(const EndAssignment& mutation, const Found& found) {
  if (!found || found->assignment.ticket_id != mutation.ticket_id) {
    return NotFound("assignment", mutation.assignment_id);
  }
  const Assignment& there = found->assignment;
  // What was amended since is still the same end.
  const bool same_reason =
      there.end_reason == mutation.end_reason || there.end_reason == end_reason::kCustomerLeft;
  if (there.state == mutation.state && same_reason && there.disposition == mutation.disposition &&
      there.note == mutation.note) {
    return Repeated(*found);
  }
  if (!mutation.request_id.empty() && found->request_id == mutation.request_id) {
    return RequestIdReused();
  }
  return Ended(there);
}

std::optional<EndAssignment> EndOf(const RecordMove& mutation) {
  if (mutation.move.ended_assignment_id.empty()) return std::nullopt;
  return EndAssignment{.hold = mutation.hold,
                       .assignment_id = mutation.move.ended_assignment_id,
                       .ticket_id = mutation.move.ticket_id,
                       .state = AssignmentState::kTransferred,
                       .end_reason = mutation.end_reason,
                       .disposition = "",
                       .note = mutation.move.reason,
                       .time = mutation.move.time,
                       .request_id = mutation.request_id};
}

absl::Status EpochLost(std::string_view pool_id) {
  return Aborted("EPOCH_LOST", absl::StrCat("another matcher has taken pool ",
                                            absl::string_view(pool_id.data(), pool_id.size())));
}

absl::Status CapacityExceeded(const RecordAssignment& mutation) {
  return FailedPrecondition("CAPACITY_EXCEEDED", "the agent has no capacity left for this",
                            {{"agent_id", mutation.assignment.agent_id}});
}

absl::Status TicketNotLive(std::string_view ticket_id) {
  return FailedPrecondition("TICKET_NOT_LIVE", "nobody waits for or serves this ticket any more",
                            {{"ticket_id", std::string(ticket_id)}});
}

}  // namespace muster::matcher
