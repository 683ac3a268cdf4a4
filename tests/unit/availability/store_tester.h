// What the contract suite of Store is written with. The suite (store_contract.cc) runs on every
// store: each test program says which by defining NewStore.
//
//   StoreTester t;
//   t.Must("anna", CreateAgent{});
//   CHECK(absl::IsAlreadyExists(t.Try("anna", CreateAgent{}).status()));
#pragma once

#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "services/availability/storage/store.h"
#include "tests/support/catch.h"

namespace muster::availability {

// An empty one.
std::unique_ptr<Store> NewStore();

using Act = decltype(Mutation::act);

struct StoreTester {
  std::unique_ptr<Store> store = NewStore();
  std::string pool_id = "p";
  absl::Time now = absl::FromUnixSeconds(1'767'225'600);
  int etags = 0;

  Mutation MutationOf(const std::string& agent_id, Act act, RequestMark request = {}) {
    Mutation mutation;
    mutation.key = {pool_id, agent_id};
    mutation.act = std::move(act);
    mutation.request = std::move(request);
    mutation.now = now;
    mutation.new_etag = "e-" + std::to_string(++etags);
    return mutation;
  }
  Applied Batch(const std::vector<Mutation>& mutations) {
    absl::StatusOr<Applied> applied = store->Apply(mutations);
    INFO(applied.status());
    REQUIRE(applied.ok());
    REQUIRE(applied->outcomes.size() == mutations.size());
    return *std::move(applied);
  }
  absl::StatusOr<Outcome> Try(const std::string& agent_id, Act act, RequestMark request = {}) {
    return Batch({MutationOf(agent_id, std::move(act), std::move(request))}).outcomes[0];
  }
  Outcome Must(const std::string& agent_id, Act act, RequestMark request = {}) {
    absl::StatusOr<Outcome> outcome = Try(agent_id, std::move(act), std::move(request));
    INFO(outcome.status());
    REQUIRE(outcome.ok());
    return *std::move(outcome);
  }

  // Reads, waited for.
  template <class T, class Call>
  absl::StatusOr<T> Wait(Call call) {
    auto answer = std::make_shared<std::promise<absl::StatusOr<T>>>();
    auto future = answer->get_future();
    call(absl::Now() + absl::Seconds(10),
         [answer](absl::StatusOr<T> value) { answer->set_value(std::move(value)); });
    return future.get();
  }
  absl::StatusOr<Agent> Get(const std::string& agent_id) {
    return Wait<Agent>([&](absl::Time by, auto done) {
      store->Get({pool_id, agent_id}, by, done);
    });
  }
  absl::StatusOr<AgentPage> List(const AgentFilter& filter) {
    return Wait<AgentPage>([&](absl::Time by, auto done) { store->List(filter, by, done); });
  }
  absl::StatusOr<PoolHistory> Snapshot() {
    return Wait<PoolHistory>([&](absl::Time by, auto done) { store->Snapshot(pool_id, by, done); });
  }
  absl::StatusOr<PoolHistory> Since(int64_t revision) {
    return Wait<PoolHistory>(
        [&](absl::Time by, auto done) { store->Since(pool_id, revision, by, done); });
  }
};

}  // namespace muster::availability
