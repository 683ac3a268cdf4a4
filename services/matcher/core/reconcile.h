// What intake has to be told when a matcher takes a pool over: intake's snapshot held against the
// matcher's own records. There is no outbox; what differs is told again.
//
// Pure. Threading: none of its own.
//
//   Reconciliation r = Reconcile(ticket, latest_assignment, latest_move);
//   // QUEUED at intake, but ann is at work on it here: {kServed, {Assigned}}
#pragma once

#include <vector>

#include "muster/intake/v1/intake.pb.h"
#include "muster/intake/v1/ticket.pb.h"
#include "services/matcher/domain/records.h"

namespace muster::matcher {

enum class Standing {
  kWaiting,  // for an agent
  kServed,   // somebody is at work on it
  kOver,     // the conversation has ended
};

struct Reconciliation {
  Standing standing = Standing::kWaiting;
  // In order, without revisions. `Assigned` lacks the agent's display name.
  std::vector<intake::v1::ProgressEntry> entries;
};

// `ticket` is live at intake (not ended). `assignment` is the ticket's latest here, live or ended,
// and `move` the latest of operations; null if there is none.
Reconciliation Reconcile(const intake::v1::Ticket& ticket, const Assignment* assignment,
                         const TicketMove* move);

// What intake hears of that move.
intake::v1::ProgressEntry::Requeued ToRequeued(const TicketMove& move);

}  // namespace muster::matcher
