#include "services/availability/domain/session_table.h"

#include <algorithm>

namespace muster::availability {

LinkId SessionTable::Start(const AgentKey& key, const std::string& session_id, LinkId link,
                           absl::Time now) {
  std::lock_guard lock(mutex_);
  LinkId taken_from = 0;
  if (auto it = sessions_.find(key); it != sessions_.end()) {
    if (it->second.connected && it->second.link != link) taken_from = it->second.link;
    Erase(it);
  }
  Put(key, {session_id, link, true, now + options_.lease, {}});
  if (link != 0) {
    auto& [pool_id, agents] = links_[link];
    pool_id = key.pool_id;
    agents.insert(key.agent_id);
  }
  return taken_from;
}

std::optional<LinkId> SessionTable::Detach(const AgentKey& key, const std::string& session_id,
                                           absl::Time now, absl::Duration hold) {
  std::lock_guard lock(mutex_);
  auto it = sessions_.find(key);
  if (it == sessions_.end() || it->second.session_id != session_id) return std::nullopt;
  Session& session = it->second;
  if (session.connected && session.link == 0) return std::nullopt;
  const LinkId link = session.link;
  if (link != 0) LeaveLink(link, key.agent_id);
  session.connected = false;
  session.link = 0;
  session.until = now + std::max(hold, options_.grace);
  Schedule(key, session);
  return link;
}

bool SessionTable::Recover(const AgentKey& key, const std::string& session_id, absl::Time now) {
  std::lock_guard lock(mutex_);
  if (sessions_.contains(key)) return false;
  Put(key, {session_id, 0, false, now + options_.grace, {}});
  return true;
}

bool SessionTable::Seen(const AgentKey& key, LinkId link, absl::Time now) {
  std::lock_guard lock(mutex_);
  auto it = sessions_.find(key);
  if (it == sessions_.end() || !it->second.connected || it->second.link != link) return false;
  it->second.until = std::max(it->second.until, now + options_.lease);
  return true;
}

void SessionTable::SeenAll(LinkId link, absl::Time now) {
  std::lock_guard lock(mutex_);
  auto it = links_.find(link);
  if (it == links_.end()) return;
  const auto& [pool_id, agents] = it->second;
  for (const std::string& agent_id : agents) {
    Session& session = sessions_.at({pool_id, agent_id});
    session.until = std::max(session.until, now + options_.lease);
  }
}

std::vector<SessionEffect> SessionTable::EndLink(LinkId link, absl::Time now) {
  std::lock_guard lock(mutex_);
  std::vector<SessionEffect> effects;
  auto it = links_.find(link);
  if (it == links_.end()) return effects;
  const auto [pool_id, agents] = std::move(it->second);
  links_.erase(it);
  for (const std::string& agent_id : agents) {
    const AgentKey key{pool_id, agent_id};
    effects.push_back(BeginGrace(key, sessions_.at(key), now));
    effects.back().link = link;
  }
  return effects;
}

std::optional<LinkId> SessionTable::Forget(const AgentKey& key, const std::string& session_id) {
  std::lock_guard lock(mutex_);
  auto it = sessions_.find(key);
  if (it == sessions_.end() || it->second.session_id != session_id) return std::nullopt;
  const LinkId link = it->second.link;
  Erase(it);
  return link;
}

void SessionTable::ForgetAll() {
  std::lock_guard lock(mutex_);
  sessions_.clear();
  links_.clear();
  due_.clear();
}

std::vector<SessionEffect> SessionTable::Tick(absl::Time now) {
  std::lock_guard lock(mutex_);
  std::vector<SessionEffect> effects;
  while (!due_.empty() && due_.begin()->first <= now) {
    const AgentKey key = due_.begin()->second;
    auto it = sessions_.find(key);
    Session& session = it->second;
    if (session.until > now) {
      Schedule(key, session);  // it was heard of since
    } else if (session.connected && session.link != 0) {
      const LinkId link = session.link;
      LeaveLink(link, key.agent_id);
      effects.push_back(BeginGrace(key, session, now));
      effects.back().link = link;
    } else {
      const char* reason = session.connected ? kLeaseEnded : kLinkEnded;
      effects.push_back({SessionEffect::kGoOffline, key, session.session_id, 0, reason});
      Erase(it);
    }
  }
  return effects;
}

std::optional<SessionTable::View> SessionTable::Find(const AgentKey& key) const {
  std::lock_guard lock(mutex_);
  auto it = sessions_.find(key);
  if (it == sessions_.end()) return std::nullopt;
  const Session& session = it->second;
  return View{session.session_id, session.link, session.connected, session.until};
}

SessionTable::Counts SessionTable::Count() const {
  std::lock_guard lock(mutex_);
  Counts counts;
  for (const auto& [key, session] : sessions_) {
    ++(!session.connected ? counts.in_grace : session.link ? counts.linked : counts.unlinked);
  }
  return counts;
}

void SessionTable::Put(const AgentKey& key, Session session) {
  session.due = absl::InfinitePast();
  Schedule(key, sessions_[key] = std::move(session));
}

void SessionTable::Erase(Sessions::iterator it) {
  due_.erase({it->second.due, it->first});
  if (it->second.connected) LeaveLink(it->second.link, it->first.agent_id);
  sessions_.erase(it);
}

void SessionTable::LeaveLink(LinkId link, const std::string& agent_id) {
  auto it = links_.find(link);
  if (it == links_.end()) return;
  it->second.second.erase(agent_id);
  if (it->second.second.empty()) links_.erase(it);
}

void SessionTable::Schedule(const AgentKey& key, Session& session) {
  due_.erase({session.due, key});
  session.due = session.until;
  due_.insert({session.due, key});
}

SessionEffect SessionTable::BeginGrace(const AgentKey& key, Session& session, absl::Time now) {
  session.connected = false;
  session.link = 0;
  session.until = now + options_.grace;
  Schedule(key, session);
  return {SessionEffect::kEnd, key, session.session_id, 0, kLinkEnded};
}

}  // namespace muster::availability
