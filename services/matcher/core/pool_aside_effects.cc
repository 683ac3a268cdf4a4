// PoolRunner: what the engine wants done beside offers and assignments: tickets that end or are set
// aside without one, agents who do not react, and decisions to be remembered.
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/obs/log.h"
#include "services/matcher/convert_explain.h"
#include "services/matcher/core/pool_runner.h"

namespace muster::matcher {

namespace in = intake::v1;
namespace av = availability::v1;

void PoolRunner::Do(const engine::ExpireTicket& effect) {
  statistics_.TicketExpired(effect.queue_id, effect.expire_time);
  in::ProgressEntry entry = EntryAt(effect.expire_time);
  entry.mutable_expired();
  const std::string ticket_id(effect.ticket_id);
  order_.Release(AddProgress(ticket_id, std::move(entry)));
  tickets_.Drop(ticket_id);
}

// The engine has forgotten it. What operations put back comes by the feed, as one that is new.
void PoolRunner::Do(const engine::HoldTicket& effect) {
  in::ProgressEntry entry = EntryAt(now_);
  entry.mutable_held()->set_reason(std::string(effect.reason));
  entry.mutable_held()->set_refusals(static_cast<int32_t>(effect.refusals));
  const std::string ticket_id(effect.ticket_id);
  Log(Severity::kInfo)
      .Msg("a ticket is set aside")
      .With("pool_id", options_.pool_id)
      .With("ticket_id", ticket_id)
      .With("reason", effect.reason)
      .With("refusals", effect.refusals);
  order_.Release(AddProgress(ticket_id, std::move(entry)));
  tickets_.Drop(ticket_id);
}

// The engine offers it nothing until the feed says something of it: that it is PAUSED by this, or a
// later word of its own.
void PoolRunner::Do(const engine::PauseAgent& effect) {
  const std::string agent_id(effect.agent_id);
  Log(Severity::kWarning)
      .Msg("an agent lets its offers pass")
      .With("pool_id", options_.pool_id)
      .With("agent_id", agent_id)
      .With("reason", effect.reason)
      .With("ignored", effect.ignored);
  const av::Agent* agent = agents_.Agent(agent_id);
  if (agent == nullptr) return;
  av::PauseAgentRequest request;
  request.set_pool_id(options_.pool_id);
  request.set_agent_id(agent_id);
  request.set_reason(absl::StrCat(effect.ignored, " offers in a row were not answered"));
  request.set_session_id(agent->session_id());
  *request.mutable_presence_time() = agent->presence_time();
  parts_.pauses.Pause(std::move(request));
}

void PoolRunner::Do(const engine::DecisionMade& effect) {
  const engine::Decision& decision = *effect.decision;
  const size_t dropped = decisions_.Add(ToDecisionRecord(IdText(decision.offer), decision), now_);
  if (dropped > 0) parts_.metrics.decisions_dropped.Increment(static_cast<double>(dropped));
}

}  // namespace muster::matcher
