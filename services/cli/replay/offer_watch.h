// Measures how long it takes from sending a ticket to its first offer on an agent's screen, for
// tickets that found an agent idle.
//
// A ticket found an agent idle if, when it was sent, more agents with its skill were idle than
// tickets on their way could take: the services had no reason to let it wait.
//
// Threading: one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/time/time.h"

namespace muster::replay {

class OfferWatch {
 public:
  using Skills = std::set<std::string>;

  // `idle`: the skills of each idle agent that can serve the queue.
  void Sent(size_t ticket, const std::string& queue, absl::Duration now,
            const std::vector<const Skills*>& idle);
  // The services' name for the ticket; may come after its offer.
  void Acknowledged(size_t ticket, const std::string& id);
  void Offered(const std::string& id, const std::string& queue, absl::Duration now);
  // The customer left, or the ticket was never taken.
  void Gone(size_t ticket);

  std::vector<absl::Duration> Latencies() const;

 private:
  struct Watch {
    std::string queue;
    absl::Duration sent;
    bool found_idle = false;
    bool gone = false;
    std::string id;
  };

  std::unordered_map<size_t, Watch> watches_;
  std::unordered_map<std::string, absl::Duration> first_offers_;  // by ticket id
  std::map<std::string, int64_t> unoffered_;                      // by queue
};

}  // namespace muster::replay
