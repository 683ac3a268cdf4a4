// What the engine keeps: queues, lines, tickets, agents, works, as records that name each other by
// index. Internal to the engine; core.h says how they change.
//
// A line is the tickets with the same demands: of one queue and relax step, with the same extra
// skills and language, or reserved for the same agent. Its waiting tickets stand in order of rank;
// the agents that could take one at this moment stand in groups that count the same there, each
// group in order of idleness:
//
//   line.waiting: [t7, t9, t4]    no agent            a freed agent takes t7
//   line.waiting: []              groups: [ann, bo]   a new ticket goes to the best group's first
//
// A work is an offer, and then the assignment that it becomes.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/inlined_vector.h"
#include "absl/time/time.h"
#include "services/matcher/engine/id_text.h"
#include "services/matcher/engine/lane.h"
#include "services/matcher/engine/limits.h"
#include "services/matcher/engine/nanos.h"
#include "services/matcher/engine/slab.h"
#include "services/matcher/engine/types.h"

namespace muster::engine {

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

// What makes a line within its queue.
struct LineKey {
  Levels extra;
  Index language = kNone;    // any
  Index only_agent = kNone;  // reserved for this one; then the others are as if not asked for
  int step = 0;              // relax steps taken

  friend bool operator<(const LineKey& a, const LineKey& b) {
    if (a.step != b.step) return a.step < b.step;
    if (a.language != b.language) return a.language < b.language;
    if (a.only_agent != b.only_agent) return a.only_agent < b.only_agent;
    return a.extra < b.extra;
  }
};

// How an agent falls short of what a line wants.
struct Misfit {
  std::uint16_t levels = 0;
  bool language = false;

  friend bool operator==(const Misfit&, const Misfit&) = default;
  friend bool operator<(const Misfit& a, const Misfit& b) {
    return a.levels != b.levels ? a.levels < b.levels : a.language < b.language;
  }
};

struct LineFit {
  Index line = kNone;
  Misfit misfit;
};

// Agents that stand in a line and count the same there, but for their idleness.
struct Group {
  Misfit misfit;
  bool short_of_units = false;  // too few are free for the line's weight: it may claim them
  std::uint32_t worth = 0;      // of AgentRecord
  Nanos loaded = 0;
  Heap4 idle;                // by `value`; may hold dead entries
  std::size_t sweep_at = 0;  // the size at which they are swept out

  bool Is(const Group& g) const {
    return misfit == g.misfit && short_of_units == g.short_of_units && worth == g.worth &&
           loaded == g.loaded;
  }
};

// What a freed agent looks at, kept close together for all lines: one line of cache each.
struct alignas(64) LineHead {
  Nanos rank = kNever;  // of the first waiting ticket
  Index first = kNone;  // none: nobody waits, or the queue makes no offers
  Index more = kNone;   // the first ticket that more agents may see
  Nanos half_target = 0;
  Nanos boost = 0;
  std::uint32_t weight = 1;
  std::uint32_t worth = 0;     // `learnt` in steps of the bound
  std::uint32_t eligible = 0;  // agents that stand in the line with room for its weight
  bool priced = false;         // some have declined the first ticket
};

// The records below begin with what every decision touches.
struct alignas(64) LineRecord {
  Index queue = kNone;
  Index last = kNone;  // the line of the same tickets after the last step
  Lane waiting;        // by rank
  std::vector<Group> groups;
  Nanos learnt = 0;                   // waits at the match, averaged: what an agent is worth here
  std::uint64_t emptied = 0;          // when the last ticket left, by count; 0: it is in use
  std::uint32_t prioritised = 0;      // tickets that wait with priority of their own
  std::uint32_t leaning = 0;          // lines that have this one as `last`
  std::uint32_t fitting = 0;          // registered agents that fit, whatever they do
  std::uint32_t fitting_offline = 0;  // of them: offline or cut off
  std::uint32_t fitting_paused = 0;   // of them: paused or draining
  std::uint32_t skilled = 0;          // registered agents with the skills, whatever they speak
  std::uint32_t speaking = 0;         // of them: with the language, whatever their capacity
  Index speaks = kNone;               // the language that it must speak
  Index key_skill = kNone;            // the one of `needs` that the line is filed under, if any
  LineKey key;
  Levels needs;  // at this step: what an agent must have
  Levels wants;  // what it is priced against
  Lane more;     // offered, but to fewer agents than may see it at once

  void Clear() { *this = LineRecord(); }
};

struct alignas(64) QueueRecord {
  IdText id;
  bool exists = false;  // false: only known from a ticket or an assignment
  bool paused = false;
  std::uint32_t weight = 1;
  Index plain_line = kNone;  // the one without extra demands, at step 0
  std::uint32_t offers_at_once = 1;
  std::uint64_t references = 0;  // tickets and works that name it
  std::uint64_t waiting = 0;
  std::uint64_t offered = 0;
  std::uint64_t assigned = 0;
  std::uint64_t wrap_up = 0;
  Nanos ahead = 0;
  Nanos time_to_live = kNever;
  Nanos claim_after = 0;
  Nanos half_target = 0;
  Nanos boost = 0;
  Nanos level_price = 0;
  Nanos language_price = 0;
  Nanos known_bonus = 0;
  absl::Duration offer_timeout;
  absl::Duration to_acknowledge;
  QueueRules rules;
  Levels needs;
  Levels preferred;
  std::vector<Levels> relaxed;  // by step: the levels that it names, all steps before included
  absl::btree_map<LineKey, Index> lines;

