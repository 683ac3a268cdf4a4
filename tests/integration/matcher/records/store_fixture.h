// What tests of the records share: a store of either kind, calls that wait, and values to store.
//
//   auto store = MakeStore(StoreKind::kPostgres);
//   int64_t epoch = Take(*store, "bank");
//   REQUIRE(Submit(*store, Assigning("bank", epoch, 1, "t-1", "ann")).ok());
#pragma once

#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/matcher/storage/store.h"

namespace muster::matcher {

enum class StoreKind { kFake, kPostgres };

// On a database of its own.
std::unique_ptr<Store> MakeStore(StoreKind kind);

inline const absl::Time kStart = absl::FromUnixSeconds(1'800'000'000);
// Longest wait of a test for one answer.
inline constexpr absl::Duration kAnswerLimit = absl::Seconds(20);

// Calls `ask` with a `done`, and waits for it.
template <class T, class Ask>
absl::StatusOr<T> Await(Ask ask) {
  auto answer = std::make_shared<std::promise<absl::StatusOr<T>>>();
  std::future<absl::StatusOr<T>> future = answer->get_future();
  ask([answer](absl::StatusOr<T> value) { answer->set_value(std::move(value)); });
  if (future.wait_for(absl::ToChronoMilliseconds(kAnswerLimit)) != std::future_status::ready) {
    return absl::DeadlineExceededError("no answer");
  }
  return future.get();
}

absl::StatusOr<Outcome> Submit(Store& store, Mutation mutation);
// All at once, so that they share batches; the answers in the same order.
std::vector<absl::StatusOr<Outcome>> SubmitAll(Store& store, std::vector<Mutation> mutations);
int64_t Take(Store& store, const std::string& pool_id);

std::vector<Assignment> Live(Store& store, const std::string& pool_id);
absl::StatusOr<Assignment> Get(Store& store, const std::string& assignment_id);

std::string IdOf(const std::string& pool_id, int64_t epoch, int number);

// Mutations of an agent "ann" with capacity 2, and jobs of weight 1, at kStart + `number` minutes.
RecordAssignment Assigning(const std::string& pool_id, int64_t epoch, int number,
                           const std::string& ticket_id, const std::string& agent_id = "ann");
StartWrapUp WrappingUp(const RecordAssignment& assigned);
EndAssignment Completing(const RecordAssignment& assigned, const std::string& request_id = "r-1");
RecordOfferEnded OfferEnding(const std::string& pool_id, int64_t epoch, int number,
                             const std::string& ticket_id, OfferState state);

}  // namespace muster::matcher
