#include "common/db/watchdog.h"

#include <sys/socket.h>

#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

#include "absl/time/clock.h"
#include "common/base/boot_clock.h"

namespace muster {
namespace {

// Deadlines move with every transaction, so a guard costs two entries in two trees and wakes the
// thread only when it is the first to bark.
class Kennel {
 public:
  Kennel() {
    std::thread([this] { Run(); }).detach();
  }

  // By the boot clock: a jump of the wall clock neither spares a stalled connection nor cuts one.
  uint64_t Watch(int fd, absl::Time deadline) {
    std::lock_guard lock(mutex_);
    uint64_t id = next_id_++;
    watched_.emplace(id, Watched{fd, deadline, false});
    by_deadline_.emplace(deadline, id);
    if (by_deadline_.begin()->second == id) changed_.notify_one();
    return id;
  }

  void Forget(uint64_t id) {
    std::lock_guard lock(mutex_);
    auto it = watched_.find(id);
    by_deadline_.erase({it->second.deadline, id});
    watched_.erase(it);
  }

  bool Fired(uint64_t id) {
    std::lock_guard lock(mutex_);
    return watched_.at(id).fired;
  }

 private:
  struct Watched {
    int fd;
    absl::Time deadline;
    bool fired;
  };

  void Run() {
    std::unique_lock lock(mutex_);
    while (true) {
      absl::Time now = BootClock().Now();
      while (!by_deadline_.empty() && by_deadline_.begin()->first <= now) {
        Watched& due = watched_.at(by_deadline_.begin()->second);
        by_deadline_.erase(by_deadline_.begin());
        due.fired = true;
        shutdown(due.fd, SHUT_RDWR);
      }
      if (by_deadline_.empty()) {
        changed_.wait(lock);
      } else {
        changed_.wait_for(lock, absl::ToChronoNanoseconds(by_deadline_.begin()->first - now));
      }
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  uint64_t next_id_ = 1;
  std::map<uint64_t, Watched> watched_;
  std::set<std::pair<absl::Time, uint64_t>> by_deadline_;
};

// Never destroyed: connections may outlive any static.
Kennel& TheKennel() {
  static Kennel* kennel = new Kennel;
  return *kennel;
}

}  // namespace

Watchdog::Guard::Guard(int fd, absl::Time deadline)
    : id_(TheKennel().Watch(fd, BootClock().Now() + (deadline - absl::Now()))) {}
Watchdog::Guard::~Guard() { TheKennel().Forget(id_); }
bool Watchdog::Guard::fired() const { return TheKennel().Fired(id_); }

}  // namespace muster
