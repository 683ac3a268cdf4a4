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

bool Router::LinkSessionBegun(const v1::Agent& agent, LinkId link, const v1::PlatformFrame& welcome,
                              const std::string& request_id) {
  const AgentKey key{agent.pool_id(), agent.agent_id()};
  bool stands = false;
  {
    std::lock_guard lock(mutex_);
    TakeFrom(sessions_.Start(key, agent.session_id(), link, steady_.Now()), key);
    StopExpecting(key);
    stands = links_.contains(link);
    spoken_.insert_or_assign(key, Spoken{Outbox<EncodedFrame>(agent.session_id())});
    if (stands) {
      Welcome(key, link, welcome, request_id);
      SendInbox(key);
    }
  }
  Flush();
  return stands;
}

void Router::LeaseSessionBegun(const AgentKey& key, const std::string& session_id, bool expected) {
  {
    std::lock_guard lock(mutex_);
    TakeFrom(sessions_.Start(key, session_id, 0, steady_.Now()), key);
    spoken_.erase(key);
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
  SendOn(link, Encode(frame));
  it->second->Release(key.agent_id, "");
}

void Router::Welcome(const AgentKey& key, LinkId link, const v1::PlatformFrame& welcome,
                     const std::string& request_id) {
  SendOn(link, Encode(welcome));
  if (request_id.empty()) return;
  v1::PlatformFrame answer;
  answer.set_agent_id(key.agent_id);
  answer.mutable_answer()->set_request_id(request_id);
  answer.mutable_answer()->mutable_status();
  SendOn(link, Encode(answer));
}

bool Router::PrepareResume(const AgentKey& key, const std::string& session_id,
                           int64_t last_sequence, LinkId link, absl::Duration hold) {
  {
    std::lock_guard lock(mutex_);
    auto spoken = spoken_.find(key);
    if (spoken == spoken_.end() || spoken->second.outbox.session_id() != session_id ||
        !spoken->second.outbox.HasAllAfter(last_sequence)) {
      return false;
    }
    const std::optional<LinkId> left = sessions_.Detach(key, session_id, steady_.Now(), hold);
    if (!left) return false;
    if (*left != link) TakeFrom(*left, key);
    ++expected_[key];
  }
  Flush();
  return true;
}

Router::Resumed Router::SessionResumed(const v1::Agent& agent, LinkId link,
                                       const v1::PlatformFrame& welcome,
                                       const std::string& request_id, int64_t last_sequence) {
  const AgentKey key{agent.pool_id(), agent.agent_id()};
  Resumed resumed = Resumed::kYes;
  {
    std::lock_guard lock(mutex_);
    StopExpecting(key);
    auto spoken = spoken_.find(key);
    if (spoken == spoken_.end() || spoken->second.outbox.session_id() != agent.session_id() ||
        !spoken->second.outbox.HasAllAfter(last_sequence)) {
      return Resumed::kSessionLost;
    }
    TakeFrom(sessions_.Start(key, agent.session_id(), link, steady_.Now()), key);
    if (!links_.contains(link)) {
      resumed = Resumed::kLinkGone;
    } else {
      Welcome(key, link, welcome, request_id);
      spoken->second.outbox.Repeat(last_sequence, link,
                                   [&](const EncodedFrame& frame) { SendOn(link, frame); });
    }
  }
  Flush();
  return resumed;
}

void Router::Seen(const AgentKey& key, LinkId link, int64_t last_sequence) {
  std::lock_guard lock(mutex_);
  const std::optional<SessionTable::View> session = sessions_.Find(key);
  auto spoken = spoken_.find(key);
  if (!session || session->link != link || spoken == spoken_.end()) return;
  spoken->second.outbox.Forget(last_sequence);
}

void Router::SessionOver(const AgentKey& key, const std::string& session_id) {
  std::lock_guard lock(mutex_);
  auto spoken = spoken_.find(key);
  if (spoken != spoken_.end() && spoken->second.outbox.session_id() == session_id) {
    spoken_.erase(spoken);
  }
}

void Router::SessionMoved(const AgentKey& key, const std::string& session_id) {
  {
    std::lock_guard lock(mutex_);
    const std::optional<LinkId> link = sessions_.Forget(key, session_id);
    if (!link) return;  // it is back already, or has been given up
    TakeFrom(*link, key);
    spoken_.erase(key);
    inboxes_.erase(key);
  }
  Flush();
}

void Router::LetGoOfAll(const absl::Status& why) {
  std::vector<std::shared_ptr<LinkSink>> links;
  {
    std::lock_guard lock(mutex_);
    sessions_.ForgetAll();
    spoken_.clear();
    inboxes_.clear();
    for (const auto& [id, sink] : links_) links.push_back(sink);
  }
  for (const auto& link : links) link->End(why);
}

void Router::SendInbox(const AgentKey& key) {
  auto inbox = inboxes_.find(key);
  if (inbox == inboxes_.end()) return;
  for (const auto& [id, assignment] : inbox->second.assignments()) {
    v1::PlatformFrame frame;
    frame.set_agent_id(key.agent_id);
    *frame.mutable_assignment_confirmed() = assignment;
    Send(key, frame);
  }
  for (const auto& [id, offer] : inbox->second.offers()) {
    v1::PlatformFrame frame;
    frame.set_agent_id(key.agent_id);
    *frame.mutable_offer() = offer;
    Send(key, frame);
  }
}

void Router::SessionUnlinked(LinkId link, const std::string& agent_id,
                             const std::string& session_id) {
  {
    std::lock_guard lock(mutex_);
    auto it = links_.find(link);
    if (it == links_.end()) return;
    v1::PlatformFrame frame;
    frame.set_agent_id(agent_id);
    frame.mutable_session_ended()->set_reason("no sign of life came within the lease");
    SendOn(link, Encode(frame));
    it->second->Release(agent_id, session_id);
  }
  Flush();
}

void Router::PresenceChanged(const v1::Agent& agent, LinkId origin) {
  const AgentKey key{agent.pool_id(), agent.agent_id()};
  {
    std::lock_guard lock(mutex_);
    const std::optional<SessionTable::View> session = sessions_.Find(key);
    if (!session || (session->connected && session->link == origin)) return;
    v1::PlatformFrame frame;
    frame.set_agent_id(key.agent_id);
    frame.mutable_presence_changed()->set_presence(agent.presence());
    frame.mutable_presence_changed()->set_reason(agent.presence_reason());
    Send(key, frame);
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
      Send(key, frame);
      frame.set_sequence(0);
      frame.mutable_session_ended()->set_reason("agent deleted");
      SendOn(session->link, Encode(frame));
      if (auto it = links_.find(session->link); it != links_.end()) {
        it->second->Release(key.agent_id, session_id);
      }
    }
    sessions_.Forget(key, session_id);
    spoken_.erase(key);
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
