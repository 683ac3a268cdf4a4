#include "common/base/steady_waits.h"

#include <dlfcn.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstdarg>
#include <ctime>

namespace muster {
namespace {

constexpr long kNanosASecond = 1'000'000'000;

// The moment of the monotonic clock that is as far away as `deadline` is by the wall clock.
timespec ToMonotonic(const timespec& deadline) {
  timespec wall;
  timespec monotonic;
  clock_gettime(CLOCK_REALTIME, &wall);
  clock_gettime(CLOCK_MONOTONIC, &monotonic);
  timespec end = {.tv_sec = monotonic.tv_sec + deadline.tv_sec - wall.tv_sec,
                  .tv_nsec = monotonic.tv_nsec + deadline.tv_nsec - wall.tv_nsec};
  for (; end.tv_nsec < 0; end.tv_nsec += kNanosASecond) --end.tv_sec;
  for (; end.tv_nsec >= kNanosASecond; end.tv_nsec -= kNanosASecond) ++end.tv_sec;
  return end.tv_sec < 0 ? timespec{} : end;
}

bool WaitsByWallClock(long number, long operation, const timespec* deadline) {
  return number == SYS_futex && (operation & FUTEX_CMD_MASK) == FUTEX_WAIT_BITSET &&
         (operation & FUTEX_CLOCK_REALTIME) != 0 && deadline != nullptr;
}

}  // namespace

void UseSteadyWaits() {}

}  // namespace muster

// As the C library's.
extern "C" long syscall(long number, ...) noexcept {  // NOLINT: its own words
  // Not a static that is initialized by the first call: of two threads the second would wait for
  // the first with this very function.
  constinit static std::atomic<long (*)(long, ...)> found = nullptr;
  auto* next = found.load(std::memory_order_acquire);
  if (next == nullptr) {
    next = reinterpret_cast<long (*)(long, ...)>(dlsym(RTLD_NEXT, "syscall"));
    found.store(next, std::memory_order_release);
  }
  va_list list;
  va_start(list, number);
  long a[6];
  for (long& argument : a) argument = va_arg(list, long);
  va_end(list);
  if (const auto* deadline = reinterpret_cast<const timespec*>(a[3]);
      muster::WaitsByWallClock(number, a[1], deadline)) {
    const timespec end = muster::ToMonotonic(*deadline);
    return next(number, a[0], a[1] & ~FUTEX_CLOCK_REALTIME, a[2], &end, a[4], a[5]);
  }
  return next(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
