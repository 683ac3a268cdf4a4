// How many calls may be under way at once: a limit that adapts, and classes that count for more.
//
// When a service is asked for more than it can do, what it takes on it does late, and in the end
// nothing in time. So it takes on no more than it can do within a target latency: the limit rises
// by a part while calls are quick and the limit is what holds them back, and falls by a larger part
// when more than a few of them are slow (additive increase would take minutes to find the level of
// a fast machine). The rest is refused at once, at the price of next to nothing.
//
// Of the limit, lesser classes may use only a share: while it is short, an agent's answer is taken
// before a new ticket, and that before a list.
//
// Threading: thread-safe, one short lock. Time is handed in.
//
//   ConcurrencyLimiter limiter({.target = absl::Milliseconds(250)});
//   if (!limiter.Enter(CallClass::kTicket, clock.Now())) return ...RESOURCE_EXHAUSTED...;
//   ...; limiter.Leave(began, clock.Now());
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <string_view>

#include "absl/time/time.h"

namespace muster {

// In order of precedence.
enum class CallClass {
  kAnswer,  // what an agent, or another service, does about work that is under way
  kTicket,  // new work, and everything else that changes something
  kRead,    // lists, views
  kExempt,  // never refused, and not counted: health, discovery
};
inline constexpr int kCallClasses = 3;  // that are counted

// By the method's verb: "intake.CreateTicket", "availability.AcceptOffer".
CallClass ClassOf(std::string_view method);
std::string_view ClassName(CallClass call_class);

struct LimiterOptions {
  int initial = 4'000;
  int min = 32;
  int max = 20'000;
  // What nine calls in ten should take at most.
  absl::Duration target = absl::Milliseconds(250);
  absl::Duration window = absl::Milliseconds(100);  // between two looks
  double slow_share = 0.1;                          // of the calls of a window
  double raise = 1.1;
  double lower = 0.8;
  std::array<double, kCallClasses> shares = {1.0, 0.8, 0.5};
};

class ConcurrencyLimiter {
 public:
  explicit ConcurrencyLimiter(const LimiterOptions& options = {});

  // Whether a call may begin; each that may is followed by one Leave.
  bool Enter(CallClass call_class, absl::Time now);
  void Leave(absl::Time began, absl::Time now);
  // Begins anew with these, for a service whose flags have been read.
  void Configure(const LimiterOptions& options);

  int limit() const;
  int in_flight() const;

 private:
  void LookLocked(absl::Time now);

  mutable std::mutex mutex_;
  LimiterOptions options_;
  double limit_;
  int in_flight_ = 0;
  // Of this window.
  absl::Time window_end_ = absl::InfinitePast();
  int ended_ = 0;
  int slow_ = 0;
  bool pressed_ = false;  // the limit held calls back, or was close to it
};

// The one of this process, which HandleUnary asks (common/rpc/unary.h).
ConcurrencyLimiter& ProcessLimiter();

}  // namespace muster
