// Makes up events for one pool, from a seed: a small world in which everything collides. The same
// seed and the same answers give the same events. Not thread-safe.
//
//   RandomEvents random(seed);
//   Event event = random.Next(model, now);
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "services/matcher/engine/event.h"
#include "tests/simulation/engine/naive_matcher.h"

namespace muster::engine {

class RandomEvents {
 public:
  explicit RandomEvents(std::uint64_t seed) : random_(seed) {}

  Event Next(const NaiveMatcher& model, absl::Time now);
  absl::Duration Pause();  // until the next event: often none, sometimes long
  std::uint64_t Below(std::uint64_t n) { return random_() % n; }
  ActToken last_act() const { return act_; }

 private:
  bool OneIn(std::uint64_t n) { return Below(n) == 0; }
  std::string Name(const char* prefix, std::uint64_t n) {
    return prefix + std::to_string(Below(n));
  }
  std::vector<SkillLevel> Skills(std::uint64_t most);
  Event Queue();
  Event Pool();
  Event Ticket(const NaiveMatcher& model, absl::Time now, bool details);
  Event Agent(absl::Time now);
  Event Restored(const NaiveMatcher& model, absl::Time now);
  Event OperationsAct(const NaiveMatcher& model);
  // One of those; now and then an ended or an impossible one.
  OfferId Pick(const NaiveMatcher& model, const NaiveMatcher::Pairs& from);
  // Whose it is; now and then another agent, or operations.
  std::string Owner(const NaiveMatcher::Pairs& from, const OfferId& id);
  std::string AnyTicket(const NaiveMatcher& model);

  std::mt19937_64 random_;
  ActToken act_ = 0;
  std::uint64_t tickets_made_ = 0;
  std::uint64_t restored_made_ = 0;
};

}  // namespace muster::engine
