// Reads from PostgreSQL, off the threads that must not block.
//
// A few threads, each with a connection, take queries from a bounded queue. A query that finds its
// connection lost (PostgreSQL was restarted) is run once more on a new one.
//
// Threading: Submit and Read may be called from any thread and never block. `query` and `done` run
// on a thread of the pool; `done` must not block, and is called exactly once.
//
//   pool.Read<Ticket>([id](pqxx::work& tx) { return storage::GetTicket(tx, id); }, deadline,
//                     [reply](absl::StatusOr<Ticket> ticket) { reply(std::move(ticket)); });
#pragma once

#include <functional>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/bounded_queue.h"
#include "common/base/clock.h"
#include "common/db/database.h"

namespace muster {

class ReadPool {
 public:
  using Query = std::function<absl::Status(pqxx::work&)>;
  using Done = absl::AnyInvocable<void(absl::Status)>;

  static constexpr int kDefaultMaxQueued = 10'000;

  explicit ReadPool(DatabaseOptions options, int threads = 4, int max_queued = kDefaultMaxQueued,
                    const Clock& clock = SystemClock());
  // Refuses what is queued with UNAVAILABLE, waits for what runs.
  ~ReadPool();

  // `done` gets the query's status, RESOURCE_EXHAUSTED (from within Submit) when the queue is full,
  // DEADLINE_EXCEEDED when `deadline` passed before a thread came to it, or UNAVAILABLE.
  // `query` may run twice: it must not keep what a first run left in its captures.
  void Submit(Query query, absl::Time deadline, Done done);

  // The same for a query that returns a value.
  template <class T>
  void Read(std::function<absl::StatusOr<T>(pqxx::work&)> query, absl::Time deadline,
            absl::AnyInvocable<void(absl::StatusOr<T>)> done) {
    auto result = std::make_shared<absl::StatusOr<T>>(absl::UnknownError("not run"));
    Submit(
        [query = std::move(query), result](pqxx::work& tx) {
          *result = query(tx);
          return result->status();
        },
        deadline,
        [result, done = std::move(done)](absl::Status status) mutable {
          if (!status.ok()) *result = std::move(status);
          done(std::move(*result));
        });
  }

  // For tests and start-up code: waits for the answer. Never on a gRPC thread.
  absl::Status SubmitAndWait(Query query, absl::Time deadline);

  size_t queued() const { return jobs_.size(); }

 private:
  struct Job {
    Query query;
    absl::Time deadline;
    Done done;
  };
  void Run(Connection& connection);
  absl::Status Execute(Connection& connection, const Job& job);

  const DatabaseOptions options_;
  const Clock& clock_;
  BoundedQueue<Job> jobs_;
  std::vector<std::thread> threads_;
};

}  // namespace muster
