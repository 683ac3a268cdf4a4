// Lists in order, for what mostly comes in order: records by a time, the first one at hand.
//
// An entry whose record has moved on is dead: it stays where it is until it comes to the front, or
// until the dead outnumber the living and all are swept out. Whether an entry lives, and which of
// two comes first, an `Order` says:
//
//   struct Order {
//     bool Live(const Entry& e) const;                     // say, stamps[e.record] == e.stamp
//     bool Tie(const Entry& a, const Entry& b) const;      // of two with equal keys: a comes first
//   };
//
// Not thread-safe. Nothing is allocated once the lists have found their size.
//
//   Lane lane;
//   lane.Push({.key = due, .record = t, .stamp = stamps[t]}, order);
//   ++stamps[t]; lane.Drop(order);          // its entry is dead
//   if (!lane.empty()) Use(lane.Front(order).record);
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/container/inlined_vector.h"
#include "services/matcher/engine/nanos.h"
#include "services/matcher/engine/pages.h"
#include "services/matcher/engine/slab.h"

namespace muster::engine {

struct Entry {
  Nanos key = 0;
  Index record = kNone;
  std::uint32_t stamp = 0;
};

template <typename Order>
bool Before(const Entry& a, const Entry& b, const Order& order) {
  return a.key != b.key ? a.key < b.key : order.Tie(a, b);
}

// The same where either may be dead. Its record may be another's by now, so nothing can be said of
// a tie: it counts as first, and thus never hides one that lives.
template <typename Order>
bool BeforeOrDead(const Entry& a, const Entry& b, const Order& order) {
  if (a.key != b.key) return a.key < b.key;
  if (!order.Live(a)) return true;
  return order.Live(b) && order.Tie(a, b);
}

// A heap with four children a node in a plain list, the first entry on top.
class Heap4 {
 public:
  bool empty() const { return entries_.empty(); }
  std::size_t size() const { return entries_.size(); }
  const Entry& top() const { return entries_.front(); }
  const Entry& at(std::size_t i) const { return entries_[i]; }
  void clear() { entries_.clear(); }
  // What the next Push touches first.
  void PrefetchEnd() const {
    __builtin_prefetch(entries_.data() + entries_.size());
    __builtin_prefetch(entries_.data() + entries_.size() / 4);
  }

  template <typename Order>
  void Push(const Entry& entry, const Order& order) {
    entries_.push_back(entry);
    std::size_t i = entries_.size() - 1;
    while (i > 0 && RisesAbove(entry, entries_[(i - 1) / 4], order)) {
      entries_[i] = entries_[(i - 1) / 4];
      i = (i - 1) / 4;
    }
    entries_[i] = entry;
  }

  template <typename Order>
  void Pop(const Order& order) {
    const Entry last = entries_.back();
    entries_.pop_back();
    if (!entries_.empty()) Sink(0, last, order);
  }

  // Takes the dead out, wherever they are.
  template <typename Order>
  void Sweep(const Order& order) {
    std::size_t kept = 0;
    for (const Entry& entry : entries_) {
      if (order.Live(entry)) entries_[kept++] = entry;
    }
    entries_.resize(kept);
    if (kept < 2) return;
    for (std::size_t i = (kept - 2) / 4 + 1; i-- > 0;) Sink(i, Entry(entries_[i]), order);
  }

 private:
  // Past the dead on a tie, to be held against the living above them.
  template <typename Order>
  static bool RisesAbove(const Entry& entry, const Entry& parent, const Order& order) {
    if (entry.key != parent.key) return entry.key < parent.key;
    return !order.Live(parent) || order.Tie(entry, parent);
  }

  template <typename Order>
  void Sink(std::size_t i, const Entry& entry, const Order& order) {
    const std::size_t size = entries_.size();
    for (std::size_t child = 4 * i + 1; child < size; child = 4 * i + 1) {
      std::size_t best = child;
      for (std::size_t c = child + 1; c < size && c < child + 4; ++c) {
        if (BeforeOrDead(entries_[c], entries_[best], order)) best = c;
      }
      if (!BeforeOrDead(entries_[best], entry, order)) break;
      entries_[i] = entries_[best];
      i = best;
    }
    entries_[i] = entry;
  }

  BigVector<Entry> entries_;
};

// All entries of a heap in order, dead ones among them. The heap must not change meanwhile.
template <typename Order>
class HeapCursor {
 public:
  HeapCursor(const Heap4& heap, const Order& order) : heap_(heap), order_(order) {
    if (!heap.empty()) frontier_.push_back(0);
  }

