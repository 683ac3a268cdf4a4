#include "common/db/monitor.h"

#include <utility>

#include "absl/time/clock.h"

namespace muster {

DatabaseMonitor::DatabaseMonitor(DatabaseOptions options, absl::Duration interval,
                                 OnChange on_change)
    : on_change_(std::move(on_change)),
      status_(absl::UnknownError("not asked yet")),
      thread_([this, options = std::move(options), interval] { Run(options, interval); }) {}

DatabaseMonitor::~DatabaseMonitor() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stop_.notify_all();
  thread_.join();
}

absl::Status DatabaseMonitor::status() const {
  std::lock_guard lock(mutex_);
  return status_;
}

void DatabaseMonitor::Run(DatabaseOptions options, absl::Duration interval) {
  Connection connection(std::move(options));
  bool first = true;
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    lock.unlock();
    absl::Status now = connection.Transact(
        [](pqxx::work& tx) {
          tx.exec("SELECT 1");
          return absl::OkStatus();
        },
        absl::Now() + kPatience);
    lock.lock();
    bool changed = first || now.ok() != status_.ok();
    first = false;
    status_ = now;
    if (changed) {
      lock.unlock();
      on_change_(now);
      lock.lock();
    }
    stop_.wait_for(lock, absl::ToChronoMicroseconds(interval), [this] { return stopping_; });
  }
}

}  // namespace muster
