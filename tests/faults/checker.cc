#include "tests/faults/checker.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace muster::faults {
namespace {

// All clocks of a run are one machine's; what is beyond this is no matter of rounding.
constexpr int64_t kStampSlackUs = 1'000'000;

using Key = std::pair<std::string, std::string>;  // pool, agent

struct Index {
  explicit Index(const Records& records) {
    for (const TicketRecord& ticket : records.tickets) tickets[ticket.ticket_id] = &ticket;
    for (const AssignmentRecord& work : records.assignments) {
      assignments[work.assignment_id] = &work;
      by_ticket[work.ticket_id].push_back(&work);
      by_agent[{work.pool_id, work.agent_id}].push_back(&work);
    }
    for (const AgentRecord& agent : records.agents) {
      agents[{agent.pool_id, agent.agent_id}] = &agent;
    }
  }
  const TicketRecord* Ticket(const std::string& id) const { return Find(tickets, id); }
  const AssignmentRecord* Assignment(const std::string& id) const { return Find(assignments, id); }

  template <class Map>
  static typename Map::mapped_type Find(const Map& map, const typename Map::key_type& key) {
    const auto at = map.find(key);
    return at == map.end() ? typename Map::mapped_type{} : at->second;
  }

  std::map<std::string, const TicketRecord*> tickets;
  std::map<std::string, const AssignmentRecord*> assignments;
  std::map<std::string, std::vector<const AssignmentRecord*>> by_ticket;
  std::map<Key, std::vector<const AssignmentRecord*>> by_agent;
  std::map<Key, const AgentRecord*> agents;
};

struct Case {
  const std::vector<Entry>& history;
  const Records& records;
  const CheckOptions options;
  const Index index;
  std::vector<Violation> found;

