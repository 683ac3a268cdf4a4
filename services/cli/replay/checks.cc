#include "services/cli/replay/checks.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

namespace muster::replay {
namespace {

template <typename Record>
std::map<std::string, const Record*> ById(const std::vector<Record>& records) {
  std::map<std::string, const Record*> found;
  for (const Record& record : records) found.emplace(record.id, &record);
  return found;
}

template <typename Record>
const Record* Find(const std::map<std::string, const Record*>& records, const std::string& id) {
  const auto found = records.find(id);
  return found == records.end() ? nullptr : found->second;
}

// Something held by `holder` from `from` up to and without `until`.
struct Hold {
  std::string holder;
  std::string what;
  absl::Time from;
  absl::Time until;
  int64_t weight;
};

// The holds at which their holder has more than `most` units, in order of time.
Findings FindCrowding(const std::vector<Hold>& holds, int64_t most, const std::string& account) {
  // An end frees its units before a beginning at the same instant takes some.
  std::vector<std::tuple<std::string, absl::Time, bool, const Hold*>> edges;
  for (const Hold& hold : holds) {
    if (hold.until <= hold.from) continue;
    edges.emplace_back(hold.holder, hold.from, true, &hold);
    edges.emplace_back(hold.holder, hold.until, false, &hold);
  }
  std::sort(edges.begin(), edges.end(), [](const auto& a, const auto& b) {
    return std::tie(std::get<0>(a), std::get<1>(a), std::get<2>(a)) <
           std::tie(std::get<0>(b), std::get<1>(b), std::get<2>(b));
  });
  Findings findings;
  std::map<std::string, int64_t> held;
  for (const auto& [holder, at, begins, hold] : edges) {
    held[holder] += begins ? hold->weight : -hold->weight;
    if (begins && held[holder] > most) {
      findings.push_back(absl::StrCat(account, ": ", holder, " has ", held[holder], " of ", most,
                                      " when ", hold->what, " begins at ", absl::FormatTime(at)));
    }
  }
  return findings;
}

void Append(Findings more, Findings& findings) {
  findings.insert(findings.end(), more.begin(), more.end());
}

// One list of holds for each account, by ticket or by agent.
template <typename Records>
std::vector<Hold> HoldsOfTickets(const Records& records, absl::Time Records::value_type::*from,
                                 std::optional<absl::Time> Records::value_type::*until) {
  std::vector<Hold> holds;
  holds.reserve(records.size());
  for (const auto& r : records) {
    holds.push_back({r.ticket, r.id, r.*from, (r.*until).value_or(absl::InfiniteFuture()), 1});
  }
  return holds;
}

void CheckTold(const ToldTicket& told, const TicketRecord& record, Findings& findings) {
  const auto differ = [&](absl::string_view what) {
    findings.push_back(
        absl::StrCat("ticket ", told.id, " is ", Name(record.state), ", and ", what));
  };
  if (told.created != record.created) differ("its creation is at another time than was told");
  const bool cancelled = record.state == TicketState::kCancelled;
  if (told.cancel == ToldTicket::Cancel::kDone) {
    if (!cancelled) {
      differ("its customer was told that it is cancelled");
    } else if (told.cancelled && told.cancelled != record.ended) {
      differ("its cancellation is at another time than was told");
    }
  } else if (cancelled) {
    differ("its customer was never told that it is cancelled");
  }
}

void CheckTold(const ToldAssignment& told, const AssignmentRecord& record, Findings& findings) {
  const auto differ = [&](absl::string_view what) {
    findings.push_back(
        absl::StrCat("assignment ", told.id, " is ", Name(record.state), ", and ", what));
  };
  if (told.agent != record.agent) differ(absl::StrCat(told.agent, " was told, not ", record.agent));
  if (told.ticket != record.ticket) {
    differ(absl::StrCat("its agent was told ", told.ticket, ", not ", record.ticket));
  }
  if (told.started != record.started) differ("it began at another time than its agent was told");
  if (told.completed && record.state != AssignmentState::kCompleted) {
    differ("its agent was told that it is completed");
  }
  if (told.completed && !record.customer_left && told.disposition != record.disposition) {
    differ(absl::StrCat("its disposition is \"", record.disposition, "\", its agent's \"",
                        told.disposition, "\""));
  }
  if (told.customer_left && !record.customer_left) differ("its agent was told the customer left");
  if (!told.completed && !told.customer_left && record.state == AssignmentState::kCompleted) {
    differ("its agent was never told that it is completed");
  }
}

// Intake's word on a ticket against the matcher's on its assignments.
void CheckServices(const TicketRecord& ticket, const AssignmentRecord* last, Findings& findings) {
  const auto differ = [&](absl::string_view what) {
    findings.push_back(
        absl::StrCat("ticket ", ticket.id, " is ", Name(ticket.state), ", and ", what));
  };
  const bool served =
      ticket.state == TicketState::kAssigned || ticket.state == TicketState::kResolved;
  if (!served) {
    if (last != nullptr && !last->customer_left) {
      differ(absl::StrCat(last->agent, " has an assignment of it (", Name(last->state), ")"));
    }
    return;
  }
  if (last == nullptr) return differ("the matcher has no assignment of it");
  if (last->customer_left) differ("the matcher has it that the customer left");
  if (ticket.assignment != last->id) {
    differ(absl::StrCat("intake names assignment ", ticket.assignment, ", the matcher ", last->id));
  }
  if (ticket.agent != last->agent) {
    differ(absl::StrCat("intake names agent ", ticket.agent, ", the matcher ", last->agent));
  }
  if (ticket.assigned != last->started) {
    differ("the services have its assignment at different times");
  }
  const bool at_work = last->state == AssignmentState::kActive;
  if ((ticket.state == TicketState::kAssigned) != at_work) {
    differ(absl::StrCat("its assignment is ", Name(last->state)));
  }
}

}  // namespace

Findings FindLost(const History& history) {
  Findings findings;
  const auto tickets = ById(history.tickets);
  for (const ToldTicket& told : history.told_tickets) {
    if (Find(tickets, told.id) == nullptr) {
      findings.push_back(
          absl::StrCat("ticket ", told.id, " was acknowledged and is not on record"));
    }
  }
  const auto assignments = ById(history.assignments);
  for (const ToldAssignment& told : history.told_assignments) {
    if (Find(assignments, told.id) == nullptr) {
      findings.push_back(absl::StrCat("assignment ", told.id, " was confirmed to ", told.agent,
                                      " and is not on record"));
    }
  }
  return findings;
}

Findings FindDoubleAssigned(const History& history) {
  Findings findings = FindCrowding(
      HoldsOfTickets(history.assignments, &AssignmentRecord::started, &AssignmentRecord::ended), 1,
      "on record");
  Append(FindCrowding(HoldsOfTickets(history.told_assignments, &ToldAssignment::from,
                                     &ToldAssignment::until),
                      1, "as told"),
         findings);
  std::map<std::string, const AssignmentRecord*> completed;
  for (const AssignmentRecord& record : history.assignments) {
    if (record.state != AssignmentState::kCompleted || record.customer_left) continue;
    const auto [first, fresh] = completed.emplace(record.ticket, &record);
    if (!fresh) {
      findings.push_back(absl::StrCat("ticket ", record.ticket, " was completed by ",
                                      first->second->id, " and by ", record.id));
    }
  }
  return findings;
}

Findings FindOverCapacity(const History& history) {
  std::vector<Hold> on_record, as_told;
  on_record.reserve(history.assignments.size());
  as_told.reserve(history.told_assignments.size());
  for (const AssignmentRecord& r : history.assignments) {
    on_record.push_back(
        {r.agent, r.id, r.started, r.ended.value_or(absl::InfiniteFuture()), r.weight});
  }
  for (const ToldAssignment& t : history.told_assignments) {
    as_told.push_back({t.agent, t.id, t.from, t.until.value_or(absl::InfiniteFuture()), 1});
  }
  Findings findings = FindCrowding(on_record, history.capacity, "on record");
  Append(FindCrowding(as_told, history.capacity, "as told"), findings);
  return findings;
}

Findings FindDisagreements(const History& history) {
  Findings findings;
  const auto tickets = ById(history.tickets);
  for (const ToldTicket& told : history.told_tickets) {
    if (const TicketRecord* record = Find(tickets, told.id)) CheckTold(told, *record, findings);
  }
  const auto told_assignments = ById(history.told_assignments);
  std::map<std::string, const AssignmentRecord*> last;
  for (const AssignmentRecord& record : history.assignments) {
    const ToldAssignment* told = Find(told_assignments, record.id);
    if (told != nullptr) {
      CheckTold(*told, record, findings);
    } else if (!record.customer_left) {
      findings.push_back(absl::StrCat("assignment ", record.id, " is on record, and ", record.agent,
                                      " was never told of it"));
    }
    if (Find(tickets, record.ticket) == nullptr) {
      findings.push_back(absl::StrCat("assignment ", record.id, " is of ticket ", record.ticket,
                                      ", which intake does not have"));
    }
    const AssignmentRecord*& latest = last[record.ticket];
    if (latest == nullptr || latest->started < record.started) latest = &record;
  }
  for (const TicketRecord& ticket : history.tickets) {
    CheckServices(ticket, Find(last, ticket.id), findings);
  }
  return findings;
}

}  // namespace muster::replay
