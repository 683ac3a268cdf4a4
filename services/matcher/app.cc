#include "services/matcher/app.h"

#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "common/base/backoff.h"
#include "common/base/boot_clock.h"
#include "common/base/errors.h"
#include "common/base/smooth_clock.h"
#include "common/db/monitor.h"
#include "common/obs/log.h"
#include "common/rpc/channel.h"
#include "common/rpc/server.h"
#include "services/matcher/service/matcher_service.h"
#include "services/matcher/service/members_service.h"
#include "services/matcher/storage/decision_purge.h"
#include "services/matcher/storage/postgres_store.h"
#include "services/matcher/wire/matcher.h"

namespace muster::matcher {
namespace {

constexpr BackoffOptions kStartBackoff = {.initial = absl::Milliseconds(100),
                                          .max = absl::Seconds(3)};

DatabaseOptions DatabaseOf(const Config& config) {
  DatabaseOptions options;
  options.url = config.database_url;
  options.connections = config.database_connections;
  options.application_name = "muster-matcher";
  return options;
}

PostgresStoreOptions StoreOf(const Config& config) {
  PostgresStoreOptions options;
  options.database = DatabaseOf(config);
  options.committer.max_batch = static_cast<size_t>(config.max_batch);
  options.committer.max_queued = static_cast<size_t>(config.max_writes_queued);
  options.committer.observe =
      [&sizes = ProcessMetrics().Histogram("muster_commit_size", "Mutations in one commit", {},
                                           SizeBuckets()),
       &seconds = ProcessMetrics().Histogram(
           "muster_commit_seconds", "One commit, or a try at it")](const BatchReport& report) {
        sizes.Observe(static_cast<double>(report.size));
        seconds.Observe(absl::ToDoubleSeconds(report.took));
        if (!report.status.ok()) {
          Log(Severity::kWarning).Msg("a commit failed").Error(report.status);
        }
      };
  return options;
}

MatcherOptions MatcherOf(const Config& config) {
  MatcherOptions options;
  options.node_id = config.node_id;
  options.sequencers = config.sequencers;
  options.tape_bytes = static_cast<size_t>(config.tape_bytes);
  options.directory.interval = config.pool_poll;
  options.ownership.lease = config.lease;
  options.ownership.renew_interval = config.lease_renew;
  options.ownership.settle = config.lease / 2;
  options.ownership.shares.max_pools = config.max_pools;
  options.ownership.shares.max_moves = config.max_moves;
  options.lease_margin = config.lease / 10;
  options.lost_after = config.lost_after;
  options.node_poll = config.node_poll;
  options.feed_silence = config.feed_silence;
  options.health_tolerance = config.health_tolerance;
  return options;
}

ServerOptions ServerOf(const Config& config) {
  ServerOptions options;
  options.listen = config.listen;
  options.drain_limit = config.drain_limit;
  return options;
}

}  // namespace

struct App::Parts {
  explicit Parts(Config c);
  ~Parts();

  // Until the database is up to date; then pools are taken.
  void Prepare();
  void TellHealth(const absl::Status& health);

  const Config config;
  // What pools live by: their offers and waits must not notice that somebody sets the clock.
  const SmoothClock clock{SystemClock(), BootClock()};
  MatcherMetrics metrics{ProcessMetrics()};
  std::optional<DatabaseMonitor> monitor;  // stands while the matcher runs
  std::optional<DecisionPurger> purger;
  std::optional<PostgresStore> store;
  std::shared_ptr<Matcher> matcher;
  MatcherService service;
  MembersService members;
  Server server;
  std::mutex mutex;
  std::condition_variable wake;
  bool stopping = false;
  std::thread starter;
};

App::Parts::Parts(Config c)
    : config(std::move(c)),
      store(std::in_place, StoreOf(config)),
      matcher(std::make_shared<Matcher>(
          MatcherOf(config),
          MatcherParts{.intake = MakeChannel(config.intake),
                       .availability = MakeChannel(config.availability),
                       .store = *store,
                       .metrics = metrics,
                       .clock = clock,
                       .records = [this] { return monitor->status(); },
                       .on_health = [this](const absl::Status& health) { TellHealth(health); }})),
      service(*matcher, *store, SystemClock()),
      members(*matcher),
      server(ServerOf(config)) {
  server.Register(&service);
  server.Register(&members);
  // At once: others take the pools while calls here still end.
  server.OnDrain([this] { matcher->Leave(config.drain_limit); });
  server.OnDrain([this] { service.EndStreams(); });
}

App::Parts::~Parts() {
  {
    std::lock_guard lock(mutex);
    stopping = true;
  }
  wake.notify_all();
  if (starter.joinable()) starter.join();
  server.Drain();
  matcher->Drain(config.drain_limit);
  matcher->Stop();
  store->Drain();
  store.reset();  // calls nobody from now on, as the matcher wants it
}

void App::Parts::Prepare() {
  Backoff backoff(kStartBackoff, RandomSeed());
  absl::Status status;
  while (!(status = MigrateRecords(DatabaseOf(config))).ok()) {
    Log(Severity::kError).Msg("cannot start yet").Error(status);
    TellHealth(status);
    std::unique_lock lock(mutex);
    if (wake.wait_for(lock, absl::ToChronoMicroseconds(backoff.Next()),
                      [this] { return stopping; })) {
      return;
    }
  }
  std::lock_guard lock(mutex);
  if (stopping) return;
  monitor.emplace(DatabaseOf(config), config.monitor_interval, [](const absl::Status&) {});
  purger.emplace(DatabaseOf(config),
                 DecisionBounds{.age = config.decision_age, .rows = config.decision_rows}, clock);
  matcher->Start(config.advertise.empty() ? server.address() : config.advertise);
}

void App::Parts::TellHealth(const absl::Status& health) {
  server.SetServing(v1::MatcherService::service_full_name(), health.ok(), Describe(health));
}

App::App(Config config) : parts_(std::make_unique<Parts>(std::move(config))) {}
App::~App() = default;

absl::Status App::Start() {
  absl::Status status = parts_->server.Start();
  if (!status.ok()) return status;
  parts_->starter = std::thread([this] { parts_->Prepare(); });
  Log(Severity::kInfo)
      .Msg("listening")
      .With("address", parts_->server.address())
      .With("node_id", parts_->config.node_id);
  return absl::OkStatus();
}

void App::RunUntilTerminated() { parts_->server.RunUntilTerminated(); }

std::string App::address() const { return parts_->server.address(); }

}  // namespace muster::matcher
