// Runs itself as a child under the shim, since it is for whole processes.
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "tests/faults/clock_offset.h"
#include "tests/support/catch.h"
#include "tests/support/process.h"

namespace muster::faults {
namespace {

// What the child does; hidden, so that it runs only when it is named.
TEST_CASE("child: tells the time", "[.]") {
  std::printf("now %lld\n", static_cast<long long>(absl::ToUnixSeconds(absl::Now())));
}

TEST_CASE("child: waits until a moment of the wall clock", "[.]") {
  const absl::Time until = absl::Now() + absl::Minutes(30);
  std::printf("waiting\n");
  std::fflush(stdout);
  std::mutex mutex;
  std::condition_variable never;
  std::unique_lock lock(mutex);
  while (never.wait_until(lock, absl::ToChronoTime(until)) != std::cv_status::timeout) {
  }
  absl::Mutex absl_mutex;
  absl::MutexLock absl_lock(&absl_mutex);
  absl_mutex.AwaitWithDeadline(absl::Condition(
                                   +[](int*) { return false; }, new int(0)),
                               until);
  std::printf("over\n");
}

std::string Path() {
  return absl::StrCat(BinDir(), "/clock-", getpid(), "-", absl::ToUnixNanos(absl::Now()));
}

std::string Shim() { return BinDir() + "/../lib/libmuster_clock_shim.so"; }

std::string Self() {
  char path[4096] = {};
  REQUIRE(readlink("/proc/self/exe", path, sizeof(path) - 1) > 0);
  return path;
}

TEST_CASE("a process under the shim lives at another time") {
  for (const absl::Duration jump : {absl::Hours(1), -absl::Hours(1), absl::ZeroDuration()}) {
    ClockOffset offset(Path());
    offset.Set(jump);
    ProcessOptions options;
    options.env = offset.Environment(Shim());
    Process child(Self(), {"child: tells the time"}, options);
    REQUIRE(child.Wait() == 0);
    const std::string said = child.Stdout();
    INFO(said);
    const size_t at = said.find("now ");
    REQUIRE(at != std::string::npos);
    const absl::Time told = absl::FromUnixSeconds(std::stoll(said.substr(at + 4)));
    CHECK(absl::AbsDuration(told - absl::Now() - jump) < absl::Minutes(1));
  }
}

TEST_CASE("a jump ends the waits that go by the wall clock") {
  ClockOffset offset(Path());
  ProcessOptions options;
  options.env = offset.Environment(Shim());
  Process child(Self(), {"child: waits until a moment of the wall clock"}, options);
  REQUIRE(child.WaitForLine("waiting").has_value());
  CHECK_FALSE(child.WaitForLine("over", absl::Milliseconds(100)).has_value());
  offset.Set(absl::Hours(1));
  CHECK(child.WaitForLine("over").has_value());
}

}  // namespace
}  // namespace muster::faults
