// An agent: who it is, what it can do, and whether it is there.
//
// Threading: values.
//
//   Agent agent{.key = {"stockholm", "anna"}, .skills = {{"chat", 3}}, .capacity = 2};
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/time/time.h"

namespace muster::availability {

// The numbers are those of the contract and of the database.
enum class Presence { kUnspecified = 0, kOffline = 1, kOnline = 2, kPaused = 3, kDraining = 4 };

inline constexpr Presence kAllPresences[] = {Presence::kOffline, Presence::kOnline,
                                             Presence::kPaused, Presence::kDraining};

// "offline", for metrics and messages.
std::string_view PresenceName(Presence presence);

struct AgentKey {
  std::string pool_id;
  std::string agent_id;

  bool operator==(const AgentKey&) const = default;
  bool operator<(const AgentKey& other) const {
    return std::tie(pool_id, agent_id) < std::tie(other.pool_id, other.agent_id);
  }

  template <class H>
  friend H AbslHashValue(H h, const AgentKey& key) {
    return H::combine(std::move(h), key.pool_id, key.agent_id);
  }
};

struct AgentSkill {
  std::string skill;
  int level = 1;

  bool operator==(const AgentSkill&) const = default;
};

struct Agent {
  AgentKey key;
  std::string display_name;
  std::vector<AgentSkill> skills;
  std::vector<std::string> languages;
  int capacity = 1;
  std::string etag;

  Presence presence = Presence::kOffline;
  std::string presence_reason;
  absl::Time presence_time;
  // The latest session. `connected` says whether it stands; it lives on `node_id`.
  bool connected = false;
  std::string session_id;
  std::string node_id;
  bool session_has_link = false;  // else it lasts as long as its lease

  int64_t revision = 0;
  absl::Time create_time;
  absl::Time update_time;

  bool operator==(const Agent&) const = default;
};

}  // namespace muster::availability
