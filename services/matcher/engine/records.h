// What the engine keeps: queues, lines, tickets, agents, offers, assignments, as records that name
// each other by index. Internal to the engine; core.h says how they change.
//
// A line is the tickets with the same demands: of one queue, with the same extra skills and
// language, or reserved for the same agent. Its waiting tickets stand in order of urgency, and the
// agents that could take one at this moment in the order in which they would be asked:
//
//   line.waiting: [t7, t9, t4]    line.idle: []        a new agent takes t7
//   line.waiting: []              line.idle: [ann, bo] a new ticket goes to ann
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/btree_set.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "services/matcher/engine/slab.h"
#include "services/matcher/engine/types.h"

namespace muster::engine {

// Text ids to indices. absl::string_view may be another type than std's.
using IdMap = absl::flat_hash_map<std::string, Index>;

inline Index Find(const IdMap& map, std::string_view id) {
  const auto it = map.find(absl::string_view(id.data(), id.size()));
  return it == map.end() ? kNone : it->second;
}

// A skill by index, at least or exactly at this level.
struct Level {
  Index skill = kNone;
  int level = 0;

  friend bool operator==(const Level&, const Level&) = default;
  friend bool operator<(const Level& a, const Level& b) {
    return a.skill != b.skill ? a.skill < b.skill : a.level < b.level;
  }
};
using Levels = std::vector<Level>;  // by skill, each once

// A ticket's place in its line and its queue.
struct TicketKey {
  absl::Time rank;  // create_time less all priority ahead
  absl::Time create_time;
  const std::string* id = nullptr;  // of the ticket's record, which outlives its keys
  Index ticket = kNone;

  friend bool operator<(const TicketKey& a, const TicketKey& b) {
    if (a.rank != b.rank) return a.rank < b.rank;
    if (a.create_time != b.create_time) return a.create_time < b.create_time;
    return *a.id < *b.id;
  }
};

// An agent's place in the lines it stands in.
struct AgentKey {
  bool working = false;  // has an offer or an assignment, and capacity left
  absl::Time idle_since;
  const std::string* id = nullptr;
  Index agent = kNone;

  friend bool operator<(const AgentKey& a, const AgentKey& b) {
    if (a.working != b.working) return b.working;
    if (a.idle_since != b.idle_since) return a.idle_since < b.idle_since;
    return *a.id < *b.id;
  }
};

// What makes a line within its queue.
struct LineKey {
  Levels extra;
  Index language = kNone;    // any
  Index only_agent = kNone;  // reserved for this one; then the others are empty

  friend bool operator<(const LineKey& a, const LineKey& b) {
    if (a.language != b.language) return a.language < b.language;
    if (a.only_agent != b.only_agent) return a.only_agent < b.only_agent;
    return a.extra < b.extra;
  }
};

struct LineRecord {
  Index queue = kNone;
  LineKey key;
  Levels needs;  // the queue's and the extra ones
  Index key_skill =
      kNone;  // the one of `needs` that the line is filed under; none if there are none
  std::uint32_t weight = 1;
  absl::btree_set<TicketKey> waiting;
  absl::btree_set<AgentKey> idle;
  std::uint32_t fitting = 0;  // registered agents that fit, whatever they do
  std::uint64_t emptied = 0;  // when the last ticket left, by count; 0: somebody waits
};

struct QueueRecord {
  std::string id;
  bool exists = false;  // false: only known from a ticket or an assignment
  QueueRules rules;
  Levels needs;
  absl::btree_map<LineKey, Index> lines;
  absl::btree_set<std::pair<absl::Time, Index>> unassigned;  // tickets by create_time
  std::uint64_t waiting = 0;
  std::uint64_t offered = 0;
  std::uint64_t assigned = 0;
  std::uint64_t wrap_up = 0;
  std::uint64_t references = 0;  // tickets and assignments that name it
};

// An agent that may not see this ticket before `until`.
struct Price {
  std::uint64_t agent_serial = 0;
  absl::Time until;
};

struct TicketRecord {
  TicketSpec spec;
  Index queue = kNone;
  TicketState state = TicketState::kWaiting;
  Index line = kNone;        // while it waits and its queue exists
  Index offer = kNone;       // while kOffered
  Index assignment = kNone;  // while kAssigned or kServed
  Index only_agent = kNone;  // transferred to this agent
  TicketKey key;             // while in a line
  absl::Time lives_from;     // time_to_live counts from here: create_time, or when it was put back
  absl::Time expire_at = absl::InfiniteFuture();  // a timer runs, unless infinite
  std::vector<Price> prices;
  absl::Time price_timer = absl::InfiniteFuture();  // the earliest of them
};

struct AgentRecord {
  AgentSpec spec;
  bool registered = false;
  std::uint64_t serial = 0;  // never used again, unlike the index
  Levels skills;
  std::vector<Index> languages;  // sorted
  std::uint32_t busy = 0;        // units of assignments
  std::uint32_t reserved = 0;    // units of offers
  absl::Time idle_since = absl::InfinitePast();
  std::vector<Index> lines;           // that it fits, sorted
  std::vector<Index> reserved_lines;  // with it as only_agent
  std::vector<Index> offers;          // oldest first
  std::vector<Index> assignments;     // oldest first
  // Whether it stands in the lines that it fits and has room for, and how.
  bool standing = false;
  std::uint32_t stood_free = 0;
  AgentKey stood_key;
};

struct OfferRecord {
  std::uint64_t number = 0;
  Index ticket = kNone;
  Index agent = kNone;
  Index queue = kNone;
  std::uint32_t weight = 1;
  absl::Time make_time;
  absl::Time deadline;
  absl::Duration offer_timeout;
  bool acknowledged = false;
};

struct AssignmentRecord {
  AssignmentId id;
  std::string ticket_id;
  Index ticket = kNone;
  Index agent = kNone;
  Index queue = kNone;
  std::uint32_t weight = 1;
  AssignmentState state = AssignmentState::kActive;
  absl::Time assign_time;
  absl::Time wrap_up_deadline = absl::InfiniteFuture();
};

// What became of an offer, for those who ask late.
struct EndedOffer {
  std::uint64_t number = 0;
  std::string agent_id;
  OfferOutcome outcome = OfferOutcome::kRevoked;
  bool completed = false;  // its assignment, too, is over
};

}  // namespace muster::engine
