// What happens to common/db when PostgreSQL stalls, crashes, and comes back.
#include <atomic>
#include <mutex>
#include <vector>

#include "absl/strings/str_replace.h"
#include "absl/time/clock.h"
#include "common/base/errors.h"
#include "common/db/committer.h"
#include "common/db/database.h"
#include "common/db/migrations.h"
#include "common/db/monitor.h"
#include "common/db/read_pool.h"
#include "common/db/request_log.h"
#include "common/db/values.h"
#include "common_test_migrations.h"
#include "tests/support/catch.h"
#include "tests/support/eventually.h"
#include "tests/support/postgres.h"
#include "tests/support/tcp_proxy.h"

namespace muster {
namespace {

absl::Time Soon() { return absl::Now() + absl::Seconds(30); }

absl::Status Ping(Connection& connection, absl::Time deadline = Soon()) {
  return connection.Transact(
      [](pqxx::work& tx) {
        tx.exec("SELECT 1");
        return absl::OkStatus();
      },
      deadline);
}

TEST_CASE("a stalled server cannot hold a thread past its deadline", "[outage]") {
  PrivatePostgres postgres;
  Connection connection({.url = postgres.CreateDatabase()});
  REQUIRE(Ping(connection).ok());
  postgres.Pause();
  absl::Time start = absl::Now();
  absl::Status status = Ping(connection, start + absl::Milliseconds(300));
  absl::Duration took = absl::Now() - start;
  CHECK(absl::IsUnavailable(status));
  CHECK(took >= absl::Milliseconds(300));
  CHECK(took < absl::Seconds(5));
  // Neither can one that does not answer a new connection.
  start = absl::Now();
  CHECK(absl::IsUnavailable(Ping(connection)));
  CHECK(absl::Now() - start < absl::Seconds(10));
  postgres.Resume();
  CHECK(Eventually([&] { return Ping(connection).ok(); }));
}

TEST_CASE("a server that stalls while statements are prepared cannot hold a thread", "[outage]") {
  Connection connection(
      {.url = SharedPostgres().CreateDatabase(),
       .statement_timeout = absl::Minutes(1),
       .connect_timeout = absl::Milliseconds(300)},
      [](pqxx::connection& c) { pqxx::nontransaction(c).exec("SELECT pg_sleep(60)"); });
  const absl::Time start = absl::Now();
  CHECK_FALSE(Ping(connection).ok());
  CHECK(absl::Now() - start < absl::Seconds(30));
}

TEST_CASE("a transaction has a limit of its own, whatever its deadline", "[outage]") {
  PrivatePostgres postgres;
  Connection connection(
      {.url = postgres.CreateDatabase(), .transaction_timeout = absl::Milliseconds(300)});
  REQUIRE(Ping(connection).ok());
  postgres.Pause();
  absl::Time start = absl::Now();
  CHECK(absl::IsUnavailable(Ping(connection, absl::InfiniteFuture())));
  CHECK(absl::Now() - start < absl::Seconds(5));
}

TEST_CASE("a restart costs reads nothing but time", "[outage]") {
  PrivatePostgres postgres;
  ReadPool pool({.url = postgres.CreateDatabase()}, 1);
  auto ping = [](pqxx::work& tx) {
    tx.exec("SELECT 1");
    return absl::OkStatus();
  };
  REQUIRE(pool.SubmitAndWait(ping, Soon()).ok());
  postgres.Restart();
  CHECK(pool.SubmitAndWait(ping, Soon()).ok());
  postgres.Stop("immediate");
  CHECK(absl::IsUnavailable(pool.SubmitAndWait(ping, Soon())));
  postgres.Start();
  CHECK(pool.SubmitAndWait(ping, Soon()).ok());
}

TEST_CASE("the monitor notices that the database goes and comes, while nobody asks", "[outage]") {
  PrivatePostgres postgres;
  std::mutex mutex;
  std::vector<bool> seen;
  DatabaseMonitor monitor({.url = postgres.CreateDatabase()}, absl::Milliseconds(10),
                          [&](const absl::Status& status) {
                            std::lock_guard lock(mutex);
                            seen.push_back(status.ok());
                          });
  auto saw = [&](std::vector<bool> want) {
    return Eventually([&] {
      std::lock_guard lock(mutex);
      return seen == want;
    });
  };
  REQUIRE(saw({true}));
  postgres.Stop();
  CHECK(saw({true, false}));
  CHECK(absl::IsUnavailable(monitor.status()));
  postgres.Start();
  CHECK(saw({true, false, true}));
  postgres.Pause();
  CHECK(saw({true, false, true, false}));
  postgres.Resume();
  CHECK(saw({true, false, true, false, true}));
}

// The write path as services build it: committer, connection, request log.
struct Note {
  std::string request_id;
  int64_t note_id = 0;
};

void PrepareNotes(pqxx::connection& connection) {
  PrepareRequestLog(connection, "notes");
  PrepareNow(connection, "insert_notes",
             "INSERT INTO notes.note SELECT * FROM unnest($1::bigint[])");
}

class Notes {
 public:
  explicit Notes(const std::string& url) : connection_({.url = url}, PrepareNotes) {}

