#include "services/intake/domain/board.h"

#include <algorithm>

namespace muster::intake {

Board::Rank Board::RankOf(const BoardEntry& entry) {
  return {entry.create_time - entry.priority_ahead, entry.create_time, entry.ticket_id};
}

void Board::Put(const BoardEntry& entry) {
  auto it = entries_.find(entry.ticket_id);
  const bool waited = it != entries_.end() && it->second.state == TicketState::kQueued;
  if (it != entries_.end()) {
    if (waited) {
      auto line = lines_.find(it->second.queue_id);
      line->second.erase(RankOf(it->second));
      if (line->second.empty()) lines_.erase(line);
    }
    entries_.erase(it);
  }
  if (waited && entry.state == TicketState::kAssigned && entry.assign_time) {
    std::deque<absl::Duration>& waits = recent_waits_[entry.queue_id];
    waits.push_back(std::max(*entry.assign_time - entry.create_time, absl::ZeroDuration()));
    if (waits.size() > kRecentWaits) waits.pop_front();
  }
  if (!IsLive(entry.state)) return;
  entries_.emplace(entry.ticket_id, entry);
  if (entry.state == TicketState::kQueued) lines_[entry.queue_id].insert(RankOf(entry));
}

void Board::Clear() {
  entries_.clear();
  lines_.clear();
}

const BoardEntry* Board::Find(const std::string& ticket_id) const {
  auto it = entries_.find(ticket_id);
  return it == entries_.end() ? nullptr : &it->second;
}

std::map<std::string, Place> Board::PlacesOf(const std::string& queue_id,
                                             const std::set<std::string>& tickets) const {
  std::map<std::string, Place> places;
  auto line = lines_.find(queue_id);
  if (line == lines_.end()) return places;
  size_t wanted = 0;
  for (const std::string& ticket_id : tickets) {
    const BoardEntry* entry = Find(ticket_id);
    wanted +=
        entry != nullptr && entry->queue_id == queue_id && entry->state == TicketState::kQueued;
  }
  const std::optional<absl::Duration> mean = MeanWait(queue_id);
  int position = 0;
  for (const Rank& rank : line->second) {
    if (places.size() == wanted) break;
    ++position;
    const std::string& ticket_id = std::get<2>(rank);
    if (tickets.count(ticket_id) == 0) continue;
    Place& place = places[ticket_id];
    place.position = position;
    // Who is last in a line of this length waits as long as those before did; who is further ahead
    // waits their share of that.
    if (mean) place.estimated_wait = *mean * position / static_cast<int64_t>(line->second.size());
  }
  return places;
}

std::optional<absl::Duration> Board::MeanWait(const std::string& queue_id) const {
  auto it = recent_waits_.find(queue_id);
  if (it == recent_waits_.end()) return std::nullopt;
  absl::Duration sum;
  for (absl::Duration wait : it->second) sum += wait;
  return sum / static_cast<int64_t>(it->second.size());
}

}  // namespace muster::intake
