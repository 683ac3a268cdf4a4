#include "services/intake/app.h"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "common/base/backoff.h"
#include "common/base/errors.h"
#include "common/db/monitor.h"
#include "common/obs/log.h"
#include "common/rpc/server.h"
#include "services/intake/chores.h"
#include "services/intake/service/intake_service.h"
#include "services/intake/storage/postgres_store.h"

namespace muster::intake {
namespace {

constexpr BackoffOptions kStartBackoff = {.initial = absl::Milliseconds(100),
                                          .max = absl::Seconds(3)};

DatabaseOptions DatabaseOf(const Config& config) {
  DatabaseOptions options;
  options.url = config.database_url;
  options.connections = config.database_connections;
  options.application_name = "muster-intake";
  return options;
}

// Each answer goes out to the network: as many take longer than to wake a thread for them.
constexpr size_t kAnswersAside = 16;

CommitterOptions CommitterOf(const Config& config) {
  CommitterOptions options;
  options.max_batch = static_cast<size_t>(config.max_batch);
  options.max_queued = static_cast<size_t>(config.max_writes_queued);
  options.answer_aside = kAnswersAside;
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

  // Until the database is there and up to date.
  void Prepare();
  void SetDatabase(const absl::Status& status);
  // What the database and the commits say, to those who ask for our health.
  void TellHealth();

  const Config config;
  const Clock& clock = SystemClock();
  std::atomic<bool> ready{false};
  IntakeMetrics metrics{ProcessMetrics()};
  PostgresStore store;  // before all that its callbacks lead to
  TicketFeed feed;
  StandingDesk desk;
  Writer writer;
  IntakeService service;
  Server server;
  std::optional<Chores> chores;
  std::optional<DatabaseMonitor> monitor;
  std::mutex mutex;
  std::condition_variable wake;
  bool stopping = false;
  absl::Status database = Unavailable("STARTING", "the database is not ready yet");
  std::thread starter;
};

App::Parts::Parts(Config c)
    : config(std::move(c)),
      store(DatabaseOf(config), config.archive_after),
      feed(store, clock, {.poll_interval = config.feed_poll},
           {.max_queued = static_cast<size_t>(config.feed_queue)}),
      desk(store, feed, clock, {.interval = config.standing_interval}),
      writer(store, feed, metrics, clock, CommitterOf(config)),
      service(
          {store, writer, feed, desk, clock, {.progress_interval = config.feed_progress}, ready}),
      server(ServerOf(config)) {
  server.Register(&service);
  // Customers' boards follow the feeds, and end with them.
  server.OnDrain([this] { feed.hub().Close(); });
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
}

void App::Parts::Prepare() {
  Backoff backoff(kStartBackoff, RandomSeed());
  absl::Status status;
  while (!(status = PostgresStore::MigrateSchema(DatabaseOf(config))).ok()) {
    Log(Severity::kError).Msg("cannot start yet").Error(status);
    SetDatabase(status);
    std::unique_lock lock(mutex);
    if (wake.wait_for(lock, absl::ToChronoMicroseconds(backoff.Next()),
                      [this] { return stopping; })) {
      return;
    }
  }
  ready = true;
  monitor.emplace(DatabaseOf(config), config.monitor_interval,
                  [this](const absl::Status& status) { SetDatabase(status); });
}

void App::Parts::SetDatabase(const absl::Status& status) {
  {
    std::lock_guard lock(mutex);
    database = status;
  }
  TellHealth();
}

void App::Parts::TellHealth() {
  absl::Status status;
  {
    std::lock_guard lock(mutex);
    status = database;
  }
  if (status.ok()) status = writer.Health();
  server.SetServing(v1::IntakeService::service_full_name(), status.ok(), Describe(status));
}

App::App(Config config) : parts_(std::make_unique<Parts>(std::move(config))) {}
App::~App() = default;

absl::Status App::Start() {
  absl::Status status = parts_->server.Start();
  if (!status.ok()) return status;
  parts_->chores.emplace(
      ChoresOptions{.sweep = parts_->config.sweep_interval},
      ChoresParts{parts_->store, parts_->writer, parts_->feed, parts_->desk, parts_->metrics,
                  parts_->clock, [parts = parts_.get()] { parts->TellHealth(); }});
  parts_->starter = std::thread([this] { parts_->Prepare(); });
  Log(Severity::kInfo)
      .Msg("listening")
      .With("address", parts_->server.address())
      .With("node_id", parts_->config.node_id);
  return absl::OkStatus();
}

void App::RunUntilTerminated() { parts_->server.RunUntilTerminated(); }

std::string App::address() const { return parts_->server.address(); }

}  // namespace muster::intake
