#include "common/db/read_pool.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <optional>

#include "absl/time/clock.h"
#include "common/base/errors.h"

namespace muster {
namespace {

// A client's short deadline must not cost the pool its connection: a query that has begun has at
// least this long before the watchdog cuts it.
constexpr absl::Duration kMinQueryTime = absl::Seconds(1);

DatabaseOptions ReadOnly(DatabaseOptions options) {
  options.read_only = true;
  return options;
}

}  // namespace

ReadPool::ReadPool(DatabaseOptions options, int threads, int max_queued, const Clock& clock)
    : options_(ReadOnly(std::move(options))), clock_(clock), jobs_(max_queued) {
  for (int i = 0; i < threads; ++i) {
    threads_.emplace_back([this] {
      Connection connection(options_);
      Run(connection);
    });
  }
}

ReadPool::~ReadPool() {
  for (Job& job : jobs_.CloseAndTake()) {
    job.done(Unavailable("DRAINING", "the service is shutting down"));
  }
  for (std::thread& thread : threads_) thread.join();
}

void ReadPool::Submit(Query query, absl::Time deadline, Done done) {
  Job job{std::move(query), deadline, std::move(done)};
  if (!jobs_.TryPush(std::move(job))) {
    job.done(ResourceExhausted("READ_QUEUE_FULL", "too many reads are waiting"));
  }
}

void ReadPool::Run(Connection& connection) {
  while (std::optional<Job> job = jobs_.Pop()) {
    absl::Status status = Execute(connection, *job);
    job->done(std::move(status));
  }
}

absl::Status ReadPool::Execute(Connection& connection, const Job& job) {
  if (job.deadline <= clock_.Now()) {
    return DeadlineExceeded("NOT_READ", "no thread came to the read in time");
  }
  absl::Time cut = std::max(job.deadline, absl::Now() + kMinQueryTime);
  bool was_connected = connection.connected();
  absl::Status status = connection.Transact(job.query, cut);
  bool lost = was_connected && !connection.connected() && absl::IsUnavailable(status);
  return lost && clock_.Now() < job.deadline ? connection.Transact(job.query, cut) : status;
}

absl::Status ReadPool::SubmitAndWait(Query query, absl::Time deadline) {
  std::mutex mutex;
  std::condition_variable ready;
  std::optional<absl::Status> result;
  Submit(std::move(query), deadline, [&](absl::Status status) {
    std::lock_guard lock(mutex);
    result = std::move(status);
    ready.notify_one();
  });
  std::unique_lock lock(mutex);
  ready.wait(lock, [&] { return result.has_value(); });
  return *result;
}

}  // namespace muster