  void Clear() { *this = QueueRecord(); }
};

// An agent that may not see this ticket before `until`.
struct Price {
  Index agent = kNone;
  std::uint64_t agent_serial = 0;  // the index may be another's by now
  Nanos until = 0;
};

struct alignas(64) TicketRecord {
  Nanos create = 0;
  Nanos rank = 0;  // create less all priority ahead; while in a line
  Index queue = kNone;
  Index line = kNone;      // while it waits or may be offered to more, and its queue exists
  std::uint32_t hash = 0;  // of the id
  TicketState state = TicketState::kWaiting;
  bool waits = false;   // stands in line.waiting
  bool shared = false;  // stands in line.more
  std::uint8_t offers = 0;
  std::uint8_t step = 0;
  Index assignment = kNone;                             // while kAssigned or kServed
  std::array<Index, limits::kMaxOffersAtOnce> offer{};  // while kOffered: the first `offers`
  Index claim = kNone;                                  // the agent whose units are kept for it
  Index preferred = kNone;
  Index only_agent = kNone;         // transferred to this agent
  std::uint32_t fan_place = kNone;  // in its preferred agent's list
  std::uint32_t refusals = 0;
  Nanos waits_since = 0;     // when it came, or came back, to wait
  Nanos priority = 0;        // its own, and what an interrupted one is ahead
  Nanos expire_at = kNever;  // timers, each running unless kNever
  Nanos relax_at = kNever;
  Nanos claim_at = kNever;
  Nanos price_at = kNever;
  Nanos lives_from = 0;  // time_to_live counts from here: create, or when it was put back
  Index language = kNone;
  bool interrupted = false;
  IdText id;
  std::vector<Price> prices;
  Levels extra;

  void Clear() {  // field by field: it is done for every ticket
    id.Clear();
    line = assignment = claim = preferred = only_agent = fan_place = language = kNone;
    waits = shared = interrupted = false;
    offers = step = 0;
    refusals = 0;
    priority = 0;
    expire_at = relax_at = claim_at = price_at = kNever;
    prices.clear();
    extra.clear();
  }
};

// What is seldom looked at.
struct AgentProfile {
  AgentSpec spec;  // as told last; `agent_id` is the record's
  Levels skills;
  std::vector<Index> languages;       // sorted
  std::vector<Index> reserved_lines;  // with it as only_agent

  void Clear() { *this = AgentProfile(); }
};

struct alignas(64) AgentRecord {
  Nanos value = kLongAgo;  // idle_since less what earlier idleness still counts
  Nanos idle_since = kLongAgo;
  std::uint32_t capacity = 0;
  std::uint32_t busy = 0;               // units of assignments
  std::uint32_t reserved = 0;           // units of offers
  std::uint32_t offers = 0;             // open ones
  std::vector<LineFit> lines;           // that it fits, sorted
  absl::InlinedVector<Index, 4> works;  // offers and assignments, oldest first
  Index claim = kNone;                  // the ticket that its units are kept for
  std::uint32_t worth = 0;              // the highest of its lines, when it became idle
  Presence presence = Presence::kOffline;
  bool registered = false;
  bool at_work = false;          // ONLINE and connected
  bool standing = false;         // in the lines that it fits
  bool loose = false;            // about to be matched, or to stand
  std::uint32_t stood_free = 0;  // while it stands
  std::uint32_t ignored = 0;     // offers in a row that it let pass
  std::uint32_t references = 0;  // tickets that prefer it
  std::uint64_t serial = 0;      // never used again, unlike the index
  std::vector<Index> fans;       // waiting tickets that prefer it
  IdText id;

  void Clear() {
    std::vector<LineFit> room = std::move(lines);
    std::vector<Index> more_room = std::move(fans);
    std::destroy_at(this);
    std::construct_at(this);
    lines = std::move(room);
    lines.clear();
    fans = std::move(more_room);
    fans.clear();
  }
};

enum class WorkState : std::uint8_t { kOffer, kActive, kWrapUp };

struct alignas(64) WorkRecord {
  OfferId id;
  Index ticket = kNone;
  Index agent = kNone;
  Index queue = kNone;
  std::uint32_t weight = 1;
  Nanos deadline = kNever;  // of the offer, or of the wrap-up
  Nanos assigned = 0;
  Nanos credit = 0;  // idleness of the agent when it began, within the fair window
  WorkState state = WorkState::kOffer;
  bool acknowledged = false;
  std::uint32_t place = kNone;  // in the list of pending offers
  Nanos made = 0;               // the offer
  absl::Duration offer_timeout;

  void Clear() { *this = WorkRecord(); }
};

// What became of an offer, for those who ask late.
struct EndedOffer {
  std::uint64_t number = 0;
  IdText agent_id;
  OfferOutcome outcome = OfferOutcome::kRevoked;
  bool completed = false;  // its assignment, too, is over
};

}  // namespace muster::engine
