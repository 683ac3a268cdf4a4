// PoolRunner: agents as the feed tells them, the nodes that have their sessions, and what follows
// for what they are told and for the work of those who are away.
//
// An agent is told of its work as it comes. It is told all of it again, and that this was all, when
// its session is new, and when a stream begins to serve it: availability passes on what is news,
// and ends what has ended meanwhile.
#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "common/obs/log.h"
#include "services/matcher/core/pool_runner.h"

namespace muster::matcher {

namespace av = availability::v1;

void PoolRunner::OnAgentSnapshot(AgentSnapshot snapshot, absl::Time received) {
  if (stopped_) return;
  Begin(received);
  Events events;
  agents_.Apply(std::move(snapshot), &events);
  ApplyAll(events);
  if (std::exchange(agents_in_, true)) {
    TellNewSessions();
  } else {
    TellAll();
  }
  LookForAbsentees();
}

void PoolRunner::OnAgentChanges(av::WatchAgentsResponse::Changes changes, absl::Time received) {
  if (stopped_) return;
  Begin(received);
  std::vector<std::string> changed(changes.deleted_agent_ids().begin(),
                                   changes.deleted_agent_ids().end());
  for (const av::Agent& agent : changes.agents()) changed.push_back(agent.agent_id());
  Events events;
  agents_.Apply(std::move(changes), &events);
  ApplyAll(events);
  TellNewSessions();
  for (const std::string& agent_id : changed) LookForAbsence(agent_id);
}

void PoolRunner::OnDeliveryReady(const std::string& node_id, bool ready) {
  if (stopped_ || ready == agents_.IsReady(node_id)) return;
  Begin(parts_.clock.Now());
  Events events;
  agents_.SetReady(node_id, ready, &events);
  // Not left to Flush: the stream may be back within this round, and what was on offer is lost.
  if (!ready) UpdateOpen();
  ApplyAll(events);
  if (ready) TellAllOn(node_id);
}

// ---- what agents are told

void PoolRunner::TellAll() {
  agents_.TakeNewSessions();
  for (const std::string& node_id : agents_.ready()) TellAllOn(node_id);
}

void PoolRunner::TellAllOn(const std::string& node_id) {
  if (!KnowsWhatAgentsHave()) return;
  std::vector<engine::AssignmentId> there;
  for (const auto& [id, work] : works_) {
    const av::Agent* agent = agents_.Agent(work->record.agent_id);
    if (agent != nullptr && agent->node_id() == node_id) there.push_back(id);
  }
  std::sort(there.begin(), there.end());
  for (const engine::AssignmentId& id : there) {
    Work& work = *works_.at(id);
    work.tell_again = true;  // the answer to its act may go nowhere
    if (work.on_record) TellConfirmed(work);
  }
  for (const av::Agent* agent : agents_.AgentsOn(node_id)) TellThatIsAll(*agent);
}

// The engine has sent again what they have: ResendToAgent.
void PoolRunner::TellNewSessions() {
  for (const std::string& agent_id : agents_.TakeNewSessions()) {
    const av::Agent* agent = agents_.Agent(agent_id);
    if (KnowsWhatAgentsHave() && agent != nullptr) TellThatIsAll(*agent);
  }
}

void PoolRunner::TellThatIsAll(const av::Agent& agent) {
  if (!agents_.IsReady(agent.node_id())) return;
  if (auto it = ends_untold_.find(agent.agent_id()); it != ends_untold_.end()) {
    std::vector<ToAgent> ends = std::move(it->second);
    ends_untold_.erase(it);
    untold_ -= ends.size();
    for (ToAgent& end : ends) Tell(std::move(end));
  }
  ToAgent message = MessageTo(agent.agent_id());
  message.mutable_told()->set_session_id(agent.session_id());
  Tell(std::move(message));
}

// ---- those who are away

void PoolRunner::LookForAbsence(const std::string& agent_id) {
  const av::Agent* agent = agents_.Agent(agent_id);
  if (agent != nullptr && agent->connected()) return absentees_.Back(agent_id);
  const std::optional<engine::AgentView> view = engine_.Agent(agent_id);
  if (view && view->busy_units > 0) absentees_.Away(agent_id, now_);
}

void PoolRunner::LookForAbsentees() {
  if (!KnowsWhatAgentsHave()) return;
  absl::flat_hash_set<std::string> at_work;
  for (const auto& [id, work] : works_) at_work.insert(work->record.agent_id);
  for (const std::string& agent_id : at_work) LookForAbsence(agent_id);
}

void PoolRunner::GiveUpAbsentees() {
  const std::vector<std::string> due = absentees_.TakeDue(now_);
  if (due.empty()) return;
  const absl::flat_hash_set<std::string> gone(due.begin(), due.end());
  std::vector<engine::AssignmentId> lost;
  for (const auto& [id, work] : works_) {
    if (gone.contains(work->record.agent_id)) lost.push_back(id);
  }
  std::sort(lost.begin(), lost.end());
  for (const engine::AssignmentId& id : lost) {
    const Assignment& record = works_.at(id)->record;
    Log(Severity::kWarning)
        .Msg("an agent is out of reach for too long; its ticket goes to another")
        .With("pool_id", options_.pool_id)
        .With("agent_id", record.agent_id)
        .With("assignment_id", record.assignment_id)
        .With("ticket_id", record.ticket_id);
    Apply(engine::AssignmentLost{id});
  }
}

}  // namespace muster::matcher
