// Stable text of events and effects: what replays are compared by, and what a failing test prints.
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/matcher/engine/effect.h"
#include "services/matcher/engine/event.h"

namespace muster::engine {
namespace {

std::string Text(absl::Time t) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E*SZ", t, absl::UTCTimeZone());
}
std::string Text(absl::Duration d) { return absl::FormatDuration(d); }
std::string Text(std::uint64_t n) { return absl::StrCat(n); }
std::string Text(std::string_view s) {
  return absl::StrCat("\"", absl::string_view(s.data(), s.size()), "\"");
}
std::string Text(const std::string& s) { return Text(std::string_view(s)); }
std::string Text(bool b) { return b ? "true" : "false"; }
std::string Text(const OfferId& id) { return DebugString(id); }
std::string Text(GoneReason r) { return r == GoneReason::kCancelled ? "CANCELLED" : "OTHER"; }
std::string Text(AssignmentState s) { return s == AssignmentState::kActive ? "ACTIVE" : "WRAP_UP"; }
std::string Text(absl::StatusCode code) { return absl::StatusCodeToString(code); }

std::string Text(OfferOutcome o) {
  switch (o) {
    case OfferOutcome::kAccepted:
      return "ACCEPTED";
    case OfferOutcome::kDeclined:
      return "DECLINED";
    case OfferOutcome::kExpired:
      return "EXPIRED";
    case OfferOutcome::kRevoked:
      return "REVOKED";
  }
  return "";
}

std::string Text(Presence p) {
  switch (p) {
    case Presence::kOffline:
      return "OFFLINE";
    case Presence::kOnline:
      return "ONLINE";
    case Presence::kPaused:
      return "PAUSED";
    case Presence::kDraining:
      return "DRAINING";
  }
  return "";
}

std::string Text(Phase p) {
  switch (p) {
    case Phase::kOpen:
      return "OPEN";
    case Phase::kPaused:
      return "PAUSED";
    case Phase::kDraining:
      return "DRAINING";
  }
  return "";
}

std::string Text(Decision::Trigger t) {
  switch (t) {
    case Decision::Trigger::kTicketCame:
      return "TICKET_CAME";
    case Decision::Trigger::kAgentFreed:
      return "AGENT_FREED";
    case Decision::Trigger::kBurst:
      return "BURST";
  }
  return "";
}

std::string Text(const RelaxStep& step);
std::string Text(const Terms& terms);
std::string Text(const RunnersUp& runners_up);
std::string Text(const Ineligible& ineligible);
std::string Text(const SkillLevel& s) { return absl::StrCat(s.skill, ":", s.level); }

template <typename T>
std::string Text(const std::vector<T>& list) {
  return absl::StrCat(
      "[",
      absl::StrJoin(list, " ",
                    [](std::string* out, const T& item) { absl::StrAppend(out, Text(item)); }),
      "]");
}

// "Name{a=1 b=2}" from a name, and names and values by turns.
void AppendFields(std::string*) {}
template <typename T, typename... Rest>
void AppendFields(std::string* out, const char* name, const T& value, const Rest&... rest) {
  absl::StrAppend(out, out->back() == '{' ? "" : " ", name, "=", Text(value));
  AppendFields(out, rest...);
}
template <typename... Fields>
std::string Line(const char* name, const Fields&... fields) {
  std::string out = absl::StrCat(name, "{");
  AppendFields(&out, fields...);
  return absl::StrCat(out, "}");
}

std::string Text(const RelaxStep& step) {
  return Line("", "after", step.after, "skills", step.skills, "any_language", step.any_language);
}

std::string Text(const Terms& t) {
  return Line("", "wait", t.wait, "priority", t.priority, "urgency", t.urgency, "known", t.known,
              "idle", t.idle, "misfit", t.misfit, "loaded", t.loaded, "scarcity", t.scarcity);
}

std::string Text(const RunnersUp& runners_up) {
  return absl::StrCat("[",
                      absl::StrJoin(runners_up, " ",
                                    [](std::string* out, const RunnerUp& r) {
                                      out->append(Line("", "ticket", r.ticket_id, "agent",
                                                       r.agent_id, "terms", r.terms));
                                    }),
                      "]");
}

std::string Text(const Ineligible& i) {
  return Line("", "lacks_skill", std::uint64_t{i.lacks_skill}, "lacks_language",
              std::uint64_t{i.lacks_language}, "offline", std::uint64_t{i.offline}, "paused",
              std::uint64_t{i.paused}, "full", std::uint64_t{i.full}, "declined",
              std::uint64_t{i.declined});
}

std::string TicketLine(const char* name, const TicketSpec& t) {
  return Line(name, "ticket", t.ticket_id, "queue", t.queue_id, "create_time", t.create_time,
              "priority_ahead", t.priority_ahead, "language", t.language, "extra_skills",
              t.extra_skills, "preferred_agent", t.preferred_agent_id, "interrupted",
              std::uint64_t{t.interrupted});
}

template <typename Act>
std::string ActLine(const char* name, const OfferId& id, const Act& e) {
  return Line(name, "id", id, "agent", e.agent_id, "act", e.act);
}

// One overload for each kind of event.
std::string Describe(const QueueChanged& e) {
  const QueueRules& r = e.rules;
  return Line("QueueChanged", "queue", e.queue_id, "required_skills", r.required_skills, "weight",
              std::uint64_t{r.weight}, "priority_ahead", r.priority_ahead, "offer_timeout",
              r.offer_timeout, "acknowledge_timeout", r.acknowledge_timeout, "time_to_live",
              r.time_to_live, "after_work_time", r.after_work_time, "decline_price",
              r.decline_price, "expiry_price", r.expiry_price, "preferred_skills",
              r.preferred_skills, "relax_steps", r.relax_steps, "target_wait", r.target_wait,
              "target_boost", r.target_boost, "missing_level_price", r.missing_level_price,
              "missing_language_price", r.missing_language_price, "known_agent_bonus",
              r.known_agent_bonus, "capacity_claim_after", r.capacity_claim_after, "offers_at_once",
              std::uint64_t{r.offers_at_once}, "most_refusals", std::uint64_t{r.most_refusals},
              "phase", r.phase);
}
std::string Describe(const QueueRemoved& e) { return Line("QueueRemoved", "queue", e.queue_id); }
std::string Describe(const TicketQueued& e) { return TicketLine("TicketQueued", e.ticket); }
std::string Describe(const TicketDetailed& e) { return TicketLine("TicketDetailed", e.ticket); }
std::string Describe(const TicketGone& e) {
  return Line("TicketGone", "ticket", e.ticket_id, "why", e.why);
}
std::string Describe(const AgentChanged& e) {
  const AgentSpec& a = e.agent;
  return Line("AgentChanged", "agent", a.agent_id, "skills", a.skills, "languages", a.languages,
              "capacity", std::uint64_t{a.capacity}, "presence", a.presence, "presence_time",
              a.presence_time, "connected", a.connected, "session", a.session_id);
}
std::string Describe(const AgentRemoved& e) { return Line("AgentRemoved", "agent", e.agent_id); }
std::string Describe(const OfferReceived& e) { return ActLine("OfferReceived", e.offer, e); }
std::string Describe(const OfferAccepted& e) { return ActLine("OfferAccepted", e.offer, e); }
std::string Describe(const OfferDeclined& e) { return ActLine("OfferDeclined", e.offer, e); }
std::string Describe(const WrapUpStarted& e) { return ActLine("WrapUpStarted", e.assignment, e); }
std::string Describe(const AssignmentCompleted& e) {
  return ActLine("AssignmentCompleted", e.assignment, e);
}
std::string Describe(const TicketRequeued& e) {
  return Line("TicketRequeued", "ticket", e.ticket_id, "act", e.act);
}
std::string Describe(const TicketTransferred& e) {
  return Line("TicketTransferred", "ticket", e.ticket_id, "to_queue", e.to_queue_id, "to_agent",
              e.to_agent_id, "act", e.act);
}
std::string Describe(const AssignmentRestored& e) {
  return Line("AssignmentRestored", "id", e.assignment, "ticket", e.ticket_id, "agent", e.agent_id,
              "queue", e.queue_id, "weight", std::uint64_t{e.weight}, "state", e.state,
              "create_time", e.create_time, "assign_time", e.assign_time, "wrap_up_deadline",
              e.wrap_up_deadline);
}
std::string Describe(const AssignmentFailed& e) {
  return Line("AssignmentFailed", "id", e.assignment, "forget_ticket", e.forget_ticket);
}
std::string Describe(const PoolChanged& e) {
  const PoolRules& r = e.rules;
  return Line("PoolChanged", "fair_window", r.fair_window, "idle_bound", r.idle_bound,
              "loaded_price", r.loaded_price, "scarcity", r.scarcity, "scarcity_bound",
              r.scarcity_bound, "most_offers_per_agent", std::uint64_t{r.most_offers_per_agent},
              "ignored_offers_to_pause", std::uint64_t{r.ignored_offers_to_pause}, "phase",
              r.phase);
}
std::string Describe(const AssignmentLost& e) { return Line("AssignmentLost", "id", e.assignment); }
std::string Describe(const MatchingOpened&) { return Line("MatchingOpened"); }
std::string Describe(const MatchingClosed&) { return Line("MatchingClosed"); }
std::string Describe(const TimePassed&) { return Line("TimePassed"); }

// One overload for each kind of effect.
std::string Describe(const MakeOffer& e) {
  return Line("MakeOffer", "id", e.offer, "ticket", e.ticket_id, "agent", e.agent_id, "queue",
              e.queue_id, "weight", std::uint64_t{e.weight}, "make_time", e.make_time, "deadline",
              e.deadline, "offer_timeout", e.offer_timeout, "waited", e.waited);
}
std::string Describe(const MoveDeadline& e) {
  return Line("MoveDeadline", "id", e.offer, "agent", e.agent_id, "deadline", e.deadline, "act",
              e.act);
}
std::string Describe(const EndOffer& e) {
  return Line("EndOffer", "id", e.offer, "ticket", e.ticket_id, "agent", e.agent_id, "queue",
              e.queue_id, "outcome", e.outcome, "reason", e.reason, "make_time", e.make_time,
              "end_time", e.end_time, "act", e.act);
}
std::string Describe(const Assign& e) {
  return Line("Assign", "id", e.assignment, "ticket", e.ticket_id, "agent", e.agent_id, "queue",
              e.queue_id, "weight", std::uint64_t{e.weight}, "create_time", e.create_time,
              "make_time", e.make_time, "assign_time", e.assign_time, "waited", e.waited, "act",
              e.act);
}
std::string Describe(const StartWrapUp& e) {
  return Line("StartWrapUp", "id", e.assignment, "ticket", e.ticket_id, "agent", e.agent_id,
              "queue", e.queue_id, "start_time", e.start_time, "deadline", e.deadline, "act",
              e.act);
}
std::string Describe(const EndAssignment& e) {
  return Line("EndAssignment", "id", e.assignment, "ticket", e.ticket_id, "agent", e.agent_id,
              "queue", e.queue_id, "from", e.from, "reason", e.reason, "end_time", e.end_time,
              "act", e.act);
}
std::string Describe(const RequeueTicket& e) {
  return Line("RequeueTicket", "ticket", e.ticket_id, "queue", e.queue_id, "agent", e.agent_id,
              "reason", e.reason, "act", e.act);
}
std::string Describe(const ExpireTicket& e) {
  return Line("ExpireTicket", "ticket", e.ticket_id, "queue", e.queue_id, "create_time",
              e.create_time, "expire_time", e.expire_time);
}
std::string Describe(const HoldTicket& e) {
  return Line("HoldTicket", "ticket", e.ticket_id, "queue", e.queue_id, "reason", e.reason,
              "refusals", std::uint64_t{e.refusals}, "create_time", e.create_time);
}
std::string Describe(const PauseAgent& e) {
  return Line("PauseAgent", "agent", e.agent_id, "reason", e.reason, "ignored",
              std::uint64_t{e.ignored});
}
std::string Describe(const DecisionMade& e) { return DebugString(*e.decision); }
std::string Describe(const ResendToAgent& e) {
  return Line("ResendToAgent", "agent", e.agent_id, "session", e.session_id, "offers", e.offers,
              "assignments", e.assignments);
}
std::string Describe(const Unchanged& e) { return Line("Unchanged", "id", e.offer, "act", e.act); }
std::string Describe(const Reject& e) {
  return Line("Reject", "code", e.code, "reason", e.reason, "subject", e.subject, "act", e.act);
}

}  // namespace

std::string DebugString(const OfferId& id) { return absl::StrCat(id.epoch, "/", id.number); }

std::string DebugString(const Decision& d) {
  return Line("Decision", "offer", d.offer, "ticket", d.ticket_id, "agent", d.agent_id, "queue",
              d.queue_id, "time", d.time, "trigger", d.trigger, "relax_step",
              static_cast<std::uint64_t>(d.relax_step), "terms", d.terms, "runners_up",
              d.runners_up, "eligible", std::uint64_t{d.eligible}, "ineligible", d.ineligible);
}

std::string DebugString(const Event& event) {
  return std::visit([](const auto& e) { return Describe(e); }, event);
}

std::string DebugString(const Effect& effect) {
  return std::visit([](const auto& e) { return Describe(e); }, effect);
}

}  // namespace muster::engine
