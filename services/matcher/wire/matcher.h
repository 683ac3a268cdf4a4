// The matcher of one process: takes every pool that intake lists, and runs it.
//
// Ties together the sequencers and their runners, the feeds, the delivery stream and the progress
// to intake. A pool that another matcher takes is left to it, and makes this one NOT_SERVING.
//
// Threading: Start, Drain and Stop from one thread; PoolOperations from any. `store` must be ended
// (so that it calls nobody any more) after Stop and before the matcher is.
//
//   auto matcher = std::make_shared<Matcher>(options, parts);
//   matcher->Start();
//   ...; matcher->Drain(absl::Seconds(5)); matcher->Stop(); store.reset(); matcher.reset();
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
#include "services/matcher/core/pool_runner.h"
#include "services/matcher/wire/delivery_client.h"
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
  size_t tape_bytes = 0;  // of each pool's run; 0: none is kept
  absl::Duration feed_silence = absl::Seconds(20);
  // How long a feed, the delivery stream, intake or the records may be away before health says so.
  absl::Duration health_tolerance = absl::Seconds(2);
  absl::Duration take_deadline = absl::Seconds(10);
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

  void Start();
  // No more offers; waits, at most `limit`, until records and intake know all that has happened.
  void Drain(absl::Duration limit);
  void Stop();

  void Requeue(RequeueOperation operation, Done<OperationResult> done) override;
  void Transfer(TransferOperation operation, Done<OperationResult> done) override;
  void PendingOffers(OfferFilter filter, Done<std::vector<PendingOffer>> done) override;
  void Inspect(std::string pool_id, Done<PoolView> done) override;
  void ReadTape(std::string pool_id, uint64_t from, Done<TapeView> done) override;
  std::vector<std::string> Pools() const override;

 private:
  struct Feeds;
  struct Stubs;
  enum class Phase { kTaking, kServed, kLost };
  struct Pool {
    Phase phase = Phase::kTaking;
    Sequencer* sequencer = nullptr;
    std::shared_ptr<PoolRunner> runner;  // once it is served
    std::shared_ptr<Feeds> feeds;
  };
  struct Taken {
    int64_t epoch = 0;
    std::vector<Assignment> live;
    History history;
  };

  void OnDirectory(const absl::StatusOr<std::set<std::string>>& pools);
  void Follow(const std::set<std::string>& pools);
  void Take(const std::string& pool_id);
  void LoadLive(const std::string& pool_id, int64_t epoch);
  void LoadHistory(const std::string& pool_id, Taken taken);
  void Serve(const std::string& pool_id, Taken taken);
  std::shared_ptr<Feeds> OpenFeeds(const std::string& pool_id, Sequencer* sequencer,
                                   std::shared_ptr<PoolRunner> runner);
  void GiveUp(const std::string& pool_id, const absl::Status& why);
  void OnLost(const std::string& pool_id, const absl::Status& why);
  // Ends feeds and runner; blocks for the feeds.
  void End(const std::string& pool_id, Pool pool);
  void AnnouncePools();
  void ReportHealth();
  void SetHealth(const std::string& part, bool well, const std::string& reason);

  void OnReady(const std::set<std::string>& pools);
  void OnAct(ActRef ref, availability::v1::DeliverResponse::Act act, absl::Time received);
  void OnUndelivered(const availability::v1::DeliverResponse::Undelivered& undelivered);
  void OnAnswered(const std::string& pool_id, std::vector<ProgressAnswer> answers);

  // The pool if it is served; no runner otherwise.
  Pool Find(const std::string& pool_id) const;
  template <class T, class Call>
  void Post(const std::string& pool_id, Done<T> done, Call call);
  std::vector<Pool> ServedPools() const;

  const MatcherOptions options_;
  const MatcherParts parts_;
  HealthBoard health_;
  const std::unique_ptr<Stubs> stubs_;
  std::vector<std::unique_ptr<Sequencer>> sequencers_;
  mutable std::mutex mutex_;
  std::map<std::string, Pool> pools_;
  std::set<std::string> not_taken_;  // listed, but the records did not give them
  std::atomic<bool> draining_{false};
  std::unique_ptr<DeliveryClient> delivery_;
  std::unique_ptr<ProgressSender> progress_;
  std::unique_ptr<PauseSender> pauses_;
  std::unique_ptr<PoolDirectory> directory_;
};

}  // namespace muster::matcher
