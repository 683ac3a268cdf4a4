#include "services/availability/app.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "availability_migrations.h"
#include "common/base/backoff.h"
#include "common/base/boot_clock.h"
#include "common/base/errors.h"
#include "common/db/migrations.h"
#include "common/db/monitor.h"
#include "common/obs/log.h"
#include "common/rpc/server.h"
#include "services/availability/chores.h"
#include "services/availability/feed/source.h"
#include "services/availability/service/availability_service.h"
#include "services/availability/service/delivery.h"
#include "services/availability/service/link.h"
#include "services/availability/session/membership.h"
#include "services/availability/storage/postgres_store.h"

namespace muster::availability {
namespace {

constexpr absl::Duration kMonitorInterval = absl::Milliseconds(500);
constexpr absl::Duration kRecoverTime = absl::Seconds(10);
constexpr int64_t kHelloCommits = 4;  // full ones, that hellos may wait for
constexpr BackoffOptions kStartBackoff = {.initial = absl::Milliseconds(100),
                                          .max = absl::Seconds(3)};

DatabaseOptions DatabaseOf(const Config& config) {
  DatabaseOptions options;
  options.url = config.database_url;
  options.connections = config.database_connections;
  options.application_name = "muster-availability";
  return options;
}

CommitterOptions CommitterOf(const Config& config) {
  CommitterOptions options;
  options.max_batch = static_cast<size_t>(config.max_batch);
  options.observe =
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

ServerOptions ServerOf(const Config& config) {
  ServerOptions options;
  options.listen = config.listen;
  options.drain_limit = config.drain_limit;
  return options;
}

// Where others reach this process.
std::string AdvertisedBy(const Config& config, const std::string& listening) {
  if (!config.advertise.empty()) return config.advertise;
  for (const char* any : {"0.0.0.0:", "[::]:"}) {
    if (!absl::StartsWith(listening, any)) continue;
    char host[256] = "localhost";
    gethostname(host, sizeof(host) - 1);
    return absl::StrCat(host, ":", listening.substr(std::string_view(any).size()));
  }
  return listening;
}

// Leases and graces end soon after their time, whatever they are configured to be.
absl::Duration TickOf(const Config& config) {
  const absl::Duration least = std::min({config.lease, config.grace, config.act_timeout});
  return std::clamp(least / 10, absl::Milliseconds(5), absl::Milliseconds(50));
}

}  // namespace

struct App::Parts {
  explicit Parts(Config c);
  ~Parts();

  // Until the database is up to date, and the sessions of before have been found.
  void Prepare();
  absl::Status PrepareOnce();
  void TellHealth(const absl::Status& database);
  bool WaitToRetry(absl::Duration duration);

