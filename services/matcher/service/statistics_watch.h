// The streams of WatchStatistics: the statistics of a pool at once, and then once per interval.
//
// A slow client gets fewer, never a backlog: the next look is taken after the last one was written.
// Ends when the client leaves, when the pool is no longer served, and at EndAll.
//
// Threading: thread-safe.
//
//   StatisticsWatches watches(look_at, clock);
//   return watches.Open(query);             // in the handler
//   server.OnDrain([&] { watches.EndAll(); });
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "common/base/clock.h"
#include "muster/matcher/v1/matcher.grpc.pb.h"
#include "services/matcher/service/requests.h"

namespace muster::matcher {

inline constexpr size_t kMaxStatisticsWatches = 1'000;

class StatisticsWatches {
 public:
  using Reactor = grpc::ServerWriteReactor<v1::Statistics>;

  // Looks at a pool, here or elsewhere; `done` is called once, on any thread.
  using LookDone = absl::AnyInvocable<void(absl::StatusOr<v1::Statistics>)>;
  using LookAt = std::function<void(const StatisticsQuery&, LookDone done)>;

  StatisticsWatches(LookAt look_at, const Clock& clock);
  ~StatisticsWatches();

  // A status that is not OK ends the stream at once.
  Reactor* Open(absl::StatusOr<StatisticsQuery> query);

  // Ends all streams with UNAVAILABLE, and those that come later.
  void EndAll();
  size_t open() const;

 private:
  class Watch;
  struct Registry;  // outlives what the last streams still do

  const LookAt look_at_;
  const Clock& clock_;
  std::shared_ptr<Registry> registry_;
};

}  // namespace muster::matcher
