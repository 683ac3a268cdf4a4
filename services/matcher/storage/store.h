// The matcher's records: which matcher holds a pool, who was offered what, who serves whom.
//
// Changes are mutations, given to Submit; they go through the committer of the service in the order
// of submission, many to a transaction. Each names the pool and the epoch under which its matcher
// holds it: once another has taken the pool, it fails with ABORTED, reason EPOCH_LOST, and has
// changed nothing. A mutation that is submitted or applied twice is done once, and has the same
// outcome again.
//
// Errors, beside those of the committer (RESOURCE_EXHAUSTED, UNAVAILABLE, DEADLINE_EXCEEDED):
//   RecordAssignment    FAILED_PRECONDITION TICKET_ALREADY_ASSIGNED  another live one has the
//   ticket
//                       FAILED_PRECONDITION CAPACITY_EXCEEDED        more than the agent can take
//   StartWrapUp         NOT_FOUND ASSIGNMENT_NOT_FOUND, FAILED_PRECONDITION ALREADY_COMPLETED or
//                       ASSIGNMENT_ENDED (it ended as TRANSFERRED or LOST)
//   EndAssignment       the same, and INVALID_ARGUMENT REQUEST_ID_REUSED. An agent's repeated
//                       complete with the same body is OK, whatever its request id.
//   RecordMove          INVALID_ARGUMENT REQUEST_ID_REUSED; FAILED_PRECONDITION TICKET_NOT_LIVE if
//                       the assignment to be ended has ended in another way
//
// Threading: thread-safe. `done` is called exactly once, on the committer's thread, on one of the
// read pool's, or from within the call when that is refused; it must not block.
//
//   store.Submit(RecordAssignment{{"bank", epoch}, assignment, agent.capacity}, deadline,
//                [](absl::StatusOr<Outcome> outcome) { ... outcome->assignment ... });
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/page_token.h"
#include "services/matcher/domain/decision_record.h"
#include "services/matcher/domain/records.h"
#include "services/matcher/storage/lease_store.h"

namespace muster::matcher {

// ---- mutations

// Each is made under a hold on its pool (lease_store.h).

// The agent accepted. `assignment` is ACTIVE; its offer, which is ACCEPTED by this, needs no record
// of its own: it is read back from the assignment.
struct RecordAssignment {
  Hold hold;
  Assignment assignment;
  // The agent's, as the matcher knows it now. It bounds what is accepted from now on; work that the
  // agent already has is never touched by a capacity that was lowered.
  int capacity = 1;
  std::vector<DecisionRecord> decisions;  // see RecordDecisions
};

struct StartWrapUp {
  Hold hold;
  std::string assignment_id;
  std::string ticket_id;
  absl::Time time;
  absl::Time until;  // when the after-work time runs out
};

struct EndAssignment {
  Hold hold;
  std::string assignment_id;
  std::string ticket_id;
  AssignmentState state = AssignmentState::kCompleted;  // or kTransferred, kLost
  std::string end_reason;                               // see records.h
  std::string disposition;
  std::string note;
  absl::Time time;
  // The agent's complete, if it was one; empty if the end came from elsewhere.
  std::string request_id;
  std::vector<DecisionRecord> decisions;  // see RecordDecisions
};

// Intake had the customer's leaving on record before it heard of this assignment, which has been
// completed meanwhile. Intake's word counts: the end reason becomes kCustomerLeft, and nothing else
// changes. The outcome has no assignment if there is none that was completed.
struct RecordCustomerLeft {
  Hold hold;
  std::string assignment_id;
  std::string ticket_id;
};

// An offer that ended without being accepted.
struct RecordOfferEnded {
  Hold hold;
  Offer offer;                            // not PENDING, not ACCEPTED; `end_time` is set
  std::vector<DecisionRecord> decisions;  // see RecordDecisions
};

// Operations took a ticket back, or moved it. Ends the assignment that `move` names.
struct RecordMove {
  Hold hold;
  TicketMove move;
  std::string end_reason;  // of the assignment: kRequeued or kTransferred
  // The request: repeated, it gets the first outcome. Empty id: none.
  std::string request_id;
  int64_t fingerprint = 0;
};

// Why offers were made, of this pool. They mostly ride along with the mutations above, and are then
// written whatever becomes of those; one that is there already is left as it is.
struct RecordDecisions {
  Hold hold;
  std::vector<DecisionRecord> decisions;
};

using Mutation = std::variant<RecordAssignment, StartWrapUp, EndAssignment, RecordCustomerLeft,
                              RecordOfferEnded, RecordMove, RecordDecisions>;

struct Outcome {
  // The assignment that it began, ended or changed, and whose that is. Empty: none.
  std::string assignment_id, agent_id;
  // It had been done before; this changed nothing.
  bool repeated = false;
};

// ---- queries

// Most ids that FindLatestAssignments and FindMoves take at once.
inline constexpr int kMaxIdsPerQuery = 10'000;
// Most offers, and most assignments, that LoadHistory gives: the newest.
inline constexpr int kMaxHistory = 200'000;

// Newest first. Empty filters match everything.
struct OfferQuery {
  std::string pool_id;  // required
  std::vector<OfferState> states;
  std::string agent_id;
  std::string ticket_id;
  int64_t before_sequence = 0;  // only older ones than this; 0: from the newest
  int limit = kDefaultPageSize;
};

struct AssignmentQuery {
  std::string pool_id;  // required
  std::vector<AssignmentState> states;
  std::string agent_id;
  std::string ticket_id;
  std::string queue_id;
  bool oldest_first = false;
  int64_t after_sequence = 0;  // only what follows this in the order asked for; 0: from the start
  int limit = kDefaultPageSize;
};

// Newest first: about a ticket, or about an agent.
struct DecisionQuery {
  std::string pool_id;
  std::string ticket_id;  // one of the two
  std::string agent_id;
  int64_t before_sequence = 0;  // only older ones than this; 0: from the newest
  int limit = kDefaultPageSize;
};

// What statistics are seeded from, oldest first: everything that ended since, and live assignments.
struct History {
  std::vector<Offer> offers;  // ended without acceptance
  std::vector<Assignment> assignments;
};

// What is remembered of an answered request of operations.
struct AnsweredRequest {
  int64_t fingerprint = 0;
  std::string ended_assignment_id;  // empty: none
};

class Store {
 public:
  template <class T>
  using Done = absl::AnyInvocable<void(absl::StatusOr<T>)>;

