#include "services/matcher/wire/ownership.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/backoff.h"
#include "common/base/ids.h"
#include "common/obs/log.h"

namespace muster::matcher {
namespace {

const Member* FindMember(const Membership& membership, const std::string& member_id) {
  auto it = std::lower_bound(
      membership.members.begin(), membership.members.end(), member_id,
      [](const Member& member, const std::string& id) { return member.member_id < id; });
  return it == membership.members.end() || it->member_id != member_id ? nullptr : &*it;
}

const PoolHold* FindPool(const Membership& membership, const std::string& pool_id) {
  auto it = std::lower_bound(
      membership.pools.begin(), membership.pools.end(), pool_id,
      [](const PoolHold& pool, const std::string& id) { return pool.pool_id < id; });
  return it == membership.pools.end() || it->pool_id != pool_id ? nullptr : &*it;
}

}  // namespace

Ownership::Ownership(OwnershipOptions options, LeaseStore& leases, OwnLease& lease,
                     const Clock& steady, Handlers handlers)
    : options_(std::move(options)),
      leases_(leases),
      lease_(lease),
      steady_(steady),
      handlers_(std::move(handlers)),
      random_(RandomSeed()) {
  if (options_.own_thread) thread_ = std::thread([this] { Run(); });
}

Ownership::~Ownership() { Stop(); }

void Ownership::Listed(std::set<std::string> pool_ids) {
  std::lock_guard lock(mutex_);
  // The first list, and a new pool, are news that cannot wait for the next round.
  nudged_ = nudged_ || listed_ != pool_ids || !listed_at_;
  listed_ = std::move(pool_ids);
  listed_at_ = steady_.Now();
  wake_.notify_one();
}

void Ownership::Leave() {
  std::lock_guard lock(mutex_);
  leaving_ = true;
  nudged_ = true;
  wake_.notify_one();
}

void Ownership::Ended(const Hold& hold) {
  std::lock_guard lock(mutex_);
  auto it = mine_.find(hold.pool_id);
  if (it == mine_.end() || it->second.epoch != hold.epoch) return;
  it->second.ended = true;
  nudged_ = true;
  wake_.notify_one();
}

void Ownership::Lost(const Hold& hold) {
  std::lock_guard lock(mutex_);
  auto it = mine_.find(hold.pool_id);
  if (it != mine_.end() && it->second.epoch == hold.epoch) mine_.erase(it);
}

void Ownership::Stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void Ownership::Run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    nudged_ = false;
    lock.unlock();
    Round();
    lock.lock();
    std::uniform_real_distribution<double> part(0.75, 1.0);
    const absl::Duration wait = options_.renew_interval * part(random_);
    wake_.wait_for(lock, absl::ToChronoMicroseconds(wait), [this] { return stopping_ || nudged_; });
  }
  lease_.End();
  if (member_id_.empty()) return;
  lock.unlock();
  absl::Status left = leases_.Leave(member_id_, absl::Now() + options_.call_limit);
  if (!left.ok()) {
    Log(Severity::kWarning).Msg("cannot release the pools; the lease runs out").Error(left);
  }
}

Member Ownership::Me() const {
  std::lock_guard lock(mutex_);
  const bool knows = listed_at_ && steady_.Now() - *listed_at_ < options_.list_tolerance;
  return {.member_id = member_id_, .address = options_.address, .takes = knows && !leaving_};
}

// False: there is nothing to renew.
bool Ownership::JoinIfNeeded(Member& me) {
  if (!me.member_id.empty()) return true;
  // Who does not know the pools takes no part: it would be due some and not take them.
  if (!me.takes) return false;
  me.member_id = absl::StrCat(options_.node_id, "~", NewId("m"));
  absl::Status joined = leases_.Join(me, options_.lease, absl::Now() + options_.call_limit);
  if (!joined.ok()) {
    handlers_.renewed(joined);
    return false;
  }
  std::lock_guard lock(mutex_);
  member_id_ = me.member_id;
  return true;
}

void Ownership::Round() {
  Member me = Me();
  if (!JoinIfNeeded(me)) return;
  const absl::Time begun = steady_.Now();
  absl::StatusOr<Membership> membership =
      leases_.Renew(me, options_.lease, absl::Now() + options_.call_limit);
  handlers_.renewed(membership.status());
  if (absl::IsNotFound(membership.status())) return DropAll();
  if (!membership.ok()) return;
  const bool again = !lease_.Holds();
  if (again) unbroken_since_ = begun;
  {
    std::lock_guard lock(mutex_);
    membership_ = *membership;
  }
  // First what is lost: nothing may be offered there under the lease that goes on.
  Reconcile(*membership);
  lease_.Renewed(begun);
  if (again) handlers_.holds_again();
  ReleaseEnded(*membership);
  Share(*membership);
}

// The records have forgotten us: whatever we had is free.
void Ownership::DropAll() {
  lease_.End();
  std::map<std::string, Mine> mine;
  {
    std::lock_guard lock(mutex_);
    mine.swap(mine_);
    member_id_.clear();
    nudged_ = true;
  }
  for (const auto& [id, m] : mine) handlers_.lost({id, m.epoch});
}

