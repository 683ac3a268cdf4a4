#include "services/cli/replay/offer_watch.h"

#include <algorithm>
#include <utility>

namespace muster::replay {

void OfferWatch::Sent(size_t ticket, const std::string& queue, absl::Duration now,
                      const std::vector<const Skills*>& idle) {
  int64_t rivals = 0;
  for (const auto& [rival_queue, count] : unoffered_) {
    const auto can_serve = [&q = rival_queue](const Skills* skills) {
      return skills->count(q) > 0;
    };
    if (std::any_of(idle.begin(), idle.end(), can_serve)) rivals += count;
  }
  watches_[ticket] = {queue, now, static_cast<int64_t>(idle.size()) > rivals, false, ""};
  ++unoffered_[queue];
}

void OfferWatch::Acknowledged(size_t ticket, const std::string& id) { watches_[ticket].id = id; }

void OfferWatch::Offered(const std::string& id, const std::string& queue, absl::Duration now) {
  if (first_offers_.emplace(id, now).second) --unoffered_[queue];
}

void OfferWatch::Gone(size_t ticket) {
  Watch& watch = watches_[ticket];
  if (!watch.gone && first_offers_.count(watch.id) == 0) --unoffered_[watch.queue];
  watch.gone = true;
}

std::vector<absl::Duration> OfferWatch::Latencies() const {
  std::vector<absl::Duration> latencies;
  for (const auto& [ticket, watch] : watches_) {
    const auto offer = first_offers_.find(watch.id);
    if (watch.found_idle && offer != first_offers_.end()) {
      latencies.push_back(offer->second - watch.sent);
    }
  }
  return latencies;
}

}  // namespace muster::replay
