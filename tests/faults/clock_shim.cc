// A library to preload into a service: its wall clock is off by as much as a file says, and follows
// when that changes, also in the midst of a wait. The monotonic clock stays as it is.
//
// MUSTER_CLOCK_SHIM names the file: 8 bytes, the offset in microseconds, mapped and shared (see
// clock_offset.h). Waits until a moment of the wall clock (condition variables, semaphores,
// futexes) are cut into slices, so that a jump lengthens or ends them as it would on a machine
// whose clock is set: code that waits by the wall clock does not get away with it.
//
// Threading: any; no locks, no allocation after the first call.
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdint>
#include <cstdlib>
#include <ctime>

namespace {

constexpr int64_t kMicro = 1'000'000;
constexpr int64_t kSlice = 20'000;  // us
// A deadline before this is one of the monotonic clock: no machine has been up for so long.
constexpr time_t kEarliestWallClock = 1'000'000'000;

template <class Function>
Function* Real(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

int64_t Offset() {
  static const std::atomic<int64_t>* const offset = [] {
    const char* path = std::getenv("MUSTER_CLOCK_SHIM");
    const int fd = path == nullptr ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return static_cast<const std::atomic<int64_t>*>(nullptr);
    void* at = mmap(nullptr, sizeof(int64_t), PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
    return at == MAP_FAILED ? nullptr : static_cast<const std::atomic<int64_t>*>(at);
  }();
  return offset == nullptr ? 0 : offset->load(std::memory_order_relaxed);
}

int64_t MicrosOf(const timespec& time) { return time.tv_sec * kMicro + time.tv_nsec / 1000; }

timespec TimeOf(int64_t micros) {
  return {.tv_sec = micros / kMicro, .tv_nsec = (micros % kMicro) * 1000};
}

int RealClock(clockid_t clock, timespec* time) {
  static auto* const real = Real<int(clockid_t, timespec*)>("clock_gettime");
  return real(clock, time);
}

int64_t RealWallMicros() {
  timespec now;
  RealClock(CLOCK_REALTIME, &now);
  return MicrosOf(now);
}

// The end of the next slice of a wait until `deadline` of the shifted clock, by the real one.
timespec SliceEnd(const timespec& deadline) {
  const int64_t until = std::max<int64_t>(MicrosOf(deadline) - Offset(), 0);
  return TimeOf(std::min(until, RealWallMicros() + kSlice));
}

bool Reached(const timespec& deadline) { return RealWallMicros() + Offset() >= MicrosOf(deadline); }

// For waits whose wake-up is kept in memory, so that none is lost between two slices.
template <class Wait>
auto InSlices(const timespec& deadline, const Wait& wait) {
  while (true) {
    const timespec slice = SliceEnd(deadline);
    const auto result = wait(&slice);
    if (result == 0 || errno != ETIMEDOUT || Reached(deadline)) return result;
  }
}

// A condition variable forgets: whoever waits on it has to look for itself after each slice, as
// after any wake-up for no reason.
template <class Wait>
int OneSlice(const timespec& deadline, const Wait& wait) {
  const timespec slice = SliceEnd(deadline);
  const int result = wait(&slice);
  return result == ETIMEDOUT && !Reached(deadline) ? 0 : result;
}

bool IsWall(const timespec* deadline) {
  return deadline != nullptr && deadline->tv_sec >= kEarliestWallClock;
}

}  // namespace

extern "C" {

int clock_gettime(clockid_t clock, timespec* time) {
  const int result = RealClock(clock, time);
  if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
    *time = {.tv_sec = time->tv_sec + Offset() / kMicro, .tv_nsec = time->tv_nsec};
  }
  return result;
}

int gettimeofday(timeval* __restrict time, void* __restrict) noexcept {
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  *time = {.tv_sec = now.tv_sec, .tv_usec = now.tv_nsec / 1000};
  return 0;
}

time_t time(time_t* out) noexcept {
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (out != nullptr) *out = now.tv_sec;
  return now.tv_sec;
}

int pthread_cond_timedwait(pthread_cond_t* __restrict condition, pthread_mutex_t* __restrict mutex,
                           const timespec* __restrict deadline) {
  static auto* const real =
      Real<int(pthread_cond_t*, pthread_mutex_t*, const timespec*)>("pthread_cond_timedwait");
  if (!IsWall(deadline)) return real(condition, mutex, deadline);
  return OneSlice(*deadline, [&](const timespec* slice) { return real(condition, mutex, slice); });
}

int pthread_cond_clockwait(pthread_cond_t* __restrict condition, pthread_mutex_t* __restrict mutex,
                           clockid_t clock, const timespec* __restrict deadline) {
  static auto* const real =
      Real<int(pthread_cond_t*, pthread_mutex_t*, clockid_t, const timespec*)>(
          "pthread_cond_clockwait");
  if (clock != CLOCK_REALTIME) return real(condition, mutex, clock, deadline);
  return OneSlice(*deadline,
                  [&](const timespec* slice) { return real(condition, mutex, clock, slice); });
}

int sem_timedwait(sem_t* __restrict semaphore, const timespec* __restrict deadline) {
  static auto* const real = Real<int(sem_t*, const timespec*)>("sem_timedwait");
  return InSlices(*deadline, [&](const timespec* slice) { return real(semaphore, slice); });
}

// Abseil's mutex waits by futexes of its own.
long syscall(long number, ...) noexcept {  // NOLINT: libc's own words
  static auto* const real = Real<long(long, ...)>("syscall");
  va_list list;
  va_start(list, number);
  long a[6];
  for (long& argument : a) argument = va_arg(list, long);
  va_end(list);
  const auto* deadline = reinterpret_cast<const timespec*>(a[3]);
  const bool waits_by_wall = number == SYS_futex && (a[1] & FUTEX_CLOCK_REALTIME) != 0 &&
                             (a[1] & FUTEX_CMD_MASK) == FUTEX_WAIT_BITSET && deadline != nullptr;
  if (!waits_by_wall) return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
  return InSlices(*deadline, [&](const timespec* slice) {
    return real(number, a[0], a[1], a[2], reinterpret_cast<long>(slice), a[4], a[5]);
  });
}

}  // extern "C"
