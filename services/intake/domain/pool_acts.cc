#include <set>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "services/intake/domain/acts.h"

namespace muster::intake {
namespace {

absl::Status At(std::string_view field, absl::Status status) {
  SetErrorField(status, field);
  return status;
}

absl::Status CheckEtag(const std::string& etag, int64_t revision) {
  if (etag.empty() || etag == EtagOf(revision)) return absl::OkStatus();
  return Aborted("ETAG_MISMATCH", "it has changed since it was read; read it again");
}

absl::Status QueueNotEmpty(const QueueSlot& slot) {
  return FailedPrecondition("QUEUE_NOT_EMPTY",
                            absl::StrCat("queue ", slot.queue.queue_id, " has ", slot.live,
                                         " tickets that have not ended"),
                            {{"queue", slot.queue.queue_id}});
}

int64_t Advance(PoolSlot& pool) { return pool.pool.revision = ++pool.revision; }

// The slot of a pool that is to be: it may have been deleted before, also in this batch.
PoolSlot& MakePool(Workspace& workspace, const Pool& wanted, absl::Time now) {
  PoolSlot& slot = workspace.pools[wanted.pool_id];
  slot.exists = true;
  slot.base_revision = slot.revision;
  slot.pool = wanted;
  slot.pool.create_time = slot.pool.update_time = now;
  slot.pool.update_revision = Advance(slot);
  return slot;
}

void ChangePool(PoolSlot& slot, const Pool& wanted, absl::Time now) {
  slot.pool.display_name = wanted.display_name;
  slot.pool.rules = wanted.rules;
  slot.pool.update_time = now;
  slot.pool.update_revision = Advance(slot);
}

// Creates or replaces.
const Queue& PutQueue(Workspace& workspace, PoolSlot& pool, const Queue& wanted, absl::Time now) {
  QueueSlot& slot = workspace.queues[{wanted.pool_id, wanted.queue_id}];
  const absl::Time create_time = slot.exists ? slot.queue.create_time : now;
  if (!slot.exists) slot.waiting = slot.live = 0;
  slot.exists = slot.settings_changed = true;
  slot.queue = wanted;
  slot.queue.create_time = create_time;
  slot.queue.update_time = now;
  slot.queue.revision = Advance(pool);
  return slot.queue;
}

void RemoveQueue(PoolSlot& pool, QueueSlot& queue) {
  queue.exists = false;
  queue.deleted_revision = Advance(pool);
}

// What ApplyPool would do to each queue, in order of id.
std::vector<AppliedPool::QueueOutcome> PlanQueues(Workspace& workspace, const ApplyPool& act) {
  std::map<std::string, ApplyOutcome> plan;
  if (workspace.FindPool(act.pool.pool_id) != nullptr) {
    for (const QueueSlot* slot : workspace.QueuesOf(act.pool.pool_id)) {
      plan[slot->queue.queue_id] = ApplyOutcome::kDeleted;
    }
  }
  for (const Queue& wanted : act.queues) {
    const QueueSlot* slot = workspace.FindQueue(act.pool.pool_id, wanted.queue_id);
    plan[wanted.queue_id] = slot == nullptr                     ? ApplyOutcome::kCreated
                            : SameSettings(wanted, slot->queue) ? ApplyOutcome::kUnchanged
                                                                : ApplyOutcome::kUpdated;
  }
  std::vector<AppliedPool::QueueOutcome> outcomes;
  for (const auto& [queue_id, outcome] : plan) outcomes.push_back({queue_id, outcome});
  return outcomes;
}

void CarryOut(Workspace& workspace, const ApplyPool& act, const AppliedPool& plan, absl::Time now) {
  const std::string& pool_id = act.pool.pool_id;
  if (plan.pool_outcome == ApplyOutcome::kCreated) MakePool(workspace, act.pool, now);
  PoolSlot& pool = *workspace.FindPool(pool_id);
  if (plan.pool_outcome == ApplyOutcome::kUpdated) ChangePool(pool, act.pool, now);
  std::map<std::string, const Queue*> wanted;
  for (const Queue& queue : act.queues) wanted[queue.queue_id] = &queue;
  for (const auto& [queue_id, outcome] : plan.queue_outcomes) {
    if (outcome == ApplyOutcome::kDeleted) {
      RemoveQueue(pool, *workspace.FindQueue(pool_id, queue_id));
    } else if (outcome != ApplyOutcome::kUnchanged) {
      PutQueue(workspace, pool, *wanted[queue_id], now);
    }
  }
}

}  // namespace

absl::StatusOr<Outcome> Do(Workspace& workspace, const CreatePool& act, absl::Time now) {
  if (workspace.FindPool(act.pool.pool_id) != nullptr) {
    return At("pool.pool_id", AlreadyExists("pool", act.pool.pool_id));
  }
  return MakePool(workspace, act.pool, now).pool;
}

absl::StatusOr<Outcome> Do(Workspace& workspace, const UpdatePool& act, absl::Time now) {
  PoolSlot* slot = workspace.FindPool(act.pool.pool_id);
  if (slot == nullptr) return At("pool.pool_id", NotFound("pool", act.pool.pool_id));
  MUSTER_RETURN_IF_ERROR(CheckEtag(act.etag, slot->pool.update_revision));
  ChangePool(*slot, act.pool, now);
  return slot->pool;
}

absl::StatusOr<Outcome> Do(Workspace& workspace, const DeletePool& act, absl::Time now) {
  PoolSlot* slot = workspace.FindPool(act.pool_id);
  if (slot == nullptr) return At("pool_id", NotFound("pool", act.pool_id));
  MUSTER_RETURN_IF_ERROR(CheckEtag(act.etag, slot->pool.update_revision));
  int64_t live = 0;
  for (const QueueSlot* queue : workspace.QueuesOf(act.pool_id)) live += queue->live;
  if (live > 0) {
    return FailedPrecondition("POOL_NOT_EMPTY",
                              absl::StrCat(live, " tickets in the pool have not ended"));
  }
  for (QueueSlot* queue : workspace.QueuesOf(act.pool_id)) RemoveQueue(*slot, *queue);
  slot->deleted_revision = slot->base_revision = Advance(*slot);
  slot->exists = false;
  return Deleted{};
}

absl::StatusOr<Outcome> Do(Workspace& workspace, const ApplyPool& act, absl::Time now) {
  AppliedPool plan;
  const PoolSlot* slot = workspace.FindPool(act.pool.pool_id);
  plan.pool_outcome = slot == nullptr                      ? ApplyOutcome::kCreated
                      : SameSettings(act.pool, slot->pool) ? ApplyOutcome::kUnchanged
                                                           : ApplyOutcome::kUpdated;
  plan.queue_outcomes = PlanQueues(workspace, act);
  for (const auto& [queue_id, outcome] : plan.queue_outcomes) {
    if (outcome != ApplyOutcome::kDeleted) continue;
    const QueueSlot& queue = *workspace.FindQueue(act.pool.pool_id, queue_id);
    if (queue.live > 0) return QueueNotEmpty(queue);
  }
  if (!act.validate_only) CarryOut(workspace, act, plan, now);
  if (slot = workspace.FindPool(act.pool.pool_id); slot != nullptr) {
    plan.pool = slot->pool;
    for (const QueueSlot* queue : workspace.QueuesOf(act.pool.pool_id)) {
      plan.queues.push_back(queue->queue);
    }
  }
  return plan;
}

absl::StatusOr<Outcome> Do(Workspace& workspace, const CreateQueue& act, absl::Time now) {
  PoolSlot* pool = workspace.FindPool(act.queue.pool_id);
  if (pool == nullptr) return At("queue.pool_id", NotFound("pool", act.queue.pool_id));
  if (workspace.FindQueue(act.queue.pool_id, act.queue.queue_id) != nullptr) {
    return At("queue.queue_id", AlreadyExists("queue", act.queue.queue_id));
  }
  if (workspace.QueuesOf(act.queue.pool_id).size() >= kMaxQueuesPerPool) {
    return ResourceExhausted("TOO_MANY_QUEUES",
                             absl::StrCat("a pool has at most ", kMaxQueuesPerPool, " queues"));
  }
  return PutQueue(workspace, *pool, act.queue, now);
}

absl::StatusOr<Outcome> Do(Workspace& workspace, const UpdateQueue& act, absl::Time now) {
  PoolSlot* pool = workspace.FindPool(act.queue.pool_id);
  if (pool == nullptr) return At("queue.pool_id", NotFound("pool", act.queue.pool_id));
  QueueSlot* slot = workspace.FindQueue(act.queue.pool_id, act.queue.queue_id);
  if (slot == nullptr) return At("queue.queue_id", NotFound("queue", act.queue.queue_id));
  MUSTER_RETURN_IF_ERROR(CheckEtag(act.etag, slot->queue.revision));
  return PutQueue(workspace, *pool, act.queue, now);
}

absl::StatusOr<Outcome> Do(Workspace& workspace, const DeleteQueue& act, absl::Time now) {
  PoolSlot* pool = workspace.FindPool(act.pool_id);
  if (pool == nullptr) return At("pool_id", NotFound("pool", act.pool_id));
  QueueSlot* slot = workspace.FindQueue(act.pool_id, act.queue_id);
  if (slot == nullptr) return At("queue_id", NotFound("queue", act.queue_id));
  MUSTER_RETURN_IF_ERROR(CheckEtag(act.etag, slot->queue.revision));
  if (slot->live > 0) return QueueNotEmpty(*slot);
  RemoveQueue(*pool, *slot);
  return Deleted{};
}

}  // namespace muster::intake
