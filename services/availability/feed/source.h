// Where the feed of agents is read from, when memory does not have it.
//
// Threading: as FeedSource says; it never blocks.
#pragma once

#include <string>

#include "common/base/clock.h"
#include "common/feed/feed_stream.h"
#include "muster/availability/v1/availability.pb.h"
#include "services/availability/storage/store.h"

namespace muster::availability {

class AgentFeedSource final : public FeedSource<v1::WatchAgentsResponse> {
 public:
  AgentFeedSource(Store& store, const Clock& clock) : store_(store), clock_(clock) {}

  void ReadSnapshot(const std::string& pool_id, Done done) override;
  void ReadChanges(const std::string& pool_id, int64_t revision, Done done) override;
  v1::WatchAgentsResponse Progress(int64_t revision) override;

 private:
  Store& store_;
  const Clock& clock_;
};

}  // namespace muster::availability