  template <class... Parts>
  void Found(const char* rule, const Parts&... parts) {
    found.push_back({rule, absl::StrCat(parts...)});
  }
};

void Misnumbered(Case& c) {
  for (const Entry& e : c.history) {
    if (e.act == Act::kMisnumbered) c.Found("misnumbered", e.client, " was told ", e.detail);
  }
}

void LostTicket(Case& c, const Entry& e) {
  const TicketRecord* ticket = c.index.Ticket(e.ticket_id);
  if (ticket == nullptr) {
    c.Found("lost_ack", e.client, " was told of ticket ", e.ticket_id, " (request ", e.request_id,
            "), and there is none");
  } else if (ticket->customer_id != e.detail) {
    c.Found("lost_ack", "ticket ", e.ticket_id, " was made for ", e.detail, " and belongs to ",
            ticket->customer_id);
  }
}

void LostWork(Case& c, const Entry& e) {
  const AssignmentRecord* work = c.index.Assignment(e.work_id);
  if (work == nullptr) {
    c.Found("lost_ack", e.client, " was told yes to ", NameOf(e.act), " of ", e.work_id,
            ", and there is no such assignment");
  } else if (work->agent_id != e.client) {
    c.Found("lost_ack", e.work_id, " was given to ", e.client, " and belongs to ", work->agent_id);
  } else if (e.act == Act::kComplete &&
             (work->state != "COMPLETED" || work->disposition != e.detail)) {
    c.Found("lost_ack", e.client, " completed ", e.work_id, " as ", e.detail, "; on record it is ",
            work->state, " ", work->disposition);
  }
}

void LostAcks(Case& c) {
  std::map<Key, const Entry*> last_presence;
  for (const Entry& e : c.history) {
    if (e.told != Told::kYes) continue;
    if (e.act == Act::kCreate) LostTicket(c, e);
    if (e.act == Act::kCancel) {
      const TicketRecord* ticket = c.index.Ticket(e.ticket_id);
      if (ticket == nullptr || ticket->state != "CANCELLED") {
        c.Found("lost_ack", e.client, " cancelled ", e.ticket_id, "; on record it is ",
                ticket == nullptr ? "missing" : ticket->state);
      }
    }
    if (e.act == Act::kAccept || e.act == Act::kComplete || e.act == Act::kConfirmed) {
      LostWork(c, e);
    }
    if (e.act == Act::kPresence) last_presence[{e.pool_id, e.client}] = &e;
  }
  for (const auto& [key, e] : last_presence) {
    const AgentRecord* agent = Index::Find(c.index.agents, key);
    // The service may have put it offline since, in its own words.
    const bool kept = agent != nullptr &&
                      (agent->presence == "OFFLINE" ||
                       e->detail == absl::StrCat(agent->presence, " ", agent->presence_reason));
    if (!kept) {
      c.Found("lost_ack", key.second, " said ", e->detail, "; on record it is ",
              agent == nullptr ? "missing" : agent->presence, " ",
              agent == nullptr ? "" : agent->presence_reason);
    }
  }
}

void TwoEffects(Case& c) {
  std::map<std::string, const Entry*> first_yes;
  for (const Entry& e : c.history) {
    if (e.told != Told::kYes || e.request_id.empty()) continue;
    const auto [at, fresh] = first_yes.emplace(e.request_id, &e);
    if (fresh) continue;
    if (at->second->ticket_id != e.ticket_id || at->second->work_id != e.work_id) {
      c.Found("two_effects", "request ", e.request_id, " was told ", at->second->ticket_id,
              at->second->work_id, " first and ", e.ticket_id, e.work_id, " later");
    }
  }
  std::map<std::string, std::string> made;
  for (const TicketRecord& ticket : c.records.tickets) {
    if (ticket.request_id.empty()) continue;
    const auto [at, fresh] = made.emplace(ticket.request_id, ticket.ticket_id);
    if (!fresh) {
      c.Found("two_effects", "request ", ticket.request_id, " made tickets ", at->second, " and ",
              ticket.ticket_id);
    }
  }
}

// Whether the record shows that what `e` asked was done, by this very request where that is kept.
bool Done(const Case& c, const Entry& e) {
  const AssignmentRecord* work = c.index.Assignment(e.work_id);
  switch (e.act) {
    case Act::kCreate:
      return std::any_of(
          c.records.tickets.begin(), c.records.tickets.end(),
          [&](const TicketRecord& ticket) { return ticket.request_id == e.request_id; });
    case Act::kAccept:
      return work != nullptr && work->agent_id == e.client;
    case Act::kDecline:
      return false;
    case Act::kComplete:
      return work != nullptr && work->request_id == e.request_id;
    default:
      return false;
  }
}

void Contradictions(Case& c) {
  std::set<std::string> told_yes;
  for (const Entry& e : c.history) {
    if (e.told == Told::kYes) told_yes.insert(e.request_id);
  }
  for (const Entry& e : c.history) {
    if (e.told != Told::kNo || told_yes.count(e.request_id) > 0 || !Done(c, e)) continue;
    c.Found("contradiction", e.client, " was told no (", e.error, ") to ", NameOf(e.act), " ",
            e.work_id, e.ticket_id, " of request ", e.request_id, ", and it is on record");
  }
  for (const Entry& e : c.history) {
    if (e.told != Told::kYes || e.act != Act::kDecline) continue;
    if (c.index.Assignment(e.work_id) != nullptr) {
      c.Found("contradiction", e.client, " declined ", e.work_id, ", and it became an assignment");
    }
  }
}

void CompletedTwice(Case& c) {
  for (const auto& [ticket_id, works] : c.index.by_ticket) {
    const auto completed = std::count_if(works.begin(), works.end(),
                                         [](const auto* w) { return w->state == "COMPLETED"; });
    const auto live =
        std::count_if(works.begin(), works.end(), [](const auto* w) { return w->live(); });
    if (completed > 1 || live > 1) {
      c.Found("double_assignment", "ticket ", ticket_id, " was completed ", completed,
              " times, and is in hand ", live, " times");
    }
  }
}

void DoubleAssignments(Case& c) {
  CompletedTwice(c);
  if (c.options.clocks_jumped) return;
  for (const auto& [ticket_id, all] : c.index.by_ticket) {
    std::vector<const AssignmentRecord*> works = all;
    std::sort(works.begin(), works.end(),
              [](const auto* a, const auto* b) { return a->accept_us < b->accept_us; });
    for (size_t i = 1; i < works.size(); ++i) {
      const AssignmentRecord& before = *works[i - 1];
      if (before.live() || before.end_us > works[i]->accept_us) {
        c.Found("double_assignment", "ticket ", ticket_id, " was in hand as ", before.assignment_id,
                " when ", works[i]->assignment_id, " was accepted");
      }
    }
  }
}

void OverCapacity(Case& c) {
  if (c.options.clocks_jumped) return;
  for (const auto& [key, works] : c.index.by_agent) {
    const AgentRecord* agent = Index::Find(c.index.agents, key);
    if (agent == nullptr) continue;
    std::vector<std::pair<int64_t, int>> steps;  // at one moment, what ends goes first
    for (const AssignmentRecord* work : works) {
      steps.emplace_back(work->accept_us, work->weight);
      if (!work->live()) steps.emplace_back(work->end_us, -work->weight);
    }
    std::sort(steps.begin(), steps.end());
    int units = 0;
    for (const auto& [at, change] : steps) {
      units += change;
      if (units <= agent->capacity) continue;
      c.Found("over_capacity", "agent ", key.second, " had ", units, " units of ", agent->capacity,
              " in hand at ", at, " us");
      break;
    }
  }
}

void LoadMiscounted(Case& c) {
  for (const auto& [key, agent] : c.index.agents) {
    int units = 0;
    for (const AssignmentRecord* work : Index::Find(c.index.by_agent, key)) {
      if (work->live()) units += work->weight;
    }
    if (units != agent->load_units) {
      c.Found("load_miscounted", "agent ", key.second, " has ", units,
              " units in hand, and the matcher counts ", agent->load_units);
    }
  }
}

void RecordsDisagree(Case& c) {
  for (const TicketRecord& ticket : c.records.tickets) {
    int live = 0;
    for (const AssignmentRecord* work : Index::Find(c.index.by_ticket, ticket.ticket_id)) {
      live += work->live() ? 1 : 0;
    }
    const AssignmentRecord* work = c.index.Assignment(ticket.assignment_id);
    if (ticket.state == "RESOLVED" && (work == nullptr || work->agent_id != ticket.agent_id ||
                                       work->ticket_id != ticket.ticket_id)) {
      c.Found("records_disagree", "ticket ", ticket.ticket_id, " is RESOLVED by ",
              ticket.assignment_id, " of ", ticket.agent_id, "; the matcher knows of no such work");
    }
    if (ticket.final() && live > 0) {
      c.Found("records_disagree", "ticket ", ticket.ticket_id, " is ", ticket.state,
              ", and an agent is still at work on it");
    }
  }
}

void FormerOwner(Case& c) {
  std::map<std::string, const PoolRecord*> pools;
  for (const PoolRecord& pool : c.records.pools) pools[pool.pool_id] = &pool;
  for (const AssignmentRecord& work : c.records.assignments) {
    const PoolRecord* pool = Index::Find(pools, work.pool_id);
    if (pool == nullptr) continue;
    if (work.epoch > pool->epoch || (!c.options.clocks_jumped && work.epoch < pool->epoch &&
                                     work.accept_us > pool->taken_us + kStampSlackUs)) {
      c.Found("former_owner", "assignment ", work.assignment_id, " of epoch ", work.epoch,
              " was accepted at ", work.accept_us, " us; epoch ", pool->epoch, " began at ",
              pool->taken_us, " us");
    }
  }
}

void Stuck(Case& c) {
  for (const TicketRecord& ticket : c.records.tickets) {
    if (ticket.final()) continue;
    c.Found("stuck", "ticket ", ticket.ticket_id, " of ", ticket.pool_id, " is still ",
            ticket.state, " ", ticket.assignment_id);
  }
  for (const AssignmentRecord& work : c.records.assignments) {
    if (work.live()) {
      c.Found("stuck", "assignment ", work.assignment_id, " of ", work.agent_id, " is still ",
              work.state);
    }
  }
}

}  // namespace

std::vector<Violation> Check(const std::vector<Entry>& history, const Records& records,
                             CheckOptions options) {
  Case c{history, records, options, Index(records), {}};
  for (const auto rule : {Misnumbered, LostAcks, TwoEffects, Contradictions, DoubleAssignments,
                          OverCapacity, LoadMiscounted, RecordsDisagree, FormerOwner, Stuck}) {
    rule(c);
  }
  return std::move(c.found);
}

}  // namespace muster::faults
