#include "common/rpc/limiter.h"

#include <algorithm>

namespace muster {
namespace {

constexpr std::string_view kExempt[] = {"GetServerInfo", "ListNodes"};
constexpr std::string_view kAnswers[] = {
    "ReceiveOffer", "AcceptOffer", "DeclineOffer",   "StartWrapUp", "CompleteAssignment",
    "SetPresence",  "Heartbeat",   "RecordProgress", "ListPools",
};
constexpr std::string_view kReadVerbs[] = {"Get", "List", "Explain", "Search", "Simulate"};

}  // namespace

CallClass ClassOf(std::string_view method) {
  const std::string_view name = method.substr(method.rfind('.') + 1);
  const auto is = [name](std::string_view known) { return name == known; };
  const auto begins = [name](std::string_view verb) { return name.substr(0, verb.size()) == verb; };
  if (std::any_of(std::begin(kExempt), std::end(kExempt), is)) return CallClass::kExempt;
  if (std::any_of(std::begin(kAnswers), std::end(kAnswers), is)) return CallClass::kAnswer;
  if (std::any_of(std::begin(kReadVerbs), std::end(kReadVerbs), begins)) return CallClass::kRead;
  return CallClass::kTicket;
}

std::string_view ClassName(CallClass call_class) {
  switch (call_class) {
    case CallClass::kAnswer:
      return "answer";
    case CallClass::kTicket:
      return "ticket";
    case CallClass::kRead:
      return "read";
    case CallClass::kExempt:
      break;
  }
  return "exempt";
}

ConcurrencyLimiter& ProcessLimiter() {
  static ConcurrencyLimiter* limiter = new ConcurrencyLimiter;
  return *limiter;
}

ConcurrencyLimiter::ConcurrencyLimiter(const LimiterOptions& options)
    : options_(options), limit_(options.initial) {}

void ConcurrencyLimiter::Configure(const LimiterOptions& options) {
  std::lock_guard lock(mutex_);
  options_ = options;
  limit_ = options.initial;
}

bool ConcurrencyLimiter::Enter(CallClass call_class, absl::Time now) {
  if (call_class == CallClass::kExempt) return true;
  std::lock_guard lock(mutex_);
  LookLocked(now);
  const double allowed = limit_ * options_.shares[static_cast<size_t>(call_class)];
  if (in_flight_ + 1 > allowed) {
    pressed_ = true;
    return false;
  }
  ++in_flight_;
  if (in_flight_ > limit_ / 2) pressed_ = true;
  return true;
}

void ConcurrencyLimiter::Leave(absl::Time began, absl::Time now) {
  std::lock_guard lock(mutex_);
  LookLocked(now);
  --in_flight_;
  ++ended_;
  if (now - began > options_.target) ++slow_;
}

// Nothing is concluded from a window in which no call has ended: then the next look counts both.
void ConcurrencyLimiter::LookLocked(absl::Time now) {
  if (now < window_end_) return;
  if (ended_ > 0) {
    if (slow_ > options_.slow_share * ended_) {
      limit_ = std::max<double>(options_.min, limit_ * options_.lower);
    } else if (pressed_) {
      limit_ = std::min<double>(options_.max, limit_ * options_.raise + 1);
    }
  } else if (in_flight_ > 0) {
    window_end_ = now + options_.window;
    return;
  }
  window_end_ = now + options_.window;
  ended_ = slow_ = 0;
  pressed_ = false;
}

int ConcurrencyLimiter::limit() const {
  std::lock_guard lock(mutex_);
  return static_cast<int>(limit_);
}

int ConcurrencyLimiter::in_flight() const {
  std::lock_guard lock(mutex_);
  return in_flight_;
}

}  // namespace muster