void Ownership::Reconcile(const Membership& membership) {
  std::vector<Hold> lost, found;
  {
    std::lock_guard lock(mutex_);
    for (auto it = mine_.begin(); it != mine_.end();) {
      const PoolHold* pool = FindPool(membership, it->first);
      const bool ours =
          pool != nullptr && pool->holder == member_id_ && pool->epoch == it->second.epoch;
      if (!ours) lost.push_back({it->first, it->second.epoch});
      it = ours ? std::next(it) : mine_.erase(it);
    }
    // A take whose commit was in doubt had been done after all.
    for (const PoolHold& pool : membership.pools) {
      if (pool.holder != member_id_ || mine_.count(pool.pool_id) > 0) continue;
      mine_[pool.pool_id] = {.epoch = pool.epoch};
      found.push_back({pool.pool_id, pool.epoch});
    }
  }
  for (const Hold& hold : lost) handlers_.lost(hold);
  for (const Hold& hold : found) handlers_.taken(hold);
}

void Ownership::ReleaseEnded(const Membership& membership) {
  std::vector<Hold> ended;
  {
    std::lock_guard lock(mutex_);
    for (const auto& [id, m] : mine_) {
      if (m.ended) ended.push_back({id, m.epoch});
    }
  }
  if (ended.empty()) return;
  absl::Status released = leases_.Release(member_id_, ended, absl::Now() + options_.call_limit);
  if (!released.ok()) {
    Log(Severity::kWarning).Msg("cannot release pools yet").Error(released);
    return;
  }
  std::lock_guard lock(mutex_);
  for (const Hold& hold : ended) mine_.erase(hold.pool_id);
}

ShareFacts Ownership::FactsOf(const Membership& membership) const {
  ShareFacts facts{.me = member_id_};
  for (const Member& member : membership.members) {
    if (member.live && member.takes) facts.takers.push_back(member.member_id);
  }
  const bool settled = steady_.Now() - unbroken_since_ >= options_.settle;
  std::lock_guard lock(mutex_);
  for (const std::string& id : listed_) {
    const PoolHold* pool = FindPool(membership, id);
    std::string holder = pool == nullptr ? "" : pool->holder;
    const Member* member = holder.empty() ? nullptr : FindMember(membership, holder);
    if (member == nullptr || (!member->live && settled)) holder.clear();
    facts.pools.push_back({id, std::move(holder)});
  }
  for (const auto& [id, m] : mine_) {
    if (m.leaving) facts.leaving.insert(id);
  }
  return facts;
}

void Ownership::Share(const Membership& membership) {
  SharePlan plan = PlanShares(FactsOf(membership), options_.shares);
  std::vector<Hold> give_up;
  {
    std::lock_guard lock(mutex_);
    if (leaving_) return;
    for (auto& [id, m] : mine_) {
      const bool gone = listed_.count(id) == 0;
      const bool too_much =
          std::find(plan.give_up.begin(), plan.give_up.end(), id) != plan.give_up.end();
      if (m.leaving || (!gone && !too_much)) continue;
      m.leaving = true;
      give_up.push_back({id, m.epoch});
    }
  }
  if (!give_up.empty()) handlers_.give_up(give_up);
  if (!plan.take.empty()) TakeAll(plan.take);
}

void Ownership::TakeAll(const std::vector<std::string>& pool_ids) {
  absl::StatusOr<std::vector<Hold>> taken =
      leases_.Take(member_id_, pool_ids, absl::Now() + options_.call_limit);
  if (!taken.ok()) {
    Log(Severity::kWarning).Msg("cannot take pools yet").Error(taken.status());
    return;
  }
  {
    std::lock_guard lock(mutex_);
    for (const Hold& hold : *taken) mine_[hold.pool_id] = {.epoch = hold.epoch};
  }
  for (const Hold& hold : *taken) handlers_.taken(hold);
}

std::optional<std::string> Ownership::AddressOf(const std::string& pool_id) const {
  std::lock_guard lock(mutex_);
  const PoolHold* pool = FindPool(membership_, pool_id);
  if (pool == nullptr || pool->holder.empty() || pool->holder == member_id_) return std::nullopt;
  const Member* member = FindMember(membership_, pool->holder);
  if (member == nullptr || !member->live) return std::nullopt;
  return member->address;
}

MatcherList Ownership::Matchers() const {
  std::lock_guard lock(mutex_);
  MatcherList list;
  std::map<std::string, size_t> at;
  for (const Member& member : membership_.members) {
    if (!member.live) continue;
    at[member.member_id] = list.matchers.size();
    list.matchers.push_back({member.member_id, member.address, 0, member.takes});
  }
  for (const std::string& id : listed_) {
    const PoolHold* pool = FindPool(membership_, id);
    auto it = pool == nullptr ? at.end() : at.find(pool->holder);
    if (it == at.end()) {
      ++list.pools_without_holder;
    } else {
      ++list.matchers[it->second].pools;
    }
  }
  return list;
}

}  // namespace muster::matcher
