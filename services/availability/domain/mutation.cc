#include "services/availability/domain/mutation.h"

#include <utility>

#include "common/base/errors.h"

namespace muster::availability {
namespace {

void ChangePresence(Agent& agent, Presence presence, const std::string& reason, absl::Time now) {
  if (agent.presence != presence) agent.presence_time = now;
  agent.presence = presence;
  agent.presence_reason = reason;
}

absl::Status CheckEtag(const Agent& agent, const std::string& etag) {
  if (etag.empty() || etag == agent.etag) return absl::OkStatus();
  return Aborted("ETAG_MISMATCH", "the agent has changed since it was read");
}

absl::Status Do(const CreateAgent& act, const Mutation& m, std::optional<Agent>& row) {
  if (row) return AlreadyExists("agent", m.key.agent_id);
  Agent agent = act.agent;
  agent.key = m.key;
  agent.etag = m.new_etag;
  agent.presence = Presence::kOffline;
  agent.presence_time = agent.create_time = agent.update_time = m.now;
  row = std::move(agent);
  return absl::OkStatus();
}

absl::Status Do(const UpdateAgent& act, const Mutation& m, std::optional<Agent>& row) {
  absl::Status status = CheckEtag(*row, act.etag);
  if (!status.ok()) return status;
  row->display_name = act.agent.display_name;
  row->skills = act.agent.skills;
  row->languages = act.agent.languages;
  row->capacity = act.agent.capacity;
  row->etag = m.new_etag;
  row->update_time = m.now;
  return absl::OkStatus();
}

absl::Status Do(const DeleteAgent& act, const Mutation&, std::optional<Agent>& row) {
  absl::Status status = CheckEtag(*row, act.etag);
  if (!status.ok()) return status;
  if (row->presence != Presence::kOffline) {
    return FailedPrecondition("AGENT_NOT_OFFLINE", "only an agent who is OFFLINE can be deleted");
  }
  row.reset();
  return absl::OkStatus();
}

absl::Status Do(const SetPresence& act, const Mutation& m, std::optional<Agent>& row) {
  const bool from_link = !act.only_session_id.empty();
  if (from_link && (row->session_id != act.only_session_id || !row->connected)) {
    return FailedPrecondition("SESSION_REPLACED", "the session is no longer the agent's");
  }
  ChangePresence(*row, act.presence, act.reason, m.now);
  if (from_link) return absl::OkStatus();
  if (act.presence == Presence::kOffline) {
    if (!row->session_has_link) row->connected = false;
  } else if (!row->connected) {
    row->connected = true;
    row->session_id = act.new_session_id;
    row->node_id = act.node_id;
    row->session_has_link = false;
  }
  return absl::OkStatus();
}

absl::Status Do(const PauseAgent& act, const Mutation& m, std::optional<Agent>& row) {
  const bool last_word =
      row->presence == Presence::kOnline && row->session_id == act.session_id &&
      absl::ToUnixMicros(row->presence_time) == absl::ToUnixMicros(act.presence_time);
  if (last_word) ChangePresence(*row, Presence::kPaused, act.reason, m.now);
  return absl::OkStatus();
}

absl::Status Do(const StartSession& act, const Mutation& m, std::optional<Agent>& row) {
  row->session_id = act.session_id;
  row->node_id = act.node_id;
  row->session_has_link = true;
  row->connected = true;
  if (act.presence != Presence::kUnspecified) ChangePresence(*row, act.presence, "", m.now);
  return absl::OkStatus();
}

absl::Status Do(const ResumeSession& act, const Mutation& m, std::optional<Agent>& row) {
  if (row->session_id != act.session_id || row->node_id != act.node_id) {
    return FailedPrecondition("SESSION_REPLACED", "the session is no longer the agent's");
  }
  row->connected = true;
  if (act.presence != Presence::kUnspecified) ChangePresence(*row, act.presence, "", m.now);
  return absl::OkStatus();
}

absl::Status Do(const EndSession& act, const Mutation&, std::optional<Agent>& row) {
  if (row && row->session_id == act.session_id) row->connected = false;
  return absl::OkStatus();
}

absl::Status Do(const GoOffline& act, const Mutation& m, std::optional<Agent>& row) {
  if (!row || row->session_id != act.session_id) return absl::OkStatus();
  row->connected = false;
  if (row->presence != Presence::kOffline) {
    ChangePresence(*row, Presence::kOffline, act.reason, m.now);
  }
  return absl::OkStatus();
}

template <class Act>
constexpr bool kNeedsAgent =
    std::is_same_v<Act, UpdateAgent> || std::is_same_v<Act, DeleteAgent> ||
    std::is_same_v<Act, SetPresence> || std::is_same_v<Act, PauseAgent> ||
    std::is_same_v<Act, StartSession> || std::is_same_v<Act, ResumeSession>;

}  // namespace

std::string_view PresenceName(Presence presence) {
  switch (presence) {
    case Presence::kOffline:
      return "offline";
    case Presence::kOnline:
      return "online";
    case Presence::kPaused:
      return "paused";
    case Presence::kDraining:
      return "draining";
    case Presence::kUnspecified:
      break;
  }
  return "unspecified";
}

absl::StatusOr<bool> Apply(const Mutation& mutation, std::optional<Agent>& row) {
  const std::optional<Agent> before = row;
  absl::Status status = std::visit(
      [&]<class Act>(const Act& act) {
        if (kNeedsAgent<Act> && !row) return NotFound("agent", mutation.key.agent_id);
        return Do(act, mutation, row);
      },
      mutation.act);
  if (!status.ok()) return status;
  return row != before;
}

}  // namespace muster::availability
