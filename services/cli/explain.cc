#include "services/cli/explain.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/rpc/proto_time.h"
#include "services/cli/output.h"

namespace muster::cli {
namespace {

using matcher::v1::AgentExplanation;
using matcher::v1::Decision;
using matcher::v1::Ineligible;
using matcher::v1::RunnerUp;
using matcher::v1::Terms;
using matcher::v1::TicketExplanation;

absl::Duration SumOf(const Terms& t) {
  absl::Duration sum;
  for (const auto* term : {&t.wait(), &t.priority(), &t.urgency(), &t.known(), &t.idle(),
                           &t.misfit(), &t.loaded(), &t.scarcity()}) {
    sum += FromProtoDuration(*term);
  }
  return sum;
}

std::string Times(int count, const char* what) {
  return absl::StrCat(count, " ", what, count == 1 ? "" : "s");
}

// "3 lack a skill", "1 lacks a skill".
void Count(int count, const char* one, const char* many, std::vector<std::string>* parts) {
  if (count > 0) parts->push_back(absl::StrCat(count, " ", count == 1 ? one : many));
}

std::string TriggerText(const Decision& d) {
  switch (d.trigger()) {
    case matcher::v1::TRIGGER_TICKET_CAME:
      return "the best agent for a ticket that came";
    case matcher::v1::TRIGGER_AGENT_FREED:
      return absl::StrCat("the best ticket for ", d.agent_id(), ", who was free");
    case matcher::v1::TRIGGER_BURST:
      return "many were matched together";
    default:
      return "";
  }
}

std::string NextText(const Decision& d, const RunnerUp& next) {
  const absl::Duration behind = SumOf(d.terms()) - SumOf(next.terms());
  const std::string& who = next.agent_id() == d.agent_id() ? next.ticket_id() : next.agent_id();
  if (behind == absl::ZeroDuration()) return absl::StrCat(who, ", equal");
  const bool ahead = behind < absl::ZeroDuration();
  return absl::StrCat(who, ", ", Text(ahead ? -behind : behind), ahead ? " ahead" : " behind");
}

std::string OutcomeText(const Decision& d) {
  std::string text;
  switch (d.outcome()) {
    case matcher::v1::OFFER_STATE_PENDING:
      return "It is open.";
    case matcher::v1::OFFER_STATE_ACCEPTED:
      text = "Accepted";
      break;
    case matcher::v1::OFFER_STATE_DECLINED:
      text = "Declined";
      break;
    case matcher::v1::OFFER_STATE_EXPIRED:
      text = "Not answered";
      break;
    case matcher::v1::OFFER_STATE_REVOKED:
      text = "Withdrawn";
      break;
    default:
      return "What became of it is not on record.";
  }
  if (d.has_outcome_time()) absl::StrAppend(&text, " at ", Text(d.outcome_time()));
  if (!d.outcome_reason().empty()) absl::StrAppend(&text, ": ", d.outcome_reason());
  return text + ".";
}

template <class Decisions>
std::string DecisionsText(const Decisions& decisions, const std::string& more) {
  if (decisions.empty()) return "No decision is on record.\n";
  std::string text = "\n";
  for (const Decision& decision : decisions) text += DecisionText(decision);
  if (!more.empty()) text += "There are older ones: see --limit.\n";
  return text;
}

std::string WaitingText(const TicketExplanation& now) {
  std::string text;
  const auto say = [&](const std::string& line) { absl::StrAppend(&text, "  ", line, "\n"); };
  if (!now.queue_known()) say("The matcher has not heard of its queue yet.");
  if (now.paused()) say("Its queue or pool makes no offers now.");
  say(absl::StrCat("Now ", TermsText(now.terms(), "the agent"), "."));
  if (now.relax_step() > 0) {
    say(absl::StrCat("It has taken ", Times(now.relax_step(), "relaxing step"), "."));
  }
  if (now.has_next_step_time()) {
    say(absl::StrCat("The next relaxing step is at ", Text(now.next_step_time()), "."));
  }
  if (now.unservable()) say("Nobody registered fits, not even at its last step.");
  say(absl::StrCat(Times(now.fitting(), "registered agent"), " fit; ",
                   now.eligible() == 0 ? std::string("none") : std::to_string(now.eligible()),
                   " could take it at once."));
  if (const std::string others = IneligibleText(now.ineligible()); !others.empty()) {
    say(others + ".");
  }
  if (!now.reserved_for().empty()) say("It was transferred to " + now.reserved_for() + ".");
  if (!now.claimed_agent().empty()) {
    say("Units of " + now.claimed_agent() + " are kept for it.");
  }
  return text;
}

std::string StateText(const matcher::v1::ExplainTicketResponse& response,
                      const intake::v1::Ticket& ticket) {
  if (ticket.state() == intake::v1::TICKET_STATE_HELD) {
    return absl::StrCat("is HELD since ", Text(ticket.hold_time()), ": ", ticket.end_reason(),
                        " after ", Times(ticket.refusal_count(), "refusal"),
                        ". `muster ticket release ", ticket.ticket_id(), "` puts it back.");
  }
  const TicketExplanation& now = response.now();
  const bool waits = now.state() == TicketExplanation::STATE_WAITING ||
                     now.state() == TicketExplanation::STATE_OFFERED;
  if (!response.has_now() || !waits) {
    std::string text = "is " + EnumText(ticket, "state");
    if (!ticket.agent_id().empty()) absl::StrAppend(&text, ", by ", ticket.agent_id());
    if (!ticket.end_reason().empty()) absl::StrAppend(&text, ": ", ticket.end_reason());
    if (!response.has_now() && ticket.state() == intake::v1::TICKET_STATE_QUEUED) {
      absl::StrAppend(&text, ", but its matcher does not know it yet");
    }
    return text + ".";
  }
  if (now.state() == TicketExplanation::STATE_OFFERED) {
    return absl::StrCat("is on offer to ", absl::StrJoin(now.offered_to(), " and "), ".");
  }
  return absl::StrCat("waits in ", now.queue_id(), ", place ", now.position(), ".");
}

// Why it has been offered nothing, as far as that can be seen now.
std::string IdleText(const AgentExplanation& now) {
  std::string text;
  const auto say = [&](const std::string& line) { absl::StrAppend(&text, "  ", line, "\n"); };
  say(absl::StrCat(now.free_units(), " of ", Times(now.capacity(), "unit"), " free, ",
                   Times(now.open_offers(), "open offer"), "."));
  if (now.presence() != AgentExplanation::PRESENCE_ONLINE) {
    say("It gets no offers while it is " + EnumText(now, "presence") + ".");
  } else if (!now.connected()) {
    say("It gets no offers while it cannot be reached.");
  }
  if (!now.claimed_by().empty()) say("It is kept for the heavier ticket " + now.claimed_by() + ".");
  if (now.idle_credit().seconds() > 0) {
    say("Its idleness counts " + Text(now.idle_credit()) + ".");
  }
  if (now.ignored_in_a_row() > 0) {
    say("It let the last " + Times(now.ignored_in_a_row(), "offer") + " pass.");
  }
  if (now.waiting() == 0) say("No ticket waits that it fits.");
  for (const AgentExplanation::Line& line : now.lines()) {
    if (line.waiting() == 0) continue;
    std::string step;
    if (line.relax_step() > 0) step = absl::StrCat(" at step ", line.relax_step());
    say(absl::StrCat(line.queue_id(), step, ": ", line.waiting(), " waiting, ",
                     Times(line.agents_ahead(), "idle agent"), " asked before it."));
  }
  if (now.more_lines() > 0) say(absl::StrCat("And ", Times(now.more_lines(), "more line"), "."));
  for (const AgentExplanation::DeclinedTicket& ticket : now.declined()) {
    say(absl::StrCat("It refused ", ticket.ticket_id(), ", and does not see it before ",
                     Text(ticket.until()), "."));
  }
  return text;
}

}  // namespace

std::string TermsText(const Terms& terms, const std::string& agent_id) {
  std::string text = "waited " + Text(terms.wait());
  const auto add = [&](bool has, const google::protobuf::Duration& term, const std::string& why) {
    const absl::Duration value = FromProtoDuration(term);
    if (!has || value == absl::ZeroDuration()) return;
    absl::StrAppend(&text, ", ", value > absl::ZeroDuration() ? "+" : "", Text(value), " ", why);
  };
  add(terms.has_priority(), terms.priority(), "of priority");
  add(terms.has_urgency(), terms.urgency(), "as its target was near");
  add(terms.has_known(), terms.known(), "as it names " + agent_id);
  add(terms.has_idle(), terms.idle(), "for the idleness of " + agent_id);
  add(terms.has_misfit(), terms.misfit(), "for what " + agent_id + " misses of what is wanted");
  add(terms.has_loaded(), terms.loaded(), "for the other work of " + agent_id);
  add(terms.has_scarcity(), terms.scarcity(), "as other lines need " + agent_id + " more");
  return text;
}

std::string IneligibleText(const Ineligible& i) {
  std::vector<std::string> parts;
  Count(i.lacks_skill(), "lacks a skill", "lack a skill", &parts);
  Count(i.lacks_language(), "lacks the language", "lack the language", &parts);
  Count(i.offline(), "is offline", "are offline", &parts);
  Count(i.paused(), "is paused", "are paused", &parts);
  Count(i.full(), "is busy", "are busy", &parts);
  Count(i.declined(), "refused it", "refused it", &parts);
  if (parts.empty()) return "";
  const int all =
      i.lacks_skill() + i.lacks_language() + i.offline() + i.paused() + i.full() + i.declined();
  return absl::StrCat(Times(all, "agent"), " could not: ", absl::StrJoin(parts, ", "));
}

std::string DecisionText(const Decision& d) {
  std::string text =
      absl::StrCat(Text(d.time()), "  ", d.ticket_id(), " offered to ", d.agent_id(), ": ",
                   TermsText(d.terms(), d.agent_id()), "; ", Text(SumOf(d.terms())), " in all.\n");
  const auto say = [&](const std::string& line) { absl::StrAppend(&text, "  ", line, "\n"); };
  std::string how = TriggerText(d);
  if (d.relax_step() > 0) {
    absl::StrAppend(&how, how.empty() ? "" : ", ", "after ",
                    Times(d.relax_step(), "relaxing step"));
  }
  if (!how.empty()) say("It was so: " + how + ".");
  std::vector<std::string> next;
  for (const RunnerUp& runner_up : d.runners_up()) next.push_back(NextText(d, runner_up));
  if (!next.empty()) say("Next best: " + absl::StrJoin(next, "; ") + ".");
  if (const std::string others = IneligibleText(d.ineligible()); !others.empty()) {
    say(others + ".");
  }
  say(OutcomeText(d));
  return text;
}

std::string TicketText(const matcher::v1::ExplainTicketResponse& response,
                       const intake::v1::Ticket& ticket) {
  std::string text = absl::StrCat(ticket.ticket_id(), " ", StateText(response, ticket), "\n");
  if (response.has_now()) {
    if (response.now().state() == TicketExplanation::STATE_WAITING) {
      text += WaitingText(response.now());
    }
    if (response.now().refusals() > 0) {
      absl::StrAppend(&text, "  Refused ", Times(response.now().refusals(), "time"), " so far.\n");
    }
  }
  return text + DecisionsText(response.decisions(), response.next_page_token());
}

std::string AgentText(const matcher::v1::ExplainAgentResponse& response,
                      const availability::v1::Agent& agent) {
  std::string text = absl::StrCat(agent.agent_id(), " is ", EnumText(agent, "presence"), " since ",
                                  Text(agent.presence_time()));
  if (!agent.presence_reason().empty()) absl::StrAppend(&text, ": ", agent.presence_reason());
  text += ".\n";
  if (response.has_now()) {
    text += IdleText(response.now());
  } else {
    text += "  The matcher has not heard of it.\n";
  }
  return text + DecisionsText(response.decisions(), response.next_page_token());
}

}  // namespace muster::cli