  // Runs just before the next commit.
  void BeforeCommit(std::function<void()> act) { before_commit_ = std::move(act); }

  absl::StatusOr<std::vector<absl::StatusOr<int64_t>>> Apply(absl::Span<Note> batch) {
    ++tries_;
    std::vector<absl::StatusOr<int64_t>> outcomes(batch.size(), absl::UnknownError(""));
    absl::Status status = connection_.Write(
        [&](WriteTransaction& tx) {
          Insert(tx, batch, outcomes);
          if (before_commit_) std::exchange(before_commit_, nullptr)();
          return absl::OkStatus();
        },
        absl::Now() + absl::Seconds(5));
    if (!status.ok()) {
      reasons_.push_back(ErrorReason(status));
      return status;
    }
    return outcomes;
  }

  int tries() const { return tries_; }
  std::vector<std::string> reasons() const { return reasons_; }

 private:
  static void Insert(WriteTransaction& tx, absl::Span<Note> batch,
                     std::vector<absl::StatusOr<int64_t>>& outcomes) {
    std::vector<RequestKey> keys;
    for (const Note& note : batch) keys.push_back({note.request_id, note.note_id});
    std::vector<RequestVerdict> verdicts;
    Script load(tx);
    LookUp(load, "notes", keys, &verdicts);
    load.Run();
    std::vector<RequestRecord> records;
    PgArray ids;
    for (size_t i = 0; i < batch.size(); ++i) {
      if (verdicts[i].kind == RequestVerdict::kAnswered) {
        outcomes[i] = std::stoll(verdicts[i].answer);
      } else {
        ids.Int(batch[i].note_id);
        records.push_back({keys[i], std::to_string(batch[i].note_id), absl::Now()});
        outcomes[i] = batch[i].note_id;
      }
    }
    Script save(tx);
    save.Add("insert_notes", {ids.str()});
    Store(save, "notes", records);
    save.Run();
  }

