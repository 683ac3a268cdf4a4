#include "services/availability/domain/batch.h"

#include <set>
#include <utility>

#include "common/base/errors.h"

namespace muster::availability {
namespace {

// Whether the node of the session before has to hear that it is over.
bool HasMoved(const Agent& before, const Agent& after) {
  return before.node_id != after.node_id && before.session_id != after.session_id &&
         before.session_has_link && (before.connected || before.presence != Presence::kOffline);
}

absl::StatusOr<Outcome> Run(const Mutation& mutation, Batch& batch,
                            std::vector<MovedSession>* moved) {
  std::optional<Agent>& row = batch.rows[mutation.key];
  std::optional<Agent> before = row;
  absl::StatusOr<bool> changed = Apply(mutation, row);
  if (!changed.ok()) return changed.status();
  if (before && row && HasMoved(*before, *row)) {
    moved->push_back({before->node_id, before->key, before->session_id});
  }
  Outcome outcome;
  outcome.applied = *changed;
  if (before) outcome.before = before->presence;
  outcome.deleted = !row.has_value();
  if (row) {
    if (*changed) row->revision = batch.revisions[mutation.key.pool_id] + 1;
    outcome.agent = *row;
  } else if (before) {
    outcome.agent = *std::move(before);
  } else {
    outcome.agent.key = mutation.key;
  }
  return outcome;
}

absl::StatusOr<Outcome> Again(Outcome first) {
  first.repeated = true;
  first.applied = false;
  return first;
}

Changes Collect(const std::set<AgentKey>& touched, Batch& batch) {
  Changes changes;
  for (const AgentKey& key : touched) {
    PoolChange& change = changes[key.pool_id];
    change.from_revision = batch.revisions[key.pool_id];
    change.to_revision = change.from_revision + 1;
    const std::optional<Agent>& row = batch.rows[key];
    if (row) {
      change.agents.push_back(*row);
    } else {
      change.deleted_agent_ids.push_back(key.agent_id);
    }
  }
  for (const auto& [pool_id, change] : changes) batch.revisions[pool_id] = change.to_revision;
  return changes;
}

}  // namespace

Applied ApplyBatch(absl::Span<const Mutation> mutations, absl::Span<const Verdict> verdicts,
                   Batch& batch) {
  Applied applied;
  std::set<AgentKey> touched;
  for (size_t i = 0; i < mutations.size(); ++i) {
    const Verdict& verdict = verdicts[i];
    absl::StatusOr<Outcome> outcome;
    switch (verdict.kind) {
      case Verdict::kNew:
        outcome = Run(mutations[i], batch, &applied.moved);
        if (outcome.ok() && outcome->applied) touched.insert(mutations[i].key);
        break;
      case Verdict::kAnswered:
        outcome = Again(verdict.answer);
        break;
      case Verdict::kReused:
        outcome = RequestIdReused();
        break;
      case Verdict::kRepeat:
        outcome = applied.outcomes[verdict.first];
        if (outcome.ok()) outcome = Again(*std::move(outcome));
        break;
    }
    applied.outcomes.push_back(std::move(outcome));
  }
  applied.changes = Collect(touched, batch);
  return applied;
}

}  // namespace muster::availability