  const Config config;
  const Clock& clock = SystemClock();
  const Clock& steady = BootClock();
  std::atomic<bool> ready{false};
  Counts counts{ProcessMetrics()};
  AgentHub hub;
  PostgresStore store;  // its reads may end as late as it does, and use what is above
  AgentFeedSource feed;
  SessionTable table;
  Router router;
  Writer writer;
  Sessions sessions;
  Membership membership;
  LinkService links;
  DeliveryService delivery;
  AvailabilityService service;
  Server server;
  std::optional<Chores> chores;
  std::optional<DatabaseMonitor> monitor;
  std::mutex mutex;
  std::condition_variable wake;
  bool stopping = false;
  std::thread starter;
};

App::Parts::Parts(Config c)
    : config(std::move(c)),
      hub({.max_queued = static_cast<size_t>(config.feed_queue)}),
      store(DatabaseOf(config), clock),
      feed(store, clock),
      table({.lease = config.lease, .grace = config.grace}),
      router(table, counts, clock, steady),
      writer(store, hub, CommitterOf(config)),
      sessions({.node_id = config.node_id,
                .heartbeat_interval = config.heartbeat_interval,
                .hellos = {.per_second = config.hello_rate,
                           .burst = config.hello_rate,
                           .most_under_way = kHelloCommits * config.max_batch}},
               table, router, writer, clock, steady),
      membership({.lease = config.node_lease, .renew = config.node_lease / 3}, store, sessions,
                 steady),
      links({sessions,
             router,
             table,
             counts,
             clock,
             steady,
             {.max_queued_frames = static_cast<size_t>(config.link_queue),
              .act_timeout = config.act_timeout},
             ready}),
      delivery({router, counts, membership, config.node_id, ready}),
      service({store,
               writer,
               hub,
               feed,
               sessions,
               router,
               table,
               membership,
               clock,
               config.act_timeout,
               {.progress_interval = config.feed_progress},
               ready}),
      server(ServerOf(config)) {
  server.Register(&service);
  server.Register(&links);
  server.Register(&delivery);
  server.OnDrain([this] {
    hub.Close();
    router.EndAll();
  });
}

App::Parts::~Parts() {
  {
    std::lock_guard lock(mutex);
    stopping = true;
  }
  wake.notify_all();
  if (starter.joinable()) starter.join();
  monitor.reset();
  server.Drain();
  chores.reset();
  writer.Drain();
  membership.Stop();
}

bool App::Parts::WaitToRetry(absl::Duration duration) {
  std::unique_lock lock(mutex);
  return !wake.wait_for(lock, absl::ToChronoMicroseconds(duration), [this] { return stopping; });
}

void App::Parts::Prepare() {
  Backoff backoff(kStartBackoff, RandomSeed());
  absl::Status status;
  while (!(status = PrepareOnce()).ok()) {
    Log(Severity::kError).Msg("cannot start yet").Error(status);
    TellHealth(status);
    if (!WaitToRetry(backoff.Next())) return;
  }
  membership.Start({config.node_id, AdvertisedBy(config, server.address())});
  ready = true;
  monitor.emplace(DatabaseOf(config), kMonitorInterval,
                  [this](const absl::Status& database) { TellHealth(database); });
}

absl::Status App::Parts::PrepareOnce() {
  absl::Status status =
      Migrate(DatabaseOf(config), kSchema, availability_migrations(), clock.Now());
  if (!status.ok()) return status;
  std::mutex done_mutex;
  std::condition_variable done;
  std::optional<absl::StatusOr<std::vector<HeldSession>>> held;
  store.HeldBy(config.node_id, clock.Now() + kRecoverTime,
               [&](absl::StatusOr<std::vector<HeldSession>> found) {
                 std::lock_guard lock(done_mutex);
                 held = std::move(found);
                 done.notify_one();
               });
  std::unique_lock lock(done_mutex);
  done.wait(lock, [&] { return held.has_value(); });
  if (!held->ok()) return held->status();
  if (!(*held)->empty()) {
    Log(Severity::kInfo)
        .Msg("sessions of before the restart: their grace begins")
        .With("sessions", (*held)->size());
  }
  sessions.Recover(**held);
  return absl::OkStatus();
}

void App::Parts::TellHealth(const absl::Status& database) {
  for (const char* name :
       {v1::AvailabilityService::service_full_name(), v1::AgentLink::service_full_name(),
        v1::AgentDelivery::service_full_name()}) {
    server.SetServing(name, database.ok(), database.ok() ? "" : Describe(database));
  }
}

App::App(Config config) : parts_(std::make_unique<Parts>(std::move(config))) {}
App::~App() = default;

absl::Status App::Start() {
  absl::Status status = parts_->server.Start();
  if (!status.ok()) return status;
  parts_->chores.emplace(
      ChoresOptions{.tick = TickOf(parts_->config), .feed_poll = parts_->config.feed_poll},
      ChoresParts{parts_->store, parts_->hub, parts_->sessions, parts_->table, parts_->router,
                  parts_->counts, parts_->clock, parts_->steady});
  parts_->starter = std::thread([this] { parts_->Prepare(); });
  Log(Severity::kInfo)
      .Msg("listening")
      .With("address", parts_->server.address())
      .With("node_id", parts_->config.node_id);
  return absl::OkStatus();
}

void App::RunUntilTerminated() { parts_->server.RunUntilTerminated(); }

std::string App::address() const { return parts_->server.address(); }

}  // namespace muster::availability
