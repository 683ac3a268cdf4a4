#include "services/matcher/storage/fake_leases.h"

#include <utility>

#include "common/base/errors.h"
#include "common/base/status_macros.h"

namespace muster::matcher {

bool FakeLeases::IsLive(const std::string& member_id) const {
  auto it = members_.find(member_id);
  if (it == members_.end()) return false;
  absl::Duration left = it->second.until - clock_.Now();
  return left > absl::ZeroDuration() && left <= kMaxLease;
}

absl::Status FakeLeases::Join(const Member& me, absl::Duration lease, absl::Time) {
  std::lock_guard lock(mutex_);
  MUSTER_RETURN_IF_ERROR(failure_);
  std::erase_if(members_, [this](const auto& entry) {
    return entry.second.until < clock_.Now() - kMemberMemory;
  });
  if (!members_.emplace(me.member_id, Row{me, clock_.Now() + lease}).second) {
    return AlreadyExists("member", me.member_id);
  }
  return absl::OkStatus();
}

absl::StatusOr<Membership> FakeLeases::Renew(const Member& me, absl::Duration lease, absl::Time) {
  std::lock_guard lock(mutex_);
  MUSTER_RETURN_IF_ERROR(failure_);
  auto it = members_.find(me.member_id);
  if (it == members_.end()) return NotFound("member", me.member_id);
  it->second = {me, clock_.Now() + lease};
  Membership membership;
  for (const auto& [id, row] : members_) {
    membership.members.push_back(row.member);
    membership.members.back().live = IsLive(id);
  }
  for (const auto& [id, pool] : pools_) membership.pools.push_back(pool);
  return membership;
}

absl::StatusOr<std::vector<Hold>> FakeLeases::Take(const std::string& member_id,
                                                   const std::vector<std::string>& pool_ids,
                                                   absl::Time) {
  std::lock_guard lock(mutex_);
  MUSTER_RETURN_IF_ERROR(failure_);
  std::vector<Hold> taken;
  if (!IsLive(member_id)) return taken;
  for (const std::string& id : pool_ids) {
    PoolHold& pool = pools_[id];
    if (!pool.holder.empty() && IsLive(pool.holder)) continue;
    pool = {id, pool.epoch + 1, member_id};
    taken.push_back({id, pool.epoch});
  }
  return taken;
}

absl::Status FakeLeases::Release(const std::string& member_id, const std::vector<Hold>& holds,
                                 absl::Time) {
  std::lock_guard lock(mutex_);
  MUSTER_RETURN_IF_ERROR(failure_);
  for (const Hold& hold : holds) {
    auto it = pools_.find(hold.pool_id);
    if (it == pools_.end() || it->second.epoch != hold.epoch) continue;
    if (it->second.holder == member_id) it->second = {hold.pool_id, hold.epoch + 1, ""};
  }
  return absl::OkStatus();
}

absl::Status FakeLeases::Leave(const std::string& member_id, absl::Time) {
  std::lock_guard lock(mutex_);
  MUSTER_RETURN_IF_ERROR(failure_);
  for (auto& [id, pool] : pools_) {
    if (pool.holder == member_id) pool = {id, pool.epoch + 1, ""};
  }
  members_.erase(member_id);
  return absl::OkStatus();
}

bool FakeLeases::Holds(const Hold& hold) const {
  std::lock_guard lock(mutex_);
  auto it = pools_.find(hold.pool_id);
  return it != pools_.end() && it->second.epoch == hold.epoch;
}

int64_t FakeLeases::Seize(const std::string& pool_id, const std::string& member_id) {
  std::lock_guard lock(mutex_);
  PoolHold& pool = pools_[pool_id];
  pool = {pool_id, pool.epoch + 1, member_id};
  return pool.epoch;
}

void FakeLeases::FailWith(absl::Status status) {
  std::lock_guard lock(mutex_);
  failure_ = std::move(status);
}

}  // namespace muster::matcher
