// The matcher of one process: takes its share of the pools that intake lists, and runs them.
//
// Ties together the sequencers and their runners, the feeds, the delivery stream, the progress to
// intake, and the lease under which pools are held (ownership.h). A pool that another matcher takes
// is left to it; one that another is due is handed over: no more offers, what is under way is put
// on record and told, and then it is released.
//
// Threading: Start, Drain and Stop from one thread; PoolOperations from any. `store` must be ended
// (so that it calls nobody any more) after Stop and before the matcher is.
//
//   auto matcher = std::make_shared<Matcher>(options, parts);
//   matcher->Start("10.0.0.7:7403");      // where other matchers reach this one
//   ...; matcher->Leave(absl::Seconds(5)); matcher->Drain(absl::Seconds(5)); matcher->Stop();
//   store.reset(); matcher.reset();
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "services/matcher/core/health_board.h"
#include "services/matcher/core/metrics.h"
#include "services/matcher/core/own_lease.h"
#include "services/matcher/core/pool_runner.h"
#include "services/matcher/wire/chores.h"
#include "services/matcher/wire/delivery_fleet.h"
#include "services/matcher/wire/ownership.h"
#include "services/matcher/wire/pause_sender.h"
#include "services/matcher/wire/pool_directory.h"
#include "services/matcher/wire/progress_sender.h"

namespace grpc {
class Channel;
}

namespace muster::matcher {

struct MatcherOptions {
  std::string node_id;
  int sequencers = 1;  // threads that own pools
  DirectoryOptions directory;
  size_t tape_bytes = 0;       // of each pool's run; 0: none is kept
  OwnershipOptions ownership;  // `node_id` and `address` are set by the matcher
  // The lease ends sooner by our clock, since clocks do not run alike.
  absl::Duration lease_margin = absl::Milliseconds(200);
  // Until when a pool that is handed over has to be settled; what was not told by then, its next
  // holder tells.
  absl::Duration hand_over_limit = absl::Seconds(3);
  absl::Duration lost_after = absl::Minutes(2);  // see PoolRunnerOptions
  absl::Duration node_poll =
      absl::Milliseconds(500);  // how often nodes of availability are asked for
  absl::Duration feed_silence = absl::Seconds(20);
  // How long a feed, the delivery stream, intake or the records may be away before health says so.
  absl::Duration health_tolerance = absl::Seconds(2);
  absl::Duration load_deadline = absl::Seconds(10);  // of what is on record of a pool
  absl::Duration history = kMaxStatisticsWindow;
};

struct MatcherParts {
  std::shared_ptr<grpc::Channel> intake;
  std::shared_ptr<grpc::Channel> availability;
  Store& store;
  MatcherMetrics& metrics;
  const Clock& clock;
  // Whether the records answer, also while they are not asked anything.
  std::function<absl::Status()> records;
  // The truth about health, after every round of the directory.
  std::function<void(const absl::Status&)> on_health;
};

class Matcher final : public PoolOperations, public std::enable_shared_from_this<Matcher> {
 public:
  Matcher(MatcherOptions options, MatcherParts parts);
  ~Matcher() override;

  void Start(const std::string& address);
  // Takes nothing more, and hands all pools over, each as soon as records and intake know all that
  // has happened, or after `limit`. From any thread, also before Start.
  void Leave(absl::Duration limit);
  // The same, and waits for it.
  void Drain(absl::Duration limit);
  void Stop();

  void Requeue(RequeueOperation operation, Done<OperationResult> done) override;
  void Transfer(TransferOperation operation, Done<OperationResult> done) override;
  void PendingOffers(OfferFilter filter, Done<std::vector<PendingOffer>> done) override;
  void Inspect(std::string pool_id, Done<PoolView> done) override;
  void ReadTape(std::string pool_id, uint64_t from, Done<TapeView> done) override;
  std::vector<std::string> Pools() const override;
  std::optional<std::string> AddressOf(const std::string& pool_id) const override;
  MatcherList Matchers() const override;

 private:
  struct Feeds;
  struct Stubs;
  // Held, and served once there is a runner.
  struct Pool {
    Hold hold;
    bool failed = false;  // to load; the next round of the directory tries again
    Sequencer* sequencer = nullptr;
    std::shared_ptr<PoolRunner> runner;
    std::shared_ptr<Feeds> feeds;
  };
  struct Loaded {
    std::vector<Assignment> live;
    History history;
  };

  void OpenDelivery();
  void OpenOwnership(const std::string& address);
  void OnDirectory(const absl::StatusOr<std::set<std::string>>& pools);

  // ---- the life of a pool here: matcher_pools.cc
  void OnTaken(const Hold& hold);
  void LoadLive(const Hold& hold);
  void LoadHistory(const Hold& hold, Loaded loaded);
  void OnLoadFailed(const Hold& hold, const absl::Status& why);
  void RetryFailed();
  void Serve(const Hold& hold, Loaded loaded);
  std::shared_ptr<Feeds> OpenFeeds(const std::string& pool_id, Sequencer* sequencer,
                                   std::shared_ptr<PoolRunner> runner);
  void OnLost(const Hold& hold);
  // Blocks until those that settle within `limit` have, and all are ended and reported.
  void HandOver(std::vector<Hold> holds, absl::Duration limit);
  bool Settled(const Pool& pool);
  // Ends feeds and runner; blocks until they are.
  void End(const Pool& pool);
  // Those that are still held like that are ours no longer.
  std::vector<Pool> Extract(const std::vector<Hold>& holds);
  void AnnouncePools();

  std::vector<Hold> LeaveAll();
  void ReportHealth();
  void SetHealth(const std::string& part, bool well, const std::string& reason);
  absl::Status NotServed(const std::string& pool_id) const;

  void OnReady(const std::string& node_id, const std::set<std::string>& pools);
  void OnGone(const std::string& node_id, const std::string& reason);
  void OnAct(ActRef ref, availability::v1::DeliverResponse::Act act, absl::Time received);
  void OnUndelivered(const availability::v1::DeliverResponse::Undelivered& undelivered);
  void OnAnswered(const std::string& pool_id, std::vector<ProgressAnswer> answers);

  // No runner if it is not served.
  Pool Find(const std::string& pool_id) const;
  template <class T, class Call>
  void Post(const std::string& pool_id, Done<T> done, Call call);
  std::vector<Pool> ServedPools() const;

  const MatcherOptions options_;
  const MatcherParts parts_;
  HealthBoard health_;
  OwnLease lease_;
  const std::unique_ptr<Stubs> stubs_;
  std::vector<std::unique_ptr<Sequencer>> sequencers_;
  mutable std::mutex mutex_;
  std::map<std::string, Pool> pools_;
  std::atomic<bool> draining_{false};
  std::set<std::string> ready_;  // nodes of availability that take words; under mutex_
  std::unique_ptr<DeliveryFleet> delivery_;
  std::unique_ptr<ProgressSender> progress_;
  std::unique_ptr<PauseSender> pauses_;
  std::unique_ptr<Chores> chores_;
  std::unique_ptr<Ownership> ownership_;
  std::atomic<Ownership*> known_{nullptr};  // to those who may ask before Start
  std::unique_ptr<PoolDirectory> directory_;
};

}  // namespace muster::matcher
