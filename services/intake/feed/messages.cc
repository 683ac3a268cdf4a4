#include "services/intake/feed/messages.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "services/intake/convert/to_proto.h"

namespace muster::intake {
namespace {

// Counts what has gone into a message.
class Measure {
 public:
  bool full() const { return rows_ >= kMaxFeedRows || bytes_ >= kMaxFeedBytes; }
  void Add(size_t bytes) {
    ++rows_;
    bytes_ += bytes;
  }

 private:
  int rows_ = 0;
  size_t bytes_ = 0;
};

// One changed row, put into a message by `add`, which tells its size.
struct Row {
  int64_t revision;
  std::function<size_t(v1::WatchTicketsResponse::Changes&)> add;
};

std::vector<Row> RowsInOrder(const PoolChange& change) {
  using Changes = v1::WatchTicketsResponse::Changes;
  std::vector<Row> rows;
  if (change.pool) {
    rows.push_back({change.pool->update_revision, [&change](Changes& out) {
                      ToProto(*change.pool, out.mutable_pool());
                      return out.pool().ByteSizeLong();
                    }});
  }
  for (const Queue& queue : change.queues) {
    rows.push_back({queue.revision, [&queue](Changes& out) {
                      ToProto(queue, out.add_queues());
                      return out.queues().rbegin()->ByteSizeLong();
                    }});
  }
  for (const PoolChange::DeletedQueue& queue : change.deleted_queues) {
    rows.push_back({queue.revision, [&queue](Changes& out) {
                      out.add_deleted_queue_ids(queue.queue_id);
                      return queue.queue_id.size();
                    }});
  }
  for (const Ticket& ticket : change.tickets) {
    rows.push_back({ticket.revision, [&ticket](Changes& out) {
                      ToProto(ticket, out.add_tickets());
                      return out.tickets().rbegin()->ByteSizeLong();
                    }});
  }
  std::sort(rows.begin(), rows.end(),
            [](const Row& a, const Row& b) { return a.revision < b.revision; });
  return rows;
}

}  // namespace

std::vector<v1::WatchTicketsResponse> MessagesOf(const PoolSnapshot& snapshot) {
  std::vector<v1::WatchTicketsResponse> messages(1);
  Measure measure;
  const auto chunk = [&]() -> v1::WatchTicketsResponse::Chunk& {
    if (measure.full()) {
      messages.emplace_back();
      measure = Measure();
    }
    return *messages.back().mutable_chunk();
  };
  ToProto(snapshot.pool, chunk().mutable_pool());
  for (const Queue& queue : snapshot.queues) {
    v1::Queue* out = chunk().add_queues();
    ToProto(queue, out);
    measure.Add(out->ByteSizeLong());
  }
  for (const Ticket& ticket : snapshot.tickets) {
    v1::Ticket* out = chunk().add_tickets();
    ToProto(ticket, out);
    measure.Add(out->ByteSizeLong());
  }
  messages.emplace_back().mutable_snapshot_complete()->set_revision(snapshot.pool.revision);
  return messages;
}

std::vector<v1::WatchTicketsResponse> MessagesOf(const PoolChange& change) {
  std::vector<v1::WatchTicketsResponse> messages;
  if (change.to_revision <= change.from_revision && !change.pool_deleted) return messages;
  Measure measure;
  messages.emplace_back().mutable_changes();
  for (const Row& row : RowsInOrder(change)) {
    if (measure.full()) {
      messages.emplace_back();
      measure = Measure();
    }
    v1::WatchTicketsResponse::Changes& changes = *messages.back().mutable_changes();
    measure.Add(row.add(changes));
    changes.set_revision(row.revision);
  }
  messages.back().mutable_changes()->set_revision(change.to_revision);
  messages.back().mutable_changes()->set_pool_deleted(change.pool_deleted);
  return messages;
}

size_t RowsIn(const v1::WatchTicketsResponse& message) {
  const auto& changes = message.changes();
  return std::max(1, (changes.has_pool() ? 1 : 0) + changes.queues_size() +
                         changes.deleted_queue_ids_size() + changes.tickets_size());
}

}  // namespace muster::intake
