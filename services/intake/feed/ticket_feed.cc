#include "services/intake/feed/ticket_feed.h"

#include <utility>

#include "services/intake/feed/messages.h"

namespace muster::intake {

TicketFeed::TicketFeed(Store& store, const Clock& clock, TicketFeedOptions options,
                       ChangeHubOptions hub)
    : store_(store), clock_(clock), options_(options), hub_(hub), poller_([this] {
        RunPoller();
      }) {}

TicketFeed::~TicketFeed() {
  {
    std::lock_guard lock(poll_.mutex);
    poll_.stopping = true;
  }
  poll_.changed.notify_all();
  poller_.join();
}

void TicketFeed::Publish(const std::vector<PoolChange>& changes) {
  for (const PoolChange& change : changes) {
    int64_t before = change.from_revision;
    for (v1::WatchTicketsResponse& message : MessagesOf(change)) {
      const int64_t after = message.changes().revision();
      const size_t rows = RowsIn(message);
      hub_.Publish(change.pool_id, before, after,
                   std::make_shared<const v1::WatchTicketsResponse>(std::move(message)), rows);
      before = after;
    }
  }
}

void TicketFeed::ReadSnapshot(const std::string& pool_id, Done done) {
  store_.ReadSnapshot(pool_id, clock_.Now() + options_.read_timeout,
                      [done = std::move(done)](absl::StatusOr<PoolSnapshot> snapshot) {
                        if (!snapshot.ok()) return done(snapshot.status());
                        done(Batch{MessagesOf(*snapshot), snapshot->pool.revision});
                      });
}

void TicketFeed::ReadChanges(const std::string& pool_id, int64_t revision, Done done) {
  store_.ReadChanges(pool_id, revision, options_.catch_up_limit,
                     clock_.Now() + options_.read_timeout,
                     [done = std::move(done)](absl::StatusOr<PoolChange> change) {
                       if (!change.ok()) return done(change.status());
                       done(Batch{MessagesOf(*change), change->to_revision});
                     });
}

v1::WatchTicketsResponse TicketFeed::Progress(int64_t revision) {
  v1::WatchTicketsResponse message;
  message.mutable_progress()->set_revision(revision);
  return message;
}

bool TicketFeed::IsLast(const v1::WatchTicketsResponse& message) {
  return message.has_changes() && message.changes().pool_deleted();
}

void TicketFeed::RunPoller() {
  std::unique_lock lock(poll_.mutex);
  while (!poll_.stopping) {
    lock.unlock();
    std::vector<std::string> pools = hub_.WatchedPools();
    lock.lock();
    if (!pools.empty()) {
      poll_.under_way = true;
      lock.unlock();
      store_.ReadRevisions(std::move(pools), clock_.Now() + options_.read_timeout,
                           [this](absl::StatusOr<Store::Revisions> revisions) {
                             if (revisions.ok()) NoticeWhatStayed(*revisions);
                             std::lock_guard guard(poll_.mutex);
                             poll_.under_way = false;
                             poll_.changed.notify_all();
                           });
      lock.lock();
      // Also when stopping: the answer needs this object.
      poll_.changed.wait(lock, [this] { return !poll_.under_way; });
    }
    poll_.changed.wait_for(lock, absl::ToChronoMicroseconds(options_.poll_interval),
                           [this] { return poll_.stopping; });
  }
}

// A revision counts from the second poll that sees it: this node's own commits have gone out from
// memory by then, and nobody reads the database for them.
void TicketFeed::NoticeWhatStayed(const Store::Revisions& now) {
  Store::Revisions before;
  {
    std::lock_guard lock(poll_.mutex);
    before = std::exchange(poll_.seen, now);
  }
  for (const auto& [pool_id, revision] : before) hub_.Notice(pool_id, revision);
}

}  // namespace muster::intake
