// Tells customers where their tickets stand, from a board of each pool that somebody asks about.
//
// A board follows its pool's feed inside the process. It is set up for the first customer who asks,
// and taken down some time after the last one has gone.
//
// Threading: Watch and Unwatch may be called from any thread. Everything else happens on the desk's
// own thread, which also calls the sinks; they must not block.
//
//   desk.Watch("t-01...", sink);    // a std::shared_ptr<StandingSink>, kept until it ends
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "common/base/clock.h"
#include "muster/intake/v1/intake.pb.h"
#include "services/intake/domain/board.h"
#include "services/intake/feed/ticket_feed.h"
#include "services/intake/storage/store.h"

namespace muster::intake {

class StandingSink {
 public:
  virtual ~StandingSink() = default;
  // A newer standing takes the place of one that has not been sent.
  virtual void Tell(const v1::TicketStanding& standing) = 0;
  // No more comes. OK after the final state.
  virtual void End(const absl::Status& status) = 0;
};

struct StandingDeskOptions {
  // How often a customer hears of a new position, at most.
  absl::Duration interval = absl::Seconds(1);
  // How long a board stays after the last customer has gone: it knows the recent waits.
  absl::Duration linger = absl::Minutes(5);
  absl::Duration read_timeout = absl::Seconds(30);
  size_t max_watchers = 100'000;
};

class StandingDesk {
 public:
  StandingDesk(Store& store, TicketFeed& feed, const Clock& clock, StandingDeskOptions options);
  ~StandingDesk();

  void Watch(const std::string& ticket_id, std::shared_ptr<StandingSink> sink);
  void Unwatch(const std::shared_ptr<StandingSink>& sink);
  size_t watchers() const;

 private:
  struct Watched {
    std::set<std::shared_ptr<StandingSink>> sinks;
    v1::TicketStanding told;
  };
  struct PoolBoard {
    std::string pool_id;
    Board board;
    std::shared_ptr<TicketFeed::Hub::Subscription> subscription;
    std::map<std::string, Watched> watched;  // by ticket
    std::set<std::string> news;              // of these: tell at once, not only at the next round
    bool ready = false;                      // the snapshot is complete
    bool reading = false;
    bool moved = false;  // positions may have changed since the last round
    bool gone = false;   // the pool was deleted
    absl::Time idle_since = absl::InfiniteFuture();
  };
  using Batch = TicketFeed::Batch;

  struct Inbox;
  // Where a watcher is registered; both empty while its ticket is being read.
  struct Registration {
    std::string pool_id;
    std::string ticket_id;
  };

  static void Post(Inbox& inbox, std::function<void()> task);
  void Run();
  void Round();

  void OnTicket(const std::string& ticket_id, const std::shared_ptr<StandingSink>& sink,
                const absl::StatusOr<Ticket>& ticket);
  PoolBoard& BoardOf(const std::string& pool_id);
  void Follow(PoolBoard& pool);
  void Read(PoolBoard& pool, int64_t after);
  void OnRead(const std::string& pool_id, absl::StatusOr<Batch> batch);
  void Pump(PoolBoard& pool);
  void Apply(PoolBoard& pool, const v1::WatchTicketsResponse& message);
  void Put(PoolBoard& pool, const v1::Ticket& ticket);
  void LookAgain(PoolBoard& pool);
  void TellNews(PoolBoard& pool, bool all);
  void TellQueue(PoolBoard& pool, const std::string& queue_id,
                 const std::set<std::string>& tickets);
  void EndAll(PoolBoard& pool, const absl::Status& status);
  void Ask(const std::string& ticket_id, std::shared_ptr<StandingSink> sink);
  void Forget(const std::shared_ptr<StandingSink>& sink);

  Store& store_;
  TicketFeed& feed_;
  const Clock& clock_;
  const StandingDeskOptions options_;

  // The desk thread's own.
  std::map<std::string, std::unique_ptr<PoolBoard>> boards_;
  std::map<std::shared_ptr<StandingSink>, Registration> registrations_;

  // Callbacks of the store hold the inbox, not the desk: they may come after its end.
  const std::shared_ptr<Inbox> inbox_;
  std::thread thread_;
};

}  // namespace muster::intake
