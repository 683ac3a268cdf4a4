// What MatcherService asks of the pools that this process serves.
//
// Everything is answered through `done`, exactly once: on the sequencer thread that owns the pool,
// so `done` must be quick and must not block; or at once, from within the call, with UNAVAILABLE
// (reason POOL_NOT_SERVED) or RESOURCE_EXHAUSTED (reason MATCHER_BUSY).
//
// Threading: thread-safe.
//
//   operations.Requeue({.pool_id = "bank", .ticket_id = "t-1", .reason = "agent's phone broke"},
//                      [reply](absl::StatusOr<OperationResult> result) { ... });
//   operations.PendingOffers({.pool_id = "bank", .agent_id = "ann"},
//                            [reply](absl::StatusOr<std::vector<PendingOffer>> offers) { ... });
//   operations.Inspect("bank", [reply, window](absl::StatusOr<PoolView> view) {
//     if (view.ok()) Fill(view->engine.Queues(), view->statistics, window, reply);
//   });
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/matcher/engine/engine.h"
#include "services/matcher/tape/recorder.h"

namespace muster::matcher {

class PoolStatistics;  // services/matcher/domain/statistics.h

// Names the request that a change on record came from; goes with the mutation into the `request`
// table. Empty `request_id`: none.
struct RequestRef {
  std::string request_id;
  int64_t fingerprint = 0;
};

struct RequeueOperation {
  std::string pool_id;
  std::string ticket_id;
  std::string reason;
  RequestRef request;
};

struct TransferOperation {
  std::string pool_id;
  std::string ticket_id;
  std::string to_queue_id;  // one of the two, or both
  std::string to_agent_id;
  std::string reason;
  RequestRef request;
};

// Given once it is on record.
struct OperationResult {
  std::optional<std::string> ended_assignment_id;
};

struct OfferFilter {
  std::string pool_id;    // required
  std::string agent_id;   // empty: any
  std::string ticket_id;  // empty: any
};

struct PendingOffer {
  std::string offer_id;  // "<pool>/<epoch>/<number>"
  engine::OfferView view;
  absl::Duration waited;                   // by the ticket, when the offer was made
  std::optional<absl::Time> receive_time;  // when the device reported it
};

// A queue as intake's feed tells it, as far as statistics need it.
struct QueueFacts {
  std::string display_name;
  absl::Duration target_wait;
};

// Valid within `done` only.
struct PoolView {
  absl::Time now;
  const engine::Engine& engine;
  const PoolStatistics& statistics;
  const std::map<std::string, QueueFacts>& queues;
};

// A part of the tape of a run.
struct TapeView {
  tape::TapeHead head;
  tape::TapePart part;
};

struct MatcherInfo {
  std::string matcher_id;
  std::string address;
  int pools = 0;      // that it holds
  bool takes = true;  // false: it is leaving, or cannot reach intake
};
struct MatcherList {
  std::vector<MatcherInfo> matchers;  // whose lease goes on, in order of id
  int pools_without_holder = 0;
};

class PoolOperations {
 public:
  template <class T>
  using Done = absl::AnyInvocable<void(absl::StatusOr<T>)>;

  virtual ~PoolOperations() = default;

  // To its old place in its queue. FAILED_PRECONDITION, reason TICKET_NOT_LIVE, if it has ended or
  // is not known.
  virtual void Requeue(RequeueOperation operation, Done<OperationResult> done) = 0;
  // The same, with another queue or an agent named.
  virtual void Transfer(TransferOperation operation, Done<OperationResult> done) = 0;
  // Open offers, newest first.
  virtual void PendingOffers(OfferFilter filter, Done<std::vector<PendingOffer>> done) = 0;
  // A look at the pool between two events.
  virtual void Inspect(std::string pool_id, Done<PoolView> done) = 0;
  // The tape from `from`, which is 0 or an earlier part's `next`. FAILED_PRECONDITION, reason
  // TAPE_OFF, if none is kept.
  virtual void ReadTape(std::string pool_id, uint64_t from, Done<TapeView> done) = 0;
  // The pools served now, in order of id.
  virtual std::vector<std::string> Pools() const = 0;
  // Where the matcher answers that holds the pool, if it is another one.
  virtual std::optional<std::string> AddressOf(const std::string& pool_id) const = 0;
  // All, as this one knows of them.
  virtual MatcherList Matchers() const = 0;
};

}  // namespace muster::matcher
