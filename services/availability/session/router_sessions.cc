// What sessions mean for the router: who is reached through which link.
#include <utility>

#include "services/availability/session/router.h"

namespace muster::availability {

void Router::ExpectSession(const AgentKey& key) {
  std::lock_guard lock(mutex_);
  ++expected_[key];
  inboxes_.erase(key);
}

void Router::SessionFailed(const AgentKey& key) {
  std::lock_guard lock(mutex_);
  StopExpecting(key);
}

void Router::StopExpecting(const AgentKey& key) {
  auto it = expected_.find(key);
  if (it != expected_.end() && --it->second == 0) expected_.erase(it);
}

bool Router::LinkSessionBegun(const v1::Agent& agent, LinkId link, v1::PlatformFrame welcome,
                              const std::string& request_id) {
  const AgentKey key{agent.pool_id(), agent.agent_id()};
  bool stands = false;
  {
    std::lock_guard lock(mutex_);
    TakeFrom(sessions_.Start(key, agent.session_id(), link, steady_.Now()), key);
    StopExpecting(key);
    stands = links_.contains(link);
    if (stands) {
      SendOn(link, std::move(welcome));
      if (!request_id.empty()) {
        v1::PlatformFrame answer;
        answer.set_agent_id(key.agent_id);
        answer.mutable_answer()->set_request_id(request_id);
        answer.mutable_answer()->mutable_status();
        SendOn(link, std::move(answer));
      }
      SendInbox(key, link);
    }
  }
  Flush();
  return stands;
}

void Router::LeaseSessionBegun(const AgentKey& key, const std::string& session_id, bool expected) {
  {
    std::lock_guard lock(mutex_);
    TakeFrom(sessions_.Start(key, session_id, 0, steady_.Now()), key);
    if (expected) StopExpecting(key);
  }
  Flush();
}

void Router::TakeFrom(LinkId link, const AgentKey& key) {
  auto it = links_.find(link);
  if (it == links_.end()) return;
  v1::PlatformFrame frame;
  frame.set_agent_id(key.agent_id);
  frame.mutable_session_replaced();
  SendOn(link, std::move(frame));
  it->second->Release(key.agent_id, "");
}

void Router::SendInbox(const AgentKey& key, LinkId link) {
  auto inbox = inboxes_.find(key);
  if (inbox == inboxes_.end()) return;
  for (const auto& [id, assignment] : inbox->second.assignments()) {
    v1::PlatformFrame frame;
    frame.set_agent_id(key.agent_id);
    *frame.mutable_assignment_confirmed() = assignment;
    SendOn(link, std::move(frame));
  }
  for (const auto& [id, offer] : inbox->second.offers()) {
    v1::PlatformFrame frame;
    frame.set_agent_id(key.agent_id);
    *frame.mutable_offer() = offer;
    SendOn(link, std::move(frame));
  }
}

void Router::Release(LinkId link, const std::string& agent_id, const std::string& session_id) {
  std::lock_guard lock(mutex_);
  auto it = links_.find(link);
  if (it != links_.end()) it->second->Release(agent_id, session_id);
}

void Router::PresenceChanged(const v1::Agent& agent, LinkId origin) {
  const AgentKey key{agent.pool_id(), agent.agent_id()};
  {
    std::lock_guard lock(mutex_);
    const std::optional<SessionTable::View> session = sessions_.Find(key);
    if (!session || !session->connected || session->link == 0 || session->link == origin) return;
    v1::PlatformFrame frame;
    frame.set_agent_id(key.agent_id);
    frame.mutable_presence_changed()->set_presence(agent.presence());
    frame.mutable_presence_changed()->set_reason(agent.presence_reason());
    SendOn(session->link, std::move(frame));
  }
  Flush();
}

void Router::AgentDeleted(const AgentKey& key, const std::string& session_id) {
  {
    std::lock_guard lock(mutex_);
    const std::optional<SessionTable::View> session = sessions_.Find(key);
    if (session && session->link != 0) {
      v1::PlatformFrame frame;
      frame.set_agent_id(key.agent_id);
      frame.mutable_presence_changed()->set_presence(v1::PRESENCE_OFFLINE);
      frame.mutable_presence_changed()->set_reason("agent deleted");
      SendOn(session->link, std::move(frame));
      if (auto it = links_.find(session->link); it != links_.end()) {
        it->second->Release(key.agent_id, session_id);
      }
    }
    sessions_.Forget(key, session_id);
    inboxes_.erase(key);
  }
  Flush();
}

v1::AgentWork Router::Work(const AgentKey& key) const {
  std::lock_guard lock(mutex_);
  v1::AgentWork work;
  auto inbox = inboxes_.find(key);
  if (inbox == inboxes_.end()) return work;
  for (const auto& [id, offer] : inbox->second.offers()) *work.add_offers() = offer;
  for (const auto& [id, assignment] : inbox->second.assignments()) {
    *work.add_assignments() = assignment;
  }
  return work;
}

}  // namespace muster::availability
