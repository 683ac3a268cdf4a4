#include "services/availability/writer.h"

#include <utility>

#include "services/availability/convert/convert.h"

namespace muster::availability {

Writer::Writer(Store& store, AgentHub& hub, CommitterOptions options)
    : store_(store),
      hub_(hub),
      committer_(std::move(options), [this](absl::Span<Mutation> batch) { return Apply(batch); }) {}

void Writer::Submit(Mutation mutation, absl::Time deadline, Done done) {
  committer_.Submit(std::move(mutation), deadline, std::move(done));
}

absl::StatusOr<std::vector<absl::StatusOr<Outcome>>> Writer::Apply(absl::Span<Mutation> mutations) {
  absl::StatusOr<Applied> applied = store_.Apply(mutations);
  if (!applied.ok()) return applied.status();
  // First what this node knows of its own sessions, then the feed: who acts on the feed finds the
  // session there.
  for (size_t i = 0; i < mutations.size(); ++i) {
    const absl::StatusOr<Outcome>& outcome = applied->outcomes[i];
    if (outcome.ok() && mutations[i].committed) mutations[i].committed(*outcome);
  }
  for (const auto& [pool_id, change] : applied->changes) {
    hub_.Publish(pool_id, change.from_revision, change.to_revision,
                 std::make_shared<v1::WatchAgentsResponse>(ToChanges(change)),
                 change.agents.size() + change.deleted_agent_ids.size());
  }
  return std::move(applied->outcomes);
}

}  // namespace muster::availability
