#include "services/intake/standing/standing_desk.h"

#include <utility>

#include "common/base/boot_clock.h"
#include "common/base/errors.h"
#include "common/rpc/proto_time.h"
#include "services/intake/convert/to_proto.h"

namespace muster::intake {
namespace {

BoardEntry EntryOf(const v1::Ticket& ticket) {
  BoardEntry entry;
  entry.ticket_id = ticket.ticket_id();
  entry.queue_id = ticket.queue_id();
  entry.state = static_cast<TicketState>(ticket.state());
  entry.create_time = FromProtoTime(ticket.create_time());
  entry.priority_ahead = FromProtoDuration(ticket.priority_ahead());
  if (ticket.has_assign_time()) entry.assign_time = FromProtoTime(ticket.assign_time());
  entry.agent_id = ticket.agent_id();
  entry.agent_display_name = ticket.agent_display_name();
  return entry;
}

v1::TicketStanding StandingOf(const BoardEntry& entry, const Place* place, absl::Time now) {
  v1::TicketStanding standing;
  standing.set_ticket_id(entry.ticket_id);
  standing.set_state(static_cast<v1::TicketState>(entry.state));
  if (place != nullptr) {
    standing.set_position(place->position);
    if (place->estimated_wait) {
      // To the second: more would be pretence, and news all the time.
      *standing.mutable_estimated_wait() =
          ToProtoDuration(absl::Trunc(*place->estimated_wait, absl::Seconds(1)));
    }
  }
  if (entry.state == TicketState::kAssigned || entry.state == TicketState::kResolved) {
    standing.set_agent_id(entry.agent_id);
    standing.set_agent_display_name(entry.agent_display_name);
  }
  *standing.mutable_time() = ToProtoTime(now);
  return standing;
}

bool SameNews(const v1::TicketStanding& a, const v1::TicketStanding& b) {
  return a.state() == b.state() && a.position() == b.position() && a.agent_id() == b.agent_id() &&
         a.agent_display_name() == b.agent_display_name() &&
         a.has_estimated_wait() == b.has_estimated_wait() &&
         a.estimated_wait().seconds() == b.estimated_wait().seconds();
}

}  // namespace

struct StandingDesk::Inbox {
  mutable std::mutex mutex;
  std::condition_variable ready;
  std::deque<std::function<void()>> tasks;
  std::set<std::string> woken;  // pools with something to take
  size_t watchers = 0;
  bool stopping = false;
};

StandingDesk::StandingDesk(Store& store, TicketFeed& feed, const Clock& clock,
                           StandingDeskOptions options)
    : store_(store),
      feed_(feed),
      clock_(clock),
      options_(options),
      inbox_(std::make_shared<Inbox>()),
      thread_([this] { Run(); }) {}

StandingDesk::~StandingDesk() {
  {
    std::lock_guard lock(inbox_->mutex);
    inbox_->stopping = true;
  }
  inbox_->ready.notify_one();
  thread_.join();
}

size_t StandingDesk::watchers() const {
  std::lock_guard lock(inbox_->mutex);
  return inbox_->watchers;
}

void StandingDesk::Watch(const std::string& ticket_id, std::shared_ptr<StandingSink> sink) {
  {
    std::lock_guard lock(inbox_->mutex);
    if (inbox_->watchers >= options_.max_watchers || inbox_->stopping) {
      sink->End(ResourceExhausted("TOO_MANY_WATCHERS", "too many customers watch their tickets"));
      return;
    }
    ++inbox_->watchers;
  }
  Post(*inbox_, [this, ticket_id, sink] {
    registrations_[sink] = {};
    Ask(ticket_id, sink);
  });
}

void StandingDesk::Unwatch(const std::shared_ptr<StandingSink>& sink) {
  Post(*inbox_, [this, sink] { Forget(sink); });
}

// Only the desk's thread runs tasks: one that comes after its end is dropped.
void StandingDesk::Post(Inbox& inbox, std::function<void()> task) {
  {
    std::lock_guard lock(inbox.mutex);
    if (inbox.stopping) return;
    inbox.tasks.push_back(std::move(task));
  }
  inbox.ready.notify_one();
}

void StandingDesk::Run() {
  absl::Time next_round = BootClock().Now() + options_.interval;
  std::unique_lock lock(inbox_->mutex);
  while (!inbox_->stopping) {
    inbox_->ready.wait_for(lock, absl::ToChronoNanoseconds(next_round - BootClock().Now()), [this] {
      return inbox_->stopping || !inbox_->tasks.empty() || !inbox_->woken.empty();
    });
    std::deque<std::function<void()>> tasks = std::exchange(inbox_->tasks, {});
    std::set<std::string> woken = std::exchange(inbox_->woken, {});
    lock.unlock();
    for (const auto& task : tasks) task();
    for (const std::string& pool_id : woken) {
      if (auto it = boards_.find(pool_id); it != boards_.end()) Pump(*it->second);
    }
    const bool round = BootClock().Now() >= next_round;
    for (auto& [pool_id, pool] : boards_) TellNews(*pool, round && pool->moved);
    if (round) {
      Round();
      next_round = BootClock().Now() + options_.interval;
    }
    lock.lock();
  }
  lock.unlock();
  const absl::Status end = Unavailable("DRAINING", "the service is shutting down");
  for (const auto& [sink, registration] : registrations_) sink->End(end);
  boards_.clear();
}

// Once per interval: tries again what failed, and takes down boards that nobody looks at.
void StandingDesk::Round() {
  const absl::Time now = clock_.Now();
  for (auto it = boards_.begin(); it != boards_.end();) {
    PoolBoard& pool = *it->second;
    pool.moved = false;
    if (!pool.watched.empty()) {
      pool.idle_since = absl::InfiniteFuture();
    } else if (pool.idle_since == absl::InfiniteFuture()) {
      pool.idle_since = now;
    }
    if (!pool.reading && (pool.gone || now - pool.idle_since >= options_.linger)) {
      it = boards_.erase(it);
      continue;
    }
    if (!pool.reading && !pool.ready) Follow(pool);
    if (!pool.reading) Pump(pool);
    ++it;
  }
}

void StandingDesk::Ask(const std::string& ticket_id, std::shared_ptr<StandingSink> sink) {
  store_.GetTicket(ticket_id, clock_.Now() + options_.read_timeout,
                   [this, inbox = inbox_, ticket_id, sink](absl::StatusOr<Ticket> ticket) {
                     Post(*inbox, [this, ticket_id, sink, ticket = std::move(ticket)] {
                       OnTicket(ticket_id, sink, ticket);
                     });
                   });
}

void StandingDesk::OnTicket(const std::string& ticket_id, const std::shared_ptr<StandingSink>& sink,
                            const absl::StatusOr<Ticket>& ticket) {
  auto registration = registrations_.find(sink);
  if (registration == registrations_.end()) return;  // gone meanwhile
  if (!ticket.ok()) {
    sink->End(ticket.status());
    return Forget(sink);
  }
  v1::Ticket proto;
  ToProto(*ticket, &proto);
  if (!IsLive(ticket->state)) {
    sink->Tell(StandingOf(EntryOf(proto), nullptr, clock_.Now()));
    sink->End(absl::OkStatus());
    return Forget(sink);
  }
  PoolBoard& pool = BoardOf(ticket->pool_id);
  registration->second = {ticket->pool_id, ticket_id};
  pool.watched[ticket_id].sinks.insert(sink);
  pool.news.insert(ticket_id);
  if (!pool.ready) return;
  if (ticket->revision > pool.subscription->cursor()) {
    Put(pool, proto);  // another node's ticket may be here before its feed is
  } else if (pool.board.Find(ticket_id) == nullptr) {
    Ask(ticket_id, sink);  // it has ended since it was read
  }
}

StandingDesk::PoolBoard& StandingDesk::BoardOf(const std::string& pool_id) {
  std::unique_ptr<PoolBoard>& pool = boards_[pool_id];
  if (pool == nullptr || pool->gone) {
    pool = std::make_unique<PoolBoard>();
    pool->pool_id = pool_id;
    Follow(*pool);
  }
  return *pool;
}

// Begins anew, with a snapshot.
void StandingDesk::Follow(PoolBoard& pool) {
  pool.ready = false;
  pool.board.Clear();
  std::weak_ptr<Inbox> weak = inbox_;
  pool.subscription = feed_.hub().Subscribe(pool.pool_id, [weak, pool_id = pool.pool_id] {
    auto inbox = weak.lock();
    if (!inbox) return;
    {
      std::lock_guard lock(inbox->mutex);
      inbox->woken.insert(pool_id);
    }
    inbox->ready.notify_one();
  });
  Read(pool, 0);
}

void StandingDesk::Read(PoolBoard& pool, int64_t after) {
  pool.reading = true;
  auto done = [this, inbox = inbox_, pool_id = pool.pool_id](absl::StatusOr<Batch> batch) {
    // std::function wants what can be copied.
    auto shared = std::make_shared<absl::StatusOr<Batch>>(std::move(batch));
    Post(*inbox, [this, pool_id, shared] { OnRead(pool_id, std::move(*shared)); });
  };
  if (after == 0) {
    feed_.ReadSnapshot(pool.pool_id, std::move(done));
  } else {
    feed_.ReadChanges(pool.pool_id, after, std::move(done));
  }
}

void StandingDesk::OnRead(const std::string& pool_id, absl::StatusOr<Batch> batch) {
  auto it = boards_.find(pool_id);
  if (it == boards_.end()) return;
  PoolBoard& pool = *it->second;
  pool.reading = false;
  if (absl::IsNotFound(batch.status())) {
    pool.gone = true;
    return EndAll(pool, batch.status());
  }
  if (!batch.ok()) {
    // The next round begins anew. After a cut the feed's place may be lost, too.
    pool.ready = pool.ready && !absl::IsOutOfRange(batch.status());
    return;
  }
  pool.subscription->Start(batch->revision);
  for (const v1::WatchTicketsResponse& message : batch->messages) Apply(pool, message);
  if (!pool.ready) {
    pool.ready = true;
    LookAgain(pool);
  }
  Pump(pool);
}

void StandingDesk::Pump(PoolBoard& pool) {
  while (pool.ready && !pool.reading) {
    TicketFeed::Hub::Next next = pool.subscription->Take();
    switch (next.kind) {
      case FeedNext::kNothing:
        return;
      case FeedNext::kChange:
        Apply(pool, *next.change);
        break;
      case FeedNext::kBehind:
        Read(pool, next.revision);
        return;
      case FeedNext::kCutOff:
        Follow(pool);
        return;
      case FeedNext::kClosed:
        return EndAll(pool, Unavailable("DRAINING", "the service is shutting down"));
    }
  }
}

void StandingDesk::Apply(PoolBoard& pool, const v1::WatchTicketsResponse& message) {
  for (const v1::Ticket& ticket : message.chunk().tickets()) Put(pool, ticket);
  for (const v1::Ticket& ticket : message.changes().tickets()) Put(pool, ticket);
  if (message.changes().pool_deleted()) {
    pool.gone = true;
    EndAll(pool, NotFound("pool", pool.pool_id));
  }
}

void StandingDesk::Put(PoolBoard& pool, const v1::Ticket& ticket) {
  const BoardEntry entry = EntryOf(ticket);
  pool.board.Put(entry);
  pool.moved = true;
  auto it = pool.watched.find(entry.ticket_id);
  if (it == pool.watched.end()) return;
  pool.news.insert(entry.ticket_id);
  if (IsLive(entry.state)) return;
  const v1::TicketStanding standing = StandingOf(entry, nullptr, clock_.Now());
  const std::set<std::shared_ptr<StandingSink>> sinks = it->second.sinks;
  for (const auto& sink : sinks) {
    sink->Tell(standing);
    sink->End(absl::OkStatus());
    Forget(sink);
  }
}

// Those watched whom a new board does not know have ended since they were read.
void StandingDesk::LookAgain(PoolBoard& pool) {
  for (const auto& [ticket_id, watched] : pool.watched) {
    if (pool.board.Find(ticket_id) != nullptr) continue;
    for (const auto& sink : watched.sinks) Ask(ticket_id, sink);
  }
}

// Tells those with news, or all whose position has changed.
void StandingDesk::TellNews(PoolBoard& pool, bool all) {
  if (!pool.ready || (!all && pool.news.empty())) return;
  std::map<std::string, std::set<std::string>> by_queue;
  const auto add = [&](const std::string& ticket_id) {
    const BoardEntry* entry = pool.board.Find(ticket_id);
    if (entry != nullptr) by_queue[entry->queue_id].insert(ticket_id);
  };
  if (all) {
    for (const auto& [ticket_id, watched] : pool.watched) add(ticket_id);
  } else {
    for (const std::string& ticket_id : pool.news) add(ticket_id);
  }
  for (const auto& [queue_id, tickets] : by_queue) TellQueue(pool, queue_id, tickets);
}

void StandingDesk::TellQueue(PoolBoard& pool, const std::string& queue_id,
                             const std::set<std::string>& tickets) {
  const absl::Time now = clock_.Now();
  const std::map<std::string, Place> places = pool.board.PlacesOf(queue_id, tickets);
  for (const std::string& ticket_id : tickets) {
    const bool news = pool.news.erase(ticket_id) > 0;
    auto watched = pool.watched.find(ticket_id);
    if (watched == pool.watched.end()) continue;
    auto place = places.find(ticket_id);
    v1::TicketStanding standing = StandingOf(*pool.board.Find(ticket_id),
                                             place == places.end() ? nullptr : &place->second, now);
    if (!news && SameNews(standing, watched->second.told)) continue;
    for (const auto& sink : watched->second.sinks) sink->Tell(standing);
    watched->second.told = std::move(standing);
  }
}

void StandingDesk::EndAll(PoolBoard& pool, const absl::Status& status) {
  std::vector<std::shared_ptr<StandingSink>> sinks;
  for (const auto& [ticket_id, watched] : pool.watched) {
    sinks.insert(sinks.end(), watched.sinks.begin(), watched.sinks.end());
  }
  for (const auto& sink : sinks) {
    sink->End(status);
    Forget(sink);
  }
}

void StandingDesk::Forget(const std::shared_ptr<StandingSink>& sink) {
  auto it = registrations_.find(sink);
  if (it == registrations_.end()) return;
  if (auto board = boards_.find(it->second.pool_id); board != boards_.end()) {
    PoolBoard& pool = *board->second;
    auto watched = pool.watched.find(it->second.ticket_id);
    if (watched != pool.watched.end()) {
      watched->second.sinks.erase(sink);
      if (watched->second.sinks.empty()) {
        pool.watched.erase(watched);
        pool.news.erase(it->second.ticket_id);
      }
    }
  }
  registrations_.erase(it);
  std::lock_guard lock(inbox_->mutex);
  --inbox_->watchers;
}

}  // namespace muster::intake
