// The feed of pools, queues and tickets: who watches, what this node changed, and what others did.
//
// This node's commits come in through Publish and go on from memory; a poller finds out that other
// nodes have committed, and the streams then read what. See common/feed.
//
// Threading: Publish belongs to the committer's thread; the rest may be called from any thread.
//
//   TicketFeed feed(store, clock, {});
//   feed.Publish(applied.changes);
//   return FeedStream<v1::WatchTicketsResponse>::Open(context, feed.hub(), feed, pool_id, after);
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "common/base/clock.h"
#include "common/feed/feed_stream.h"
#include "muster/intake/v1/intake.pb.h"
#include "services/intake/storage/store.h"

namespace muster::intake {

struct TicketFeedOptions {
  // How often other nodes' changes are looked for.
  absl::Duration poll_interval = absl::Milliseconds(50);
  // Most tickets read at a time for a client that catches up; each may have 256 KiB.
  int catch_up_limit = 250;
  absl::Duration read_timeout = absl::Seconds(30);
};

class TicketFeed final : public FeedSource<v1::WatchTicketsResponse> {
 public:
  using Hub = ChangeHub<v1::WatchTicketsResponse>;

  TicketFeed(Store& store, const Clock& clock, TicketFeedOptions options,
             ChangeHubOptions hub = {});
  ~TicketFeed() override;

  Hub& hub() { return hub_; }
  void Publish(const std::vector<PoolChange>& changes);

  void ReadSnapshot(const std::string& pool_id, Done done) override;
  void ReadChanges(const std::string& pool_id, int64_t revision, Done done) override;
  v1::WatchTicketsResponse Progress(int64_t revision) override;
  bool IsLast(const v1::WatchTicketsResponse& message) override;

 private:
  // What the poller's answers come back to; they may outlive the poller.
  struct Poll {
    std::mutex mutex;
    std::condition_variable changed;
    bool under_way = false;
    bool stopping = false;
    Store::Revisions seen;  // at the poll before
  };
  void RunPoller();
  void NoticeWhatStayed(const Store::Revisions& now);

  Store& store_;
  const Clock& clock_;
  const TicketFeedOptions options_;
  Hub hub_;
  Poll poll_;
  std::thread poller_;
};

}  // namespace muster::intake