  Connection connection_;
  std::function<void()> before_commit_;
  int tries_ = 0;
  std::vector<std::string> reasons_;
};

int64_t Count(const std::string& url) {
  Connection connection({.url = url});
  int64_t count = -1;
  absl::Status status = connection.Transact(
      [&](pqxx::work& tx) {
        count = tx.exec("SELECT count(*) FROM notes.note")[0][0].as<int64_t>();
        return absl::OkStatus();
      },
      Soon());
  INFO(status.ToString());
  REQUIRE(status.ok());
  return count;
}

TEST_CASE("a commit in doubt is found out, and neither lost nor doubled", "[outage]") {
  // A deferred trigger runs at COMMIT: it holds the commit open for as long as the test holds a
  // lock, so that the watchdog cuts the connection in the midst of it, and the server goes on.
  PrivatePostgres postgres({.fsync = true});
  std::string url = postgres.CreateDatabase();
  REQUIRE(Migrate({.url = url}, "notes", common_test_migrations()).ok());
  pqxx::connection admin(url);
  pqxx::nontransaction(admin).exec(
      "CREATE FUNCTION notes.wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
      "PERFORM pg_advisory_xact_lock_shared(7); RETURN NULL; END $$; "
      "CREATE CONSTRAINT TRIGGER wait AFTER INSERT ON notes.note DEFERRABLE INITIALLY DEFERRED "
      "FOR EACH ROW EXECUTE FUNCTION notes.wait()");
  auto locker = std::make_unique<pqxx::work>(admin);
  locker->exec("SELECT pg_advisory_xact_lock(7)");

  Connection connection({.url = url, .transaction_timeout = absl::Milliseconds(500)}, PrepareNotes);
  auto insert = [](WriteTransaction& tx) {
    Script script(tx);
    script.Add("insert_notes", {"{1}"});
    Store(script, "notes", {{{"r-1", 1}, "1", absl::Now()}});
    script.Run();
    return absl::OkStatus();
  };
  absl::Status status = connection.Write(insert, Soon());
  CAPTURE(status.ToString());
  CHECK(absl::IsUnavailable(status));
  CHECK(ErrorReason(status) == "COMMIT_IN_DOUBT");
  locker->commit();
  CHECK(Eventually([&] { return Count(url) == 1; }));  // it was committed after all

  Notes notes(url);
  Committer<Note, int64_t> committer({},
                                     [&](absl::Span<Note> batch) { return notes.Apply(batch); });
  std::atomic<int64_t> answer{0};
  committer.Submit({"r-1", 1}, Soon(), [&](absl::StatusOr<int64_t> a) { answer = a.value_or(-1); });
  CHECK(Eventually([&] { return answer == 1; }));
  CHECK(Count(url) == 1);
}

TEST_CASE("a connection cut between commit and answer costs no write, and doubles none",
          "[outage]") {
  PrivatePostgres postgres({.fsync = true});
  const std::string url = postgres.CreateDatabase();
  REQUIRE(Migrate({.url = url}, "notes", common_test_migrations()).ok());
  TcpProxy proxy(postgres.port());
  Notes notes(
      absl::StrReplaceAll(url, {{std::to_string(postgres.port()), std::to_string(proxy.port())}}));
  Committer<Note, int64_t> committer({},
                                     [&](absl::Span<Note> batch) { return notes.Apply(batch); });
  constexpr int kCuts = 5;
  for (int i = 0; i < kCuts; ++i) {
    proxy.CutAnswerTo("COMMIT");
    std::atomic<int64_t> answer{-1};
    committer.Submit({"r-" + std::to_string(i), i}, Soon(),
                     [&](absl::StatusOr<int64_t> a) { answer = a.value_or(-2); });
    REQUIRE(Eventually([&] { return answer == i; }));
    REQUIRE(proxy.answers_cut() == i + 1);
    REQUIRE(Count(url) == i + 1);  // the second try found what the first had done
  }
  CHECK(notes.reasons() == std::vector<std::string>(kCuts, "COMMIT_IN_DOUBT"));
}

TEST_CASE("a crash of the server in mid-batch loses no acknowledged write", "[outage]") {
  PrivatePostgres postgres({.fsync = true});
  std::string url = postgres.CreateDatabase();
  REQUIRE(Migrate({.url = url}, "notes", common_test_migrations()).ok());
  constexpr int kNotes = 500;
  Notes notes(url);
  std::atomic<int> answered{0}, wrong{0};
  {
    Committer<Note, int64_t> committer({.max_batch = 16},
                                       [&](absl::Span<Note> batch) { return notes.Apply(batch); });
    notes.BeforeCommit([&] { postgres.Restart("immediate"); });
    for (int i = 0; i < kNotes; ++i) {
      committer.Submit({"r-" + std::to_string(i), i}, Soon(), [&, i](absl::StatusOr<int64_t> a) {
        if (!a.ok() || *a != i) ++wrong;
        ++answered;
      });
    }
    REQUIRE(Eventually([&] { return answered == kNotes; }, absl::Seconds(30)));
  }
  CHECK(wrong == 0);
  CHECK(notes.tries() > kNotes / 16);
  CHECK_FALSE(notes.reasons().empty());
  CHECK(Count(url) == kNotes);
}

}  // namespace
}  // namespace muster
