#include "services/matcher/core/takeover.h"

#include <algorithm>
#include <utility>

#include "common/obs/log.h"
#include "services/matcher/convert.h"

namespace muster::matcher {
namespace {

namespace in = intake::v1;

template <class Row>
const Row* Find(const absl::flat_hash_map<std::string, const Row*>& rows, const std::string& id) {
  auto it = rows.find(id);
  return it == rows.end() ? nullptr : it->second;
}

template <class Row>
absl::flat_hash_map<std::string, const Row*> ByTicket(const std::vector<Row>& rows) {
  absl::flat_hash_map<std::string, const Row*> by_ticket;
  for (const Row& row : rows) by_ticket[row.ticket_id] = &row;
  return by_ticket;
}

}  // namespace

TakeoverResult HoldAgainst(TicketSnapshot snapshot, const std::vector<Assignment>& assignments,
                           const std::vector<TicketMove>& moves) {
  auto assignment_of = ByTicket(assignments);
  auto move_of = ByTicket(moves);
  TakeoverResult result;
  result.snapshot.revision = snapshot.revision;
  result.snapshot.queues = std::move(snapshot.queues);
  for (in::Ticket& ticket : snapshot.tickets) {
    if (ticket.state() != in::TICKET_STATE_QUEUED && ticket.state() != in::TICKET_STATE_ASSIGNED) {
      continue;  // HELD: not ours to give
    }
    const TicketMove* move = Find(move_of, ticket.ticket_id());
    Reconciliation r = Reconcile(ticket, Find(assignment_of, ticket.ticket_id()), move);
    for (in::ProgressEntry& entry : r.entries) result.entries.push_back(std::move(entry));
    if (r.standing == Standing::kOver) continue;
    if (r.standing == Standing::kWaiting) {
      ticket.set_state(in::TICKET_STATE_QUEUED);
      if (move != nullptr && move->progress_revision > ticket.progress_revision()) {
        PutWhereMoved(*move, &ticket);
      }
    } else {
      ticket.set_state(in::TICKET_STATE_ASSIGNED);
    }
    result.snapshot.tickets.push_back(std::move(ticket));
  }
  return result;
}

Takeover::Takeover(Store& store, Sequencer& sequencer, const Clock& clock, TakeoverOptions options,
                   TicketSnapshot snapshot, Done done)
    : store_(store),
      sequencer_(sequencer),
      clock_(clock),
      options_(std::move(options)),
      snapshot_(std::move(snapshot)),
      done_(std::move(done)) {
  ids_.reserve(snapshot_.tickets.size());
  for (const in::Ticket& ticket : snapshot_.tickets) ids_.push_back(ticket.ticket_id());
}

void Takeover::Start() {
  std::shared_ptr<Takeover> self = shared_from_this();  // `done` may let go of this
  ReadNext();
}

void Takeover::Retry() {
  failed_ = false;
  ReadNext();
}

void Takeover::ReadNext() {
  if (next_ >= ids_.size()) {
    done_(HoldAgainst(std::move(snapshot_), assignments_, moves_));
    return;
  }
  size_t end = std::min(next_ + options_.page, ids_.size());
  std::vector<std::string> page(ids_.begin() + next_, ids_.begin() + end);
  // Answers come on a thread of the store; they are taken on the sequencer, if this still stands.
  auto take = [weak = weak_from_this(), &sequencer = sequencer_](auto rows, auto into) {
    sequencer.Post([weak, into, rows = std::move(rows)]() mutable {
      if (auto self = weak.lock()) self->Take(std::move(rows), into);
    });
  };
  absl::Time deadline = clock_.Now() + options_.deadline;
  if (moves_next_) {
    store_.FindMoves(options_.pool_id, std::move(page), deadline,
                     [take](absl::StatusOr<std::vector<TicketMove>> rows) {
                       take(std::move(rows), &Takeover::moves_);
                     });
  } else {
    store_.FindLatestAssignments(options_.pool_id, std::move(page), deadline,
                                 [take](absl::StatusOr<std::vector<Assignment>> rows) {
                                   take(std::move(rows), &Takeover::assignments_);
                                 });
  }
}

template <class Row>
void Takeover::Take(absl::StatusOr<std::vector<Row>> rows, std::vector<Row> Takeover::*into) {
  if (!rows.ok()) {
    Log(Severity::kWarning)
        .Msg("cannot read what became of tickets; trying again")
        .With("pool_id", options_.pool_id)
        .Error(rows.status());
    failed_ = true;
    return;
  }
  for (Row& row : *rows) (this->*into).push_back(std::move(row));
  if (moves_next_) next_ = std::min(next_ + options_.page, ids_.size());
  moves_next_ = !moves_next_;
  ReadNext();
}

}  // namespace muster::matcher
