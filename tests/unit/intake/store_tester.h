// What the contract suite of Store is written with. The suite (store_contract_*.cc) runs on every
// store: each test program says which by defining NewStore.
//
//   StoreTester t;
//   t.Must<Pool>(CreatePool{{.pool_id = "p"}});
//   CHECK(ErrorReason(t.Try(CreatePool{{.pool_id = "p"}}).status()) == "POOL_ALREADY_EXISTS");
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "services/intake/storage/store.h"
#include "tests/support/catch.h"

namespace muster::intake {

// An empty one.
std::unique_ptr<Store> NewStore();

using Act = decltype(Mutation::act);

class StoreTester {
 public:
  StoreTester() : store(NewStore()) {}

  // One mutation as a batch of its own.
  absl::StatusOr<Outcome> Try(Act act, RequestMark request = {});
  // The same, which must succeed.
  template <class Value>
  Value Must(Act act, RequestMark request = {}) {
    absl::StatusOr<Outcome> outcome = Try(std::move(act), std::move(request));
    INFO(outcome.status());
    REQUIRE(outcome.ok());
    return std::get<Value>(*outcome);
  }
  Applied Batch(const std::vector<Mutation>& mutations);
  Mutation MutationOf(Act act, RequestMark request = {}) const;

  // Reads, waited for.
  absl::StatusOr<Pool> GetPool(const std::string& pool_id);
  absl::StatusOr<Queue> GetQueue(const std::string& pool_id, const std::string& queue_id);
  absl::StatusOr<Ticket> GetTicket(const std::string& ticket_id);
  std::vector<std::string> ListPools(const std::string& after, int limit);
  absl::StatusOr<std::vector<std::string>> ListQueues(const std::string& pool_id,
                                                      const std::string& after, int limit);
  absl::StatusOr<std::vector<std::string>> ListTickets(const TicketFilter& filter,
                                                       const std::string& after = "",
                                                       int limit = 100);
  absl::StatusOr<PoolSnapshot> Snapshot(const std::string& pool_id);
  absl::StatusOr<PoolChange> Changes(const std::string& pool_id, int64_t after, int limit = 100);
  Store::Revisions Revisions(const std::vector<std::string>& pool_ids);
  std::map<std::string, int64_t> Waiting();

  // A pool with queue "q"; and tickets in it, whose ids sort in order of creation.
  void MakePool(const std::string& pool_id = "p");
  Ticket MakeTicket(const std::string& pool_id = "p", const std::string& queue_id = "q",
                    const std::string& customer_id = "c");
  ProgressAnswer Progress(const ProgressEntry& entry, const std::string& pool_id = "p");
  ProgressEntry Entry(const Ticket& ticket, TicketEvent event);

  std::unique_ptr<Store> store;
  absl::Time now = absl::FromUnixSeconds(1'700'000'000);
  // What the batches before have told the feeds.
  std::vector<PoolChange> changes;

 private:
  int64_t progress_revision_ = 0;
};

}  // namespace muster::intake
