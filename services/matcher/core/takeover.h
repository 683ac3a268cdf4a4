// Reads what the records say of the tickets in intake's first snapshot, and holds one against the
// other (see reconcile.h).
//
// Reads in pages, and again and again until it has succeeded: until then nobody is offered
// anything, since a ticket that was served already would be served twice.
//
// Threading: belongs to the pool's sequencer, where `done` is called as well.
//
//   takeover_ = std::make_shared<Takeover>(store, sequencer, clock, options, std::move(snapshot),
//                                          [this](TakeoverResult result) { ... });
//   takeover_->Start();
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "common/base/clock.h"
#include "services/matcher/core/feed_messages.h"
#include "services/matcher/core/reconcile.h"
#include "services/matcher/core/sequencer.h"
#include "services/matcher/storage/store.h"

namespace muster::matcher {

struct TakeoverResult {
  // With tickets as they stand by the records: those that are over left out, those that wait
  // QUEUED (where operations last moved them to), those that are served ASSIGNED.
  TicketSnapshot snapshot;
  std::vector<intake::v1::ProgressEntry> entries;  // to be told, in order
};

struct TakeoverOptions {
  std::string pool_id;
  absl::Duration deadline = absl::Seconds(60);  // of one read
  int page = kMaxIdsPerQuery;
};

// The pure part: everything is known. Assignments and moves are the latest of each ticket.
TakeoverResult HoldAgainst(TicketSnapshot snapshot, const std::vector<Assignment>& assignments,
                           const std::vector<TicketMove>& moves);

class Takeover : public std::enable_shared_from_this<Takeover> {
 public:
  using Done = std::function<void(TakeoverResult)>;

  Takeover(Store& store, Sequencer& sequencer, const Clock& clock, TakeoverOptions options,
           TicketSnapshot snapshot, Done done);

  void Start();
  // A read has failed: Retry, after a while.
  bool failed() const { return failed_; }
  void Retry();

 private:
  void ReadNext();
  template <class Row>
  void Take(absl::StatusOr<std::vector<Row>> rows, std::vector<Row> Takeover::*into);

  Store& store_;
  Sequencer& sequencer_;
  const Clock& clock_;
  const TakeoverOptions options_;
  TicketSnapshot snapshot_;
  const Done done_;
  std::vector<std::string> ids_;
  size_t next_ = 0;          // of ids_
  bool moves_next_ = false;  // assignments first, then moves, of the same page
  bool failed_ = false;
  std::vector<Assignment> assignments_;
  std::vector<TicketMove> moves_;
};

}  // namespace muster::matcher
