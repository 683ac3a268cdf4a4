// The waiting lines of one pool as customers see them: who stands where, and how long it may take.
//
// The order is by time of arrival less the ticket's own priority: the queue's priority is the same
// for all in it. What the matcher decides also depends on skills and agents, so a position is a
// fair guess, and is told as such.
//
// Threading: none; its owner holds a lock.
//
//   Board board;
//   board.Put({"t-1", "cards", TicketState::kQueued, created, ahead});
//   std::map<std::string, Place> places = board.PlacesOf("cards", {"t-1"});
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>

#include "absl/time/time.h"
#include "services/intake/domain/ticket.h"

namespace muster::intake {

// How many of those who last left a queue for an agent the estimate looks at.
inline constexpr size_t kRecentWaits = 20;

// What the board wants to know of a ticket.
struct BoardEntry {
  std::string ticket_id;
  std::string queue_id;
  TicketState state = TicketState::kQueued;
  absl::Time create_time;
  absl::Duration priority_ahead;
  std::optional<absl::Time> assign_time;
  std::string agent_id;
  std::string agent_display_name;
};

struct Place {
  int position = 0;  // 1 is next
  std::optional<absl::Duration> estimated_wait;
};

class Board {
 public:
  // A ticket as it is now; one that has ended is forgotten.
  void Put(const BoardEntry& entry);
  // Everything but the recent waits: before a new snapshot.
  void Clear();

  // Null if it does not live.
  const BoardEntry* Find(const std::string& ticket_id) const;

  // The places of those of `tickets` that wait in `queue_id`. Costs a walk to the last of them.
  std::map<std::string, Place> PlacesOf(const std::string& queue_id,
                                        const std::set<std::string>& tickets) const;

  size_t size() const { return entries_.size(); }

 private:
  using Rank = std::tuple<absl::Time, absl::Time, std::string>;
  static Rank RankOf(const BoardEntry& entry);
  std::optional<absl::Duration> MeanWait(const std::string& queue_id) const;

  std::map<std::string, BoardEntry> entries_;
  std::map<std::string, std::set<Rank>> lines_;                     // by queue
  std::map<std::string, std::deque<absl::Duration>> recent_waits_;  // by queue, newest last
};

}  // namespace muster::intake
