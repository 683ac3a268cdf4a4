// All writes of the service: the committer, and behind it the feed.
//
// Threading: Submit may be called from any thread, and never blocks.
//
//   Writer writer(store, hub, {});
//   writer.Submit(mutation, deadline, [](absl::StatusOr<Outcome> outcome) { ... });
#pragma once

#include <functional>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/db/committer.h"
#include "common/feed/change_hub.h"
#include "muster/availability/v1/availability.pb.h"
#include "services/availability/domain/mutation.h"
#include "services/availability/storage/store.h"

namespace muster::availability {

using AgentHub = ChangeHub<v1::WatchAgentsResponse>;

// Where mutations go.
class MutationSink {
 public:
  using Done = absl::AnyInvocable<void(absl::StatusOr<Outcome>)>;

  virtual ~MutationSink() = default;
  // `done` comes once, after the mutation's own `committed` and after the feed was told.
  virtual void Submit(Mutation mutation, absl::Time deadline, Done done) = 0;
};

class Writer final : public MutationSink {
 public:
  // `store` and `hub` outlive it.
  Writer(Store& store, AgentHub& hub, CommitterOptions options);

  void Submit(Mutation mutation, absl::Time deadline, Done done) override;
  bool Healthy() const { return committer_.Healthy(); }
  void Drain() { committer_.Drain(); }

 private:
  absl::StatusOr<std::vector<absl::StatusOr<Outcome>>> Apply(absl::Span<Mutation> mutations);

  Store& store_;
  AgentHub& hub_;
  Committer<Mutation, Outcome> committer_;
};

}  // namespace muster::availability
