#include "tests/unit/intake/store_tester.h"

#include <future>
#include <utility>

#include "absl/time/clock.h"
#include "common/base/ids.h"

namespace muster::intake {
namespace {

absl::Time Deadline() { return absl::Now() + absl::Seconds(30); }

// Calls `read` with a callback and waits for what it is called with.
template <class T, class Read>
absl::StatusOr<T> Await(Read read) {
  auto promise = std::make_shared<std::promise<absl::StatusOr<T>>>();
  read([promise](absl::StatusOr<T> value) { promise->set_value(std::move(value)); });
  return promise->get_future().get();
}

template <class T, class Id>
std::vector<std::string> Ids(const std::vector<T>& rows, Id id) {
  std::vector<std::string> ids;
  for (const T& row : rows) ids.push_back(row.*id);
  return ids;
}

}  // namespace

Mutation StoreTester::MutationOf(Act act, RequestMark request) const {
  return {.act = std::move(act), .request = std::move(request), .now = now};
}

Applied StoreTester::Batch(const std::vector<Mutation>& mutations) {
  absl::StatusOr<Applied> applied = store->Apply(mutations);
  INFO(applied.status());
  REQUIRE(applied.ok());
  REQUIRE(applied->outcomes.size() == mutations.size());
  changes.insert(changes.end(), applied->changes.begin(), applied->changes.end());
  return *std::move(applied);
}

absl::StatusOr<Outcome> StoreTester::Try(Act act, RequestMark request) {
  return Batch({MutationOf(std::move(act), std::move(request))}).outcomes[0];
}

absl::StatusOr<Pool> StoreTester::GetPool(const std::string& pool_id) {
  return Await<Pool>([&](auto done) { store->GetPool(pool_id, Deadline(), done); });
}
absl::StatusOr<Queue> StoreTester::GetQueue(const std::string& pool_id,
                                            const std::string& queue_id) {
  return Await<Queue>([&](auto done) { store->GetQueue(pool_id, queue_id, Deadline(), done); });
}
absl::StatusOr<Ticket> StoreTester::GetTicket(const std::string& ticket_id) {
  return Await<Ticket>([&](auto done) { store->GetTicket(ticket_id, Deadline(), done); });
}

std::vector<std::string> StoreTester::ListPools(const std::string& after, int limit) {
  auto pools = Await<std::vector<Pool>>(
      [&](auto done) { store->ListPools(after, limit, Deadline(), done); });
  REQUIRE(pools.ok());
  return Ids(*pools, &Pool::pool_id);
}
absl::StatusOr<std::vector<std::string>> StoreTester::ListQueues(const std::string& pool_id,
                                                                 const std::string& after,
                                                                 int limit) {
  auto queues = Await<std::vector<Queue>>(
      [&](auto done) { store->ListQueues(pool_id, after, limit, Deadline(), done); });
  if (!queues.ok()) return queues.status();
  return Ids(*queues, &Queue::queue_id);
}
absl::StatusOr<std::vector<std::string>> StoreTester::ListTickets(const TicketFilter& filter,
                                                                  const std::string& after,
                                                                  int limit) {
  auto tickets = Await<std::vector<Ticket>>(
      [&](auto done) { store->ListTickets(filter, after, limit, Deadline(), done); });
  if (!tickets.ok()) return tickets.status();
  return Ids(*tickets, &Ticket::ticket_id);
}

absl::StatusOr<PoolSnapshot> StoreTester::Snapshot(const std::string& pool_id) {
  return Await<PoolSnapshot>([&](auto done) { store->ReadSnapshot(pool_id, Deadline(), done); });
}
absl::StatusOr<PoolChange> StoreTester::Changes(const std::string& pool_id, int64_t after,
                                                int limit) {
  return Await<PoolChange>(
      [&](auto done) { store->ReadChanges(pool_id, after, limit, Deadline(), done); });
}
Store::Revisions StoreTester::Revisions(const std::vector<std::string>& pool_ids) {
  auto revisions =
      Await<Store::Revisions>([&](auto done) { store->ReadRevisions(pool_ids, Deadline(), done); });
  REQUIRE(revisions.ok());
  return *revisions;
}
std::map<std::string, int64_t> StoreTester::Waiting() {
  auto waiting = Await<std::map<std::string, int64_t>>(
      [&](auto done) { store->CountWaiting(Deadline(), done); });
  REQUIRE(waiting.ok());
  return *waiting;
}

void StoreTester::MakePool(const std::string& pool_id) {
  Must<Pool>(CreatePool{{.pool_id = pool_id}});
  Must<Queue>(CreateQueue{{.pool_id = pool_id, .queue_id = "q"}});
}

Ticket StoreTester::MakeTicket(const std::string& pool_id, const std::string& queue_id,
                               const std::string& customer_id) {
  Ticket ticket;
  ticket.ticket_id = NewId("t");
  ticket.pool_id = pool_id;
  ticket.queue_id = queue_id;
  ticket.customer_id = customer_id;
  return Must<Ticket>(CreateTicket{ticket});
}

ProgressEntry StoreTester::Entry(const Ticket& ticket, TicketEvent event) {
  ProgressEntry entry{.ticket_id = ticket.ticket_id,
                      .progress_revision = ++progress_revision_,
                      .time = now,
                      .event = event};
  if (event == TicketEvent::kAssigned) entry.agent_id = "ann";
  if (event == TicketEvent::kAssigned || event == TicketEvent::kResolved) {
    entry.assignment_id = "p/1/1";
  }
  return entry;
}

ProgressAnswer StoreTester::Progress(const ProgressEntry& entry, const std::string& pool_id) {
  return Must<std::vector<ProgressAnswer>>(RecordProgress{pool_id, {entry}}).at(0);
}

}  // namespace muster::intake
