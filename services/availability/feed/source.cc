#include "services/availability/feed/source.h"

#include <utility>

#include "services/availability/convert/convert.h"

namespace muster::availability {
namespace {

// A feed that cannot be read for so long ends, and its client comes again.
constexpr absl::Duration kReadTime = absl::Seconds(30);

}  // namespace

void AgentFeedSource::ReadSnapshot(const std::string& pool_id, Done done) {
  store_.Snapshot(pool_id, clock_.Now() + kReadTime,
                  [done = std::move(done)](absl::StatusOr<PoolHistory> history) {
                    if (!history.ok()) return done(history.status());
                    done(Batch{ToSnapshot(*history), history->revision});
                  });
}

void AgentFeedSource::ReadChanges(const std::string& pool_id, int64_t revision, Done done) {
  store_.Since(pool_id, revision, clock_.Now() + kReadTime,
               [done = std::move(done)](absl::StatusOr<PoolHistory> history) {
                 if (!history.ok()) return done(history.status());
                 done(Batch{ToChanges(*history), history->revision});
               });
}

v1::WatchAgentsResponse AgentFeedSource::Progress(int64_t revision) { return ToProgress(revision); }

}  // namespace muster::availability
