#include "services/availability/convert/convert.h"

#include <grpcpp/grpcpp.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/page_token.h"
#include "common/base/status_macros.h"
#include "common/rpc/proto_time.h"
#include "common/rpc/status_convert.h"
#include "services/availability/convert/answer.h"
#include "services/availability/domain/limits.h"
#include "services/availability/domain/validate.h"

namespace muster::availability {
namespace {

// A message of the feed is closed when it has this many agents, or more to keep a revision whole
// (a commit changes at most a batch of the committer); with the largest agents it stays below the
// 4 MiB that a message may have.
constexpr size_t kAgentsPerMessage = 256;

std::string FilterText(const pb::ListAgentsRequest& request) {
  std::string text = absl::StrCat(request.pool_id(), "\n", request.skill(), "\n");
  for (int presence : request.presences()) absl::StrAppend(&text, presence, ",");
  return text;
}

}  // namespace

pb::Agent ToProto(const Agent& agent) {
  pb::Agent proto;
  proto.set_pool_id(agent.key.pool_id);
  proto.set_agent_id(agent.key.agent_id);
  proto.set_display_name(agent.display_name);
  for (const AgentSkill& skill : agent.skills) {
    pb::AgentSkill* added = proto.add_skills();
    added->set_skill(skill.skill);
    added->set_level(skill.level);
  }
  for (const std::string& language : agent.languages) proto.add_languages(language);
  proto.set_capacity(agent.capacity);
  proto.set_etag(agent.etag);
  proto.set_presence(static_cast<pb::Presence>(agent.presence));
  proto.set_presence_reason(agent.presence_reason);
  *proto.mutable_presence_time() = ToProtoTime(agent.presence_time);
  proto.set_connected(agent.connected);
  proto.set_session_id(agent.session_id);
  proto.set_node_id(agent.node_id);
  proto.set_revision(agent.revision);
  *proto.mutable_create_time() = ToProtoTime(agent.create_time);
  *proto.mutable_update_time() = ToProtoTime(agent.update_time);
  return proto;
}

Agent FromProto(const pb::Agent& proto) {
  Agent agent;
  agent.key = {proto.pool_id(), proto.agent_id()};
  agent.display_name = proto.display_name();
  for (const pb::AgentSkill& skill : proto.skills()) {
    agent.skills.push_back({skill.skill(), skill.level() == 0 ? 1 : skill.level()});
  }
  agent.languages.assign(proto.languages().begin(), proto.languages().end());
  agent.capacity = proto.capacity() == 0 ? 1 : proto.capacity();
  return agent;
}

std::string AnswerOf(const Agent& agent) { return ToProto(agent).SerializeAsString(); }

Agent AgentOfAnswer(const std::string& bytes) {
  pb::Agent proto;
  proto.ParseFromString(bytes);
  Agent agent = FromProto(proto);
  agent.etag = proto.etag();
  agent.presence = static_cast<Presence>(proto.presence());
  agent.presence_reason = proto.presence_reason();
  agent.presence_time = FromProtoTime(proto.presence_time());
  agent.connected = proto.connected();
  agent.session_id = proto.session_id();
  agent.node_id = proto.node_id();
  agent.revision = proto.revision();
  agent.create_time = FromProtoTime(proto.create_time());
  agent.update_time = FromProtoTime(proto.update_time());
  return agent;
}

google::rpc::Status ToRpcStatus(const absl::Status& status) {
  google::rpc::Status proto;
  const grpc::Status as_grpc = ToGrpc(status);
  if (!as_grpc.error_details().empty()) proto.ParseFromString(as_grpc.error_details());
  proto.set_code(as_grpc.error_code());
  proto.set_message(as_grpc.error_message());
  return proto;
}

absl::Status FromRpcStatus(const google::rpc::Status& status) {
  if (status.code() == 0) return absl::OkStatus();
  return FromGrpc(grpc::Status(static_cast<grpc::StatusCode>(status.code()), status.message(),
                               status.SerializeAsString()));
}

pb::WatchAgentsResponse ToChanges(const PoolChange& change) {
  pb::WatchAgentsResponse response;
  pb::WatchAgentsResponse::Changes& changes = *response.mutable_changes();
  changes.set_revision(change.to_revision);
  for (const Agent& agent : change.agents) *changes.add_agents() = ToProto(agent);
  for (const std::string& id : change.deleted_agent_ids) changes.add_deleted_agent_ids(id);
  return response;
}

std::vector<pb::WatchAgentsResponse> ToSnapshot(const PoolHistory& history) {
  std::vector<pb::WatchAgentsResponse> messages;
  for (size_t i = 0; i < history.agents.size(); ++i) {
    if (i % kAgentsPerMessage == 0) messages.emplace_back();
    *messages.back().mutable_chunk()->add_agents() = ToProto(history.agents[i]);
  }
  messages.emplace_back().mutable_snapshot_complete()->set_revision(history.revision);
  return messages;
}

std::vector<pb::WatchAgentsResponse> ToChanges(const PoolHistory& history) {
  std::vector<pb::WatchAgentsResponse> messages;
  auto agent = history.agents.begin();
  auto deleted = history.deleted.begin();
  while (agent != history.agents.end() || deleted != history.deleted.end()) {
    PoolChange change;
    // Whole revisions, in order, until there is enough of them.
    while (change.agents.size() + change.deleted_agent_ids.size() < kAgentsPerMessage) {
      int64_t next = INT64_MAX;
      if (agent != history.agents.end()) next = agent->revision;
      if (deleted != history.deleted.end()) next = std::min(next, deleted->revision);
      if (next == INT64_MAX) break;
      change.to_revision = next;
      for (; agent != history.agents.end() && agent->revision == next; ++agent) {
        change.agents.push_back(*agent);
      }
      for (; deleted != history.deleted.end() && deleted->revision == next; ++deleted) {
        change.deleted_agent_ids.push_back(deleted->agent_id);
      }
    }
    messages.push_back(ToChanges(change));
  }
  return messages;
}

pb::WatchAgentsResponse ToProgress(int64_t revision) {
  pb::WatchAgentsResponse response;
  response.mutable_progress()->set_revision(revision);
  return response;
}

absl::StatusOr<AgentFilter> FilterOf(const pb::ListAgentsRequest& request) {
  MUSTER_RETURN_IF_ERROR(ValidateId(request.pool_id(), "pool_id"));
  if (request.presences_size() > kMaxPresenceFilters) {
    return InvalidField("presences", absl::StrCat("must be at most ", kMaxPresenceFilters));
  }
  AgentFilter filter;
  filter.pool_id = request.pool_id();
  for (int i = 0; i < request.presences_size(); ++i) {
    MUSTER_RETURN_IF_ERROR(
        ValidatePresence(request.presences(i), absl::StrCat("presences[", i, "]")));
    filter.presences.push_back(static_cast<Presence>(request.presences(i)));
  }
  if (!request.skill().empty()) MUSTER_RETURN_IF_ERROR(ValidateId(request.skill(), "skill"));
  filter.skill = request.skill();
  MUSTER_ASSIGN_OR_RETURN(filter.page_size, PageSizeOf(request.page_size()));
  MUSTER_ASSIGN_OR_RETURN(filter.after_agent_id,
                          ReadPageToken(FilterText(request), request.page_token()));
  return filter;
}

pb::ListAgentsResponse ToProto(const pb::ListAgentsRequest& request, const AgentPage& page) {
  pb::ListAgentsResponse response;
  for (const Agent& agent : page.agents) *response.add_agents() = ToProto(agent);
  if (page.more) {
    response.set_next_page_token(
        MakePageToken(FilterText(request), page.agents.back().key.agent_id));
  }
  return response;
}

}  // namespace muster::availability
