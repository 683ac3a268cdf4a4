// What can be done to intake's truth, and what comes of it. A store applies these in batches, see
// storage/store.h; what each does is in workspace.h.
//
// Threading: values.
//
//   Mutation mutation{.act = CreateTicket{ticket}, .request = {"order-17", fingerprint},
//                     .now = clock.Now()};
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/time/time.h"
#include "services/intake/domain/pool.h"
#include "services/intake/domain/ticket.h"

namespace muster::intake {

struct CreatePool {
  Pool pool;
};
struct UpdatePool {
  Pool pool;
  std::string etag;  // empty: whatever it is now
};
struct DeletePool {
  std::string pool_id;
  std::string etag;
};
struct ApplyPool {
  Pool pool;
  std::vector<Queue> queues;
  bool validate_only = false;
};
struct CreateQueue {
  Queue queue;
};
struct UpdateQueue {
  Queue queue;
  std::string etag;
};
struct DeleteQueue {
  std::string pool_id;
  std::string queue_id;
  std::string etag;
};
struct CreateTicket {
  Ticket ticket;  // with its ticket_id
};
struct CancelTicket {
  std::string ticket_id;
  std::string reason;
  bool even_if_assigned = false;
};
struct ReleaseTicket {
  std::string ticket_id;
};

// One thing that became of a ticket, as the matcher tells it.
struct ProgressEntry {
  std::string ticket_id;
  int64_t progress_revision = 0;
  absl::Time time;
  // kAssigned, kRequeued, kResolved, kExpired or kHeld; nothing if the matcher did not say.
  std::optional<TicketEvent> event;
  std::string assignment_id;       // kAssigned, kResolved
  std::string agent_id;            // kAssigned
  std::string agent_display_name;  // kAssigned
  std::string queue_id;            // kRequeued: the queue it moved to, if any
  std::string preferred_agent_id;  // kRequeued: whom it is now meant for, if anybody
  bool interrupted = false;        // kRequeued: its agent was lost in the middle of the work
  std::string reason;              // kRequeued, kHeld; the disposition of kResolved
  int refusals = 0;                // kHeld
};
struct RecordProgress {
  std::string pool_id;
  std::vector<ProgressEntry> entries;
};

// Who asked, for the memory of requests. An empty id is not remembered.
struct RequestMark {
  std::string request_id;
  int64_t fingerprint = 0;
};

struct Mutation {
  std::variant<CreatePool, UpdatePool, DeletePool, ApplyPool, CreateQueue, UpdateQueue, DeleteQueue,
               CreateTicket, CancelTicket, ReleaseTicket, RecordProgress>
      act;
  RequestMark request;
  absl::Time now;
};

enum class ApplyOutcome { kCreated = 1, kUpdated = 2, kUnchanged = 3, kDeleted = 4 };

struct AppliedPool {
  Pool pool;
  std::vector<Queue> queues;  // as they are now, in order of id
  ApplyOutcome pool_outcome = ApplyOutcome::kUnchanged;
  struct QueueOutcome {
    std::string queue_id;
    ApplyOutcome outcome;
    bool operator==(const QueueOutcome&) const = default;
  };
  std::vector<QueueOutcome> queue_outcomes;  // in order of id
};

enum class ProgressOutcome { kApplied = 1, kStale = 2, kRejected = 3 };

struct ProgressAnswer {
  std::string ticket_id;
  ProgressOutcome outcome = ProgressOutcome::kRejected;
  TicketState state = TicketState::kUnspecified;
  bool operator==(const ProgressAnswer&) const = default;
};

struct Deleted {};

using Outcome =
    std::variant<Deleted, Pool, Queue, Ticket, AppliedPool, std::vector<ProgressAnswer>>;

// What one commit changed in one pool: what a feed has to tell. Rows as they are after the commit.
struct PoolChange {
  std::string pool_id;
  int64_t from_revision = 0;  // the pool's before the commit
  int64_t to_revision = 0;
  std::optional<Pool> pool;  // if it was itself changed
  std::vector<Queue> queues;
  struct DeletedQueue {
    std::string queue_id;
    int64_t revision = 0;
    bool operator==(const DeletedQueue&) const = default;
  };
  std::vector<DeletedQueue> deleted_queues;
  std::vector<Ticket> tickets;  // also those that have ended
  // Of each ticket, if known: what it was before, kUnspecified for a new one.
  std::vector<TicketState> states_before;
  bool pool_deleted = false;
};

}  // namespace muster::intake