  // Null at the end.
  const Entry* Peek() {
    if (frontier_.empty()) return nullptr;
    best_ = 0;
    for (std::size_t i = 1; i < frontier_.size(); ++i) {
      if (BeforeOrDead(At(i), At(best_), order_)) best_ = i;
    }
    return &At(best_);
  }

  void Pass() {  // what Peek has shown
    const std::size_t at = frontier_[best_];
    frontier_[best_] = frontier_.back();
    frontier_.pop_back();
    for (std::size_t c = 4 * at + 1; c < heap_.size() && c < 4 * at + 5; ++c) {
      frontier_.push_back(c);
    }
  }

 private:
  const Entry& At(std::size_t i) const { return heap_.at(frontier_[i]); }

  const Heap4& heap_;
  const Order& order_;
  std::size_t best_ = 0;
  absl::InlinedVector<std::size_t, 16> frontier_;  // all that could be next
};

// A ring for what comes in order, and a heap for what does not.
class Lane {
 public:
  template <typename Order>
  void Push(const Entry& entry, const Order& order) {
    ++live_;
    while (tail_ > head_ && !order.Live(At(tail_ - 1))) --tail_;
    if (tail_ == head_ || !Before(entry, At(tail_ - 1), order)) {
      Append(entry);
    } else {
      heap_.Push(entry, order);
    }
    if (tail_ - head_ + heap_.size() > 2 * live_ + kSpare) Sweep(order);
  }

  // One of the entries has died.
  template <typename Order>
  void Drop(const Order& order) {
    if (--live_ == 0) {
      head_ = tail_ = 0;
      heap_.clear();
      return;
    }
    while (tail_ > head_ && !order.Live(At(head_))) ++head_;
    while (!heap_.empty() && !order.Live(heap_.top())) heap_.Pop(order);
    if (tail_ - head_ + heap_.size() > 2 * live_ + kSpare) Sweep(order);
  }

  bool empty() const { return live_ == 0; }
  std::size_t size() const { return live_; }

  // The first entry, which lives. Not of an empty lane.
  template <typename Order>
  const Entry& Front(const Order& order) const {
    if (heap_.empty()) return At(head_);
    if (tail_ == head_) return heap_.top();
    return Before(heap_.top(), At(head_), order) ? heap_.top() : At(head_);
  }

  // The living, in order. The lane must not change meanwhile.
  template <typename Order>
  class Cursor {
   public:
    Cursor(const Lane& lane, const Order& order)
        : lane_(lane), order_(order), ring_(lane.head_), heap_(lane.heap_, order) {}

    // Null at the end.
    const Entry* Next() {
      while (true) {
        const Entry* next = Step();
        if (next == nullptr || order_.Live(*next)) return next;
      }
    }

   private:
    const Entry* Step() {
      const bool ring_left = ring_ < lane_.tail_;
      const Entry* of_heap = heap_.Peek();
      if (ring_left && (of_heap == nullptr || BeforeOrDead(lane_.At(ring_), *of_heap, order_))) {
        return &lane_.At(ring_++);
      }
      if (of_heap != nullptr) heap_.Pass();
      return of_heap;
    }

    const Lane& lane_;
    const Order& order_;
    std::uint64_t ring_;
    HeapCursor<Order> heap_;
  };

 private:
  static constexpr std::size_t kSpare = 64;  // dead entries that are not worth a sweep

  Entry& At(std::uint64_t i) { return ring_[i & (ring_.size() - 1)]; }
  const Entry& At(std::uint64_t i) const { return ring_[i & (ring_.size() - 1)]; }

  void Append(const Entry& entry) {
    if (tail_ - head_ == ring_.size()) {
      BigVector<Entry> more(ring_.empty() ? 8 : ring_.size() * 2);
      for (std::uint64_t i = head_; i < tail_; ++i) more[i & (more.size() - 1)] = At(i);
      ring_.swap(more);
    }
    At(tail_++) = entry;
  }

  template <typename Order>
  void Sweep(const Order& order) {
    std::uint64_t kept = head_;
    for (std::uint64_t i = head_; i < tail_; ++i) {
      if (order.Live(At(i))) At(kept++) = At(i);
    }
    tail_ = kept;
    heap_.Sweep(order);
  }

  BigVector<Entry> ring_;  // a power of two
  std::uint64_t head_ = 0;
  std::uint64_t tail_ = 0;
  std::size_t live_ = 0;
  Heap4 heap_;
};

}  // namespace muster::engine