  virtual ~Store() = default;

  // Who holds which pool. Its calls block, unlike these here.
  virtual LeaseStore& leases() = 0;

  virtual void Submit(Mutation mutation, absl::Time deadline, Done<Outcome> done) = 0;

  // In order of their offers' making.
  virtual void LoadLiveAssignments(std::string pool_id, absl::Time deadline,
                                   Done<std::vector<Assignment>> done) = 0;
  // The latest of each ticket, live or ended; tickets without any are left out.
  virtual void FindLatestAssignments(std::string pool_id, std::vector<std::string> ticket_ids,
                                     absl::Time deadline, Done<std::vector<Assignment>> done) = 0;
  // The latest of each ticket, as above.
  virtual void FindMoves(std::string pool_id, std::vector<std::string> ticket_ids,
                         absl::Time deadline, Done<std::vector<TicketMove>> done) = 0;
  // NOT_FOUND: OFFER_NOT_FOUND, ASSIGNMENT_NOT_FOUND. An accepted offer is found as well.
  virtual void GetOffer(std::string offer_id, absl::Time deadline, Done<Offer> done) = 0;
  virtual void GetAssignment(std::string assignment_id, absl::Time deadline,
                             Done<Assignment> done) = 0;
  virtual void ListOffers(OfferQuery query, absl::Time deadline, Done<std::vector<Offer>> done) = 0;
  virtual void ListAssignments(AssignmentQuery query, absl::Time deadline,
                               Done<std::vector<Assignment>> done) = 0;
  virtual void ListDecisions(DecisionQuery query, absl::Time deadline,
                             Done<std::vector<RecordedDecision>> done) = 0;
  virtual void LoadHistory(std::string pool_id, absl::Time since, absl::Time deadline,
                           Done<History> done) = 0;
  virtual void FindRequest(std::string request_id, absl::Time deadline,
                           Done<std::optional<AnsweredRequest>> done) = 0;

  // Whether the records answered when they were last asked.
  virtual bool Healthy() const = 0;
  // Waits until everything that was submitted has its outcome.
  virtual void Drain() = 0;
};

}  // namespace muster::matcher
