// Runs itself as a child under the clock shim.
#include "common/base/steady_waits.h"

#include <grpcpp/alarm.h>

#include <cstdio>
#include <future>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/faults/clock_offset.h"
#include "tests/support/catch.h"
#include "tests/support/process.h"

namespace muster::faults {
namespace {

constexpr int kAlarms = 6;

// What the child does; hidden, so that it runs only when it is named.
TEST_CASE("child: one alarm after the other", "[.]") {
  UseSteadyWaits();
  for (int i = 0; i < kAlarms; ++i) {
    std::promise<void> fired;
    grpc::Alarm alarm;
    alarm.Set(absl::ToChronoTime(absl::Now() + absl::Milliseconds(100)),
              [&fired](bool) { fired.set_value(); });
    std::printf("set %d\n", i);
    std::fflush(stdout);
    fired.get_future().wait();
    std::printf("fired %d\n", i);
    std::fflush(stdout);
  }
}

std::string Self() {
  char path[4096] = {};
  REQUIRE(readlink("/proc/self/exe", path, sizeof(path) - 1) > 0);
  return path;
}

TEST_CASE("alarms of gRPC fire, however often the wall clock is set meanwhile") {
  ClockOffset offset(absl::StrCat(BinDir(), "/steady-", getpid()));
  ProcessOptions options;
  options.env = offset.Environment(BinDir() + "/../lib/libmuster_clock_shim.so");
  Process child(Self(), {"child: one alarm after the other"}, options);
  const absl::Duration jumps[kAlarms] = {absl::Hours(1),  absl::ZeroDuration(),
                                         -absl::Hours(1), absl::Hours(1),
                                         -absl::Hours(1), absl::ZeroDuration()};
  for (int i = 0; i < kAlarms; ++i) {
    CAPTURE(i);
    REQUIRE(child.WaitForLine(absl::StrCat("set ", i)).has_value());
    offset.Set(jumps[i]);
    REQUIRE(child.WaitForLine(absl::StrCat("fired ", i)).has_value());
  }
}

}  // namespace
}  // namespace muster::faults
