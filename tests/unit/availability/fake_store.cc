#include "tests/unit/availability/fake_store.h"

#include <algorithm>

#include "common/base/errors.h"

namespace muster::availability {

void FakeStore::FailWith(absl::Status status) {
  std::lock_guard lock(mutex_);
  failure_ = std::move(status);
}

std::vector<Verdict> FakeStore::VerdictsOn(absl::Span<const Mutation> mutations) const {
  std::vector<Verdict> verdicts(mutations.size());
  std::map<std::string, size_t> first;
  for (size_t i = 0; i < mutations.size(); ++i) {
    const RequestMark& mark = mutations[i].request;
    if (mark.request_id.empty()) continue;
    auto [earlier, is_first] = first.emplace(mark.request_id, i);
    auto known = requests_.find(mark.request_id);
    if (!is_first) {
      const bool same = mutations[earlier->second].request.fingerprint == mark.fingerprint;
      verdicts[i] = {same ? Verdict::kRepeat : Verdict::kReused, {}, earlier->second};
    } else if (known != requests_.end()) {
      const bool same = known->second.fingerprint == mark.fingerprint;
      verdicts[i] = {same ? Verdict::kAnswered : Verdict::kReused, known->second.answer, 0};
    }
  }
  return verdicts;
}

absl::StatusOr<Applied> FakeStore::Apply(absl::Span<const Mutation> mutations) {
  std::lock_guard lock(mutex_);
  if (!failure_.ok()) return failure_;
  Batch batch;
  for (const Mutation& m : mutations) {
    batch.revisions[m.key.pool_id] = pools_[m.key.pool_id].revision;
    if (auto it = agents_.find(m.key); it != agents_.end()) batch.rows[m.key] = it->second;
  }
  Applied applied = ApplyBatch(mutations, VerdictsOn(mutations), batch);
  for (const auto& [pool_id, change] : applied.changes) {
    pools_[pool_id].revision = change.to_revision;
    for (const Agent& agent : change.agents) {
      agents_[agent.key] = agent;
      deleted_.erase(agent.key);
    }
    for (const std::string& id : change.deleted_agent_ids) {
      agents_.erase({pool_id, id});
      deleted_[{pool_id, id}] = {change.to_revision, mutations.back().now};
    }
  }
  for (size_t i = 0; i < mutations.size(); ++i) {
    const RequestMark& mark = mutations[i].request;
    const absl::StatusOr<Outcome>& outcome = applied.outcomes[i];
    if (!outcome.ok() || outcome->repeated || mark.request_id.empty()) continue;
    requests_[mark.request_id] = {mark.fingerprint, *outcome, mutations[i].now};
  }
  for (const MovedSession& session : applied.moved) moves_.push_back({session, clock_.Now()});
  return applied;
}

absl::StatusOr<int64_t> FakeStore::Forget(absl::Time requests_before, absl::Time deletions_before) {
  std::lock_guard lock(mutex_);
  if (!failure_.ok()) return failure_;
  int64_t forgotten = static_cast<int64_t>(std::erase_if(
      requests_, [&](const auto& request) { return request.second.time < requests_before; }));
  for (auto it = deleted_.begin(); it != deleted_.end();) {
    if (it->second.time >= deletions_before) {
      ++it;
      continue;
    }
    Pool& pool = pools_[it->first.pool_id];
    pool.floor = std::max(pool.floor, it->second.revision);
    it = deleted_.erase(it);
    ++forgotten;
  }
  std::erase_if(moves_, [&](const Move& move) { return move.time < deletions_before; });
  return forgotten;
}

void FakeStore::Get(const AgentKey& key, absl::Time, Done<Agent> done) {
  std::unique_lock lock(mutex_);
  absl::StatusOr<Agent> found = NotFound("agent", key.agent_id);
  if (auto it = agents_.find(key); it != agents_.end()) found = it->second;
  if (!failure_.ok()) found = failure_;
  lock.unlock();
  done(std::move(found));
}

void FakeStore::List(const AgentFilter& filter, absl::Time, Done<AgentPage> done) {
  AgentPage page;
  {
    std::lock_guard lock(mutex_);
    for (const auto& [key, agent] : agents_) {
      if (key.pool_id != filter.pool_id || key.agent_id <= filter.after_agent_id) continue;
      const auto& wanted = filter.presences;
      if (!wanted.empty() && std::count(wanted.begin(), wanted.end(), agent.presence) == 0)
        continue;
      const bool skilled =
          std::any_of(agent.skills.begin(), agent.skills.end(),
                      [&](const AgentSkill& skill) { return skill.skill == filter.skill; });
      if (!filter.skill.empty() && !skilled) continue;
      page.more = static_cast<int>(page.agents.size()) == filter.page_size;
      if (page.more) break;
      page.agents.push_back(agent);
    }
  }
  done(std::move(page));
}

void FakeStore::Snapshot(const std::string& pool_id, absl::Time, Done<PoolHistory> done) {
  PoolHistory history;
  {
    std::lock_guard lock(mutex_);
    if (auto it = pools_.find(pool_id); it != pools_.end()) history.revision = it->second.revision;
    for (const auto& [key, agent] : agents_) {
      if (key.pool_id == pool_id) history.agents.push_back(agent);
    }
  }
  done(std::move(history));
}

void FakeStore::Since(const std::string& pool_id, int64_t revision, absl::Time,
                      Done<PoolHistory> done) {
  PoolHistory history;
  bool known = false;
  {
    std::lock_guard lock(mutex_);
    const Pool pool = pools_[pool_id];
    known = revision >= pool.floor && revision <= pool.revision;
    history.revision = pool.revision;
    for (const auto& [key, agent] : agents_) {
      if (key.pool_id == pool_id && agent.revision > revision) history.agents.push_back(agent);
    }
    for (const auto& [key, deletion] : deleted_) {
      if (key.pool_id == pool_id && deletion.revision > revision) {
        history.deleted.push_back({key.agent_id, deletion.revision});
      }
    }
  }
  auto by_revision = [](const auto& a, const auto& b) { return a.revision < b.revision; };
  std::stable_sort(history.agents.begin(), history.agents.end(), by_revision);
  std::stable_sort(history.deleted.begin(), history.deleted.end(), by_revision);
  if (known) {
    done(std::move(history));
  } else {
    done(OutOfRange("REVISION_GONE", "changes since this revision are no longer known"));
  }
}

void FakeStore::Revisions(const std::vector<std::string>& pool_ids, absl::Time,
                          Done<std::map<std::string, int64_t>> done) {
  std::map<std::string, int64_t> revisions;
  {
    std::lock_guard lock(mutex_);
    for (const std::string& id : pool_ids) {
      if (auto it = pools_.find(id); it != pools_.end()) revisions[id] = it->second.revision;
    }
  }
  done(std::move(revisions));
}

std::vector<HeldSession> FakeStore::HeldByLocked(const std::string& node_id) const {
  std::vector<HeldSession> held;
  for (const auto& [key, agent] : agents_) {
    const bool there = agent.connected || agent.presence != Presence::kOffline;
    if (agent.node_id == node_id && there) held.push_back({key, agent.session_id});
  }
  return held;
}

void FakeStore::HeldBy(const std::string& node_id, absl::Time,
                       Done<std::vector<HeldSession>> done) {
  std::unique_lock lock(mutex_);
  std::vector<HeldSession> held = HeldByLocked(node_id);
  lock.unlock();
  done(std::move(held));
}

absl::StatusOr<NodeNews> FakeStore::RenewNode(const Node& node, absl::Duration lease) {
  std::lock_guard lock(mutex_);
  if (!failure_.ok()) return failure_;
  const absl::Time now = clock_.Now();
  NodeNews news;
  news.was_known = nodes_.contains(node.node_id);
  KnownNode& known = nodes_[node.node_id];
  news.taken_over = known.taken_over;
  known = {node, now + lease, false};
  for (const auto& [id, other] : nodes_) {
    if (other.lease_until > now) {
      news.alive.push_back(other.node);
    } else {
      news.silent.push_back(id);
    }
  }
  for (const Move& move : moves_) {
    if (move.session.node_id == node.node_id) news.moved.push_back(move.session);
  }
  std::erase_if(moves_, [&](const Move& m) { return m.session.node_id == node.node_id; });
  return news;
}

absl::Status FakeStore::LeaveNode(const std::string& node_id) {
  std::lock_guard lock(mutex_);
  if (auto it = nodes_.find(node_id); it != nodes_.end()) it->second.lease_until = clock_.Now();
  return failure_;
}

absl::StatusOr<std::optional<std::vector<HeldSession>>> FakeStore::TakeOverNode(
    const std::string& node_id) {
  std::lock_guard lock(mutex_);
  if (!failure_.ok()) return failure_;
  auto it = nodes_.find(node_id);
  if (it == nodes_.end() || it->second.lease_until > clock_.Now()) return std::nullopt;
  it->second.taken_over = true;
  return HeldByLocked(node_id);
}

absl::Status FakeStore::ForgetNode(const std::string& node_id) {
  std::lock_guard lock(mutex_);
  auto it = nodes_.find(node_id);
  if (it == nodes_.end() || it->second.lease_until > clock_.Now()) return failure_;
  if (it->second.taken_over) nodes_.erase(it);
  return failure_;
}

void FakeStore::CountPresences(absl::Time, Done<std::vector<PresenceCount>> done) {
  std::map<std::pair<Presence, bool>, int64_t> counts;
  {
    std::lock_guard lock(mutex_);
    for (const auto& [key, agent] : agents_) ++counts[{agent.presence, agent.connected}];
  }
  std::vector<PresenceCount> list;
  for (const auto& [kind, n] : counts) list.push_back({kind.first, kind.second, n});
  done(std::move(list));
}

}  // namespace muster::availability
