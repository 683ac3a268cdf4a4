// What an agent has before it: open offers and live assignments, as the matcher has told.
//
// Kept in memory, so that a client without a stream can ask, and so that nothing is lost between a
// hello and its welcome. The matcher tells everything again after each new session, so an inbox may
// be emptied then, and after each new stream of its own: what it does not tell again by the time at
// which it says that this was all, has ended while nobody could say so.
//
// Threading: not thread-safe; the router holds it under its lock.
//
//   Inbox<OfferNotice, AssignmentConfirmed> inbox;
//   inbox.AddOffer(notice.offer_id(), notice);
//   inbox.Confirm(confirmed.assignment_id(), confirmed);   // its offer is answered by that
//   inbox.Doubt(); ...; for (const std::string& id : inbox.TakeDoubted()) ...   // has ended
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "services/availability/domain/limits.h"

namespace muster::availability {

template <class Offer, class Assignment>
class Inbox {
 public:
  template <class T>
  using Items = std::vector<std::pair<std::string, T>>;  // in the order of their coming

  // Known ids are replaced. False if there is no room.
  bool AddOffer(const std::string& id, Offer offer) { return Put(offers_, id, std::move(offer)); }
  // Whether AddOffer would take it.
  bool HasRoomForOffer(const std::string& id) {
    return offers_.size() < kMaxInboxItems || Find(offers_, id) != offers_.end();
  }
  bool Confirm(const std::string& id, Assignment assignment) {
    RemoveOffer(id);
    std::erase(doubted_, id);
    return Put(assignments_, id, std::move(assignment));
  }
  void RemoveOffer(const std::string& id) { Remove(offers_, id); }
  void RemoveAssignment(const std::string& id) { Remove(assignments_, id); }

  // All assignments are in doubt until they are confirmed again.
  void Doubt() {
    doubted_.clear();
    for (const auto& [id, assignment] : assignments_) doubted_.push_back(id);
  }
  // Removes those that still are.
  std::vector<std::string> TakeDoubted() {
    std::vector<std::string> ids = std::move(doubted_);
    doubted_.clear();
    std::erase_if(ids, [this](const std::string& id) { return FindAssignment(id) == nullptr; });
    for (const std::string& id : ids) RemoveAssignment(id);
    return ids;
  }
  // Null if there is none.
  Assignment* FindAssignment(const std::string& id) {
    auto it = Find(assignments_, id);
    return it == assignments_.end() ? nullptr : &it->second;
  }

  const Items<Offer>& offers() const { return offers_; }
  const Items<Assignment>& assignments() const { return assignments_; }
  bool empty() const { return offers_.empty() && assignments_.empty(); }

 private:
  template <class T>
  static auto Find(Items<T>& items, const std::string& id) {
    auto it = items.begin();
    while (it != items.end() && it->first != id) ++it;
    return it;
  }
  template <class T>
  static bool Put(Items<T>& items, const std::string& id, T item) {
    auto it = Find(items, id);
    if (it != items.end()) {
      it->second = std::move(item);
      return true;
    }
    if (items.size() >= kMaxInboxItems) return false;
    items.emplace_back(id, std::move(item));
    return true;
  }
  template <class T>
  static void Remove(Items<T>& items, const std::string& id) {
    auto it = Find(items, id);
    if (it != items.end()) items.erase(it);
  }

  Items<Offer> offers_;
  Items<Assignment> assignments_;
  std::vector<std::string> doubted_;
};

}  // namespace muster::availability
