#include "tests/simulation/cell/intake_node.h"

#include <utility>

#include "common/base/errors.h"
#include "services/intake/convert/to_proto.h"
#include "services/intake/feed/messages.h"

namespace muster::cell {
namespace {

constexpr absl::Duration kLeastCommit = absl::Microseconds(300),
                         kMostCommit = absl::Milliseconds(6);
constexpr absl::Duration kDatabaseLook = absl::Milliseconds(100);
constexpr double kDoubt = 0.02, kRefused = 0.02;

}  // namespace

void IntakeNode::Apply(intake::Mutation mutation, Reply reply) {
  host.After(chance_.Between(kLeastCommit, kMostCommit, "intake commit"),
             [this, mutation = std::move(mutation), reply = std::move(reply)] {
               Commit(mutation, reply);
             });
}

void IntakeNode::Commit(intake::Mutation mutation, Reply reply) {
  if (!database_up_) {
    host.After(kDatabaseLook, [this, mutation = std::move(mutation), reply = std::move(reply)] {
      Commit(mutation, reply);
    });
    return;
  }
  if (chance_.Happens(kRefused, "intake refuses")) {
    return reply(Unavailable("DATABASE_UNAVAILABLE", "not this time"));
  }
  mutation.now = timeline_.now();
  absl::StatusOr<intake::Applied> applied = store_.Apply({&mutation, 1});
  if (chance_.Happens(kDoubt, "intake doubts")) applied = store_.Apply({&mutation, 1});
  if (!applied.ok()) return reply(applied.status());
  std::vector<std::weak_ptr<Follower>> there;
  for (const auto& weak : followers_) {
    auto follower = weak.lock();
    if (!follower || follower->generation != follower->connection->generation()) continue;
    there.push_back(follower);
    Tell(follower);
  }
  followers_ = std::move(there);
  if (chance_.Happens(kDoubt, "intake answers")) {
    return reply(DeadlineExceeded("COMMIT_UNKNOWN", "ask again"));
  }
  reply(applied->outcomes[0]);
}

void IntakeNode::Follow(std::shared_ptr<Follower> follower) {
  followers_.push_back(follower);
  if (follower->cursor > 0) return Tell(follower);
  store_.ReadSnapshot(
      follower->pool_id, absl::InfiniteFuture(), [&](absl::StatusOr<intake::PoolSnapshot> read) {
        if (!read.ok()) return;
        matcher::TicketSnapshot snapshot;
        snapshot.revision = follower->cursor = read->pool.revision;
        for (const intake::v1::WatchTicketsResponse& message : intake::MessagesOf(*read)) {
          if (message.chunk().has_pool()) snapshot.pool = message.chunk().pool();
          for (const auto& queue : message.chunk().queues()) snapshot.queues.push_back(queue);
          for (const auto& ticket : message.chunk().tickets()) snapshot.tickets.push_back(ticket);
        }
        follower->connection->ToClient([follower, snapshot, revision = follower->cursor] {
          follower->snapshot(snapshot, revision);
        });
      });
}

void IntakeNode::Tell(const std::shared_ptr<Follower>& follower) {
  store_.ReadChanges(
      follower->pool_id, follower->cursor, 10'000, absl::InfiniteFuture(),
      [&](absl::StatusOr<intake::PoolChange> change) {
        if (!change.ok() || change->to_revision <= follower->cursor) return;
        follower->cursor = change->to_revision;
        for (const intake::v1::WatchTicketsResponse& message : intake::MessagesOf(*change)) {
          follower->connection->ToClient([follower, changes = message.changes()] {
            follower->changes(changes, changes.revision());
          });
        }
      });
}

}  // namespace muster::cell
