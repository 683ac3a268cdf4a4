// muster agent create | get | list | update | delete | online | pause | drain | offline | explain
// | work
#include <memory>

#include "services/cli/commands.h"
#include "services/cli/flags.h"
#include "services/cli/output.h"

namespace muster::cli {
namespace {

using availability::v1::Agent;
using availability::v1::AvailabilityService;
using availability::v1::Presence;

std::string SkillsText(const Agent& agent) {
  std::string text;
  for (const auto& s : agent.skills()) {
    text += (text.empty() ? "" : " ") + s.skill() + ":" + std::to_string(s.level());
  }
  return text;
}

std::string LanguagesText(const Agent& agent) {
  std::string text;
  for (const auto& language : agent.languages()) text += (text.empty() ? "" : " ") + language;
  return text;
}

Columns<Agent> AgentColumns() {
  return {{"AGENT", [](const Agent& a) { return a.agent_id(); }},
          {"NAME", [](const Agent& a) { return a.display_name(); }},
          {"PRESENCE", [](const Agent& a) { return EnumText(a, "presence"); }},
          {"CONNECTED", [](const Agent& a) { return a.connected() ? "yes" : "no"; }},
          {"CAPACITY", [](const Agent& a) { return std::to_string(a.capacity()); }},
          {"SKILLS", SkillsText},
          {"LANGUAGES", LanguagesText},
          {"SINCE", [](const Agent& a) { return Text(a.presence_time()); }},
          {"REASON", [](const Agent& a) { return a.presence_reason(); }}};
}

absl::Status ShowAgent(Context& context, const absl::StatusOr<Agent>& agent) {
  if (agent.ok()) Show(context, *agent, AgentColumns());
  return agent.status();
}

absl::StatusOr<Agent> GetAgent(Context& context, const std::string& id) {
  auto pool = context.Pool();
  if (!pool.ok()) return pool.status();
  availability::v1::GetAgentRequest request;
  request.set_pool_id(*pool);
  request.set_agent_id(id);
  return context.Call(context.Availability(), &AvailabilityService::Stub::GetAgent, request);
}

// The flags of create and update: each that was given changes its field.
struct AgentFlags {
  std::string id, name;
  std::vector<std::string> skills, languages;
  int capacity = 0;

  void Add(CLI::App* verb) {
    verb->add_option("AGENT", id, "its id")->required();
    verb->add_option("--name", name, "what customers see");
    verb->add_option("--skill", skills, "what the agent can do; repeat for more")->check(IsSkill());
    verb->add_option("--language", languages, "such as sv; repeat for more");
    verb->add_option("--capacity", capacity, "units of work at one time")
        ->check(CLI::Range(1, 100));
  }
  void ApplyTo(Agent& agent) const {
    if (!name.empty()) agent.set_display_name(name);
    if (!skills.empty()) {
      agent.clear_skills();
      AddSkills(skills, [&] { return agent.add_skills(); });
    }
    if (!languages.empty()) agent.clear_languages();
    for (const std::string& language : languages) agent.add_languages(language);
    if (capacity > 0) agent.set_capacity(capacity);
  }
};

void AddCreateAndUpdate(CLI::App* noun, Context& context) {
  auto create = std::make_shared<AgentFlags>();
  CLI::App* verb = noun->add_subcommand("create", "Register an agent");
  create->Add(verb);
  verb->callback([=, &context] {
    context.Run([=, &context]() -> absl::Status {
      auto pool = context.Pool();
      if (!pool.ok()) return pool.status();
      availability::v1::CreateAgentRequest request;
      request.mutable_agent()->set_pool_id(*pool);
      request.mutable_agent()->set_agent_id(create->id);
      create->ApplyTo(*request.mutable_agent());
      return ShowAgent(context, context.Call(context.Availability(),
                                             &AvailabilityService::Stub::CreateAgent, request));
    });
  });

  auto update = std::make_shared<AgentFlags>();
  verb = noun->add_subcommand("update", "Change an agent: only what the flags name");
  update->Add(verb);
  verb->callback([=, &context] {
    context.Run([=, &context]() -> absl::Status {
      auto agent = GetAgent(context, update->id);
      if (!agent.ok()) return agent.status();
      availability::v1::UpdateAgentRequest request;
      *request.mutable_agent() = *agent;  // with its etag: a change in between is noticed
      update->ApplyTo(*request.mutable_agent());
      return ShowAgent(context, context.Call(context.Availability(),
                                             &AvailabilityService::Stub::UpdateAgent, request));
    });
  });
}

void AddReads(CLI::App* noun, Context& context) {
  auto id = std::make_shared<std::string>();
  CLI::App* verb = noun->add_subcommand("get", "Show one agent");
  verb->add_option("AGENT", *id, "its id")->required();
  verb->callback([=, &context] {
    context.RunWatchable([=, &context] { return ShowAgent(context, GetAgent(context, *id)); });
  });

  struct ListFlags {
    std::vector<std::string> presences;
    std::string skill;
    Limit limit;
  };
  auto list = std::make_shared<ListFlags>();
  verb = noun->add_subcommand("list", "Show the agents of the pool");
  verb->add_option("--presence", list->presences, "only this presence; repeat for more");
  verb->add_option("--skill", list->skill, "only agents with this skill");
  list->limit.Add(verb);
  verb->callback([=, &context] {
    context.RunWatchable([=, &context]() -> absl::Status {
      availability::v1::ListAgentsRequest request;
      auto pool = context.Pool();
      if (!pool.ok()) return pool.status();
      request.set_pool_id(*pool);
      request.set_skill(list->skill);
      for (const std::string& text : list->presences) {
        auto presence = ParseEnum(availability::v1::Presence_descriptor(), "PRESENCE_", text);
        if (!presence.ok()) return presence.status();
        request.add_presences(static_cast<Presence>(*presence));
      }
      auto agents = ListAll(context, context.Availability(), &AvailabilityService::Stub::ListAgents,
                            request, list->limit, [](auto& r) { return r.mutable_agents(); });
      if (agents.ok()) ShowList(context, *agents, agents->agents(), AgentColumns());
      return agents.status();
    });
  });
}

void AddDelete(CLI::App* noun, Context& context) {
  auto id = std::make_shared<std::string>();
  CLI::App* verb = noun->add_subcommand("delete", "Delete an agent who is offline");
  verb->add_option("AGENT", *id, "its id")->required();
  verb->callback([=, &context] {
    context.Run([=, &context]() -> absl::Status {
      auto pool = context.Pool();
      if (!pool.ok()) return pool.status();
      availability::v1::DeleteAgentRequest request;
      request.set_pool_id(*pool);
      request.set_agent_id(*id);
      return context.Call(context.Availability(), &AvailabilityService::Stub::DeleteAgent, request)
          .status();
    });
  });
}

void AddPresence(CLI::App* noun, Context& context, const std::string& name, Presence presence,
                 const std::string& help) {
  struct Flags {
    std::string id, reason;
  };
  auto flags = std::make_shared<Flags>();
  CLI::App* verb = noun->add_subcommand(name, help);
  verb->add_option("AGENT", flags->id, "its id")->required();
  verb->add_option("--reason", flags->reason, "kept with the presence");
  verb->callback([=, &context] {
    context.Run([=, &context]() -> absl::Status {
      auto pool = context.Pool();
      if (!pool.ok()) return pool.status();
      availability::v1::SetPresenceRequest request;
      request.set_pool_id(*pool);
      request.set_agent_id(flags->id);
      request.set_presence(presence);
      request.set_reason(flags->reason);
      auto answer =
          context.Call(context.Availability(), &AvailabilityService::Stub::SetPresence, request);
      if (!answer.ok()) return answer.status();
      return ShowAgent(context, answer->agent());
    });
  });
}

}  // namespace

void AddAgentCommands(CLI::App& app, Context& context) {
  CLI::App* noun = AddNoun(app, "agent", "Agents: the people who serve");
  AddCreateAndUpdate(noun, context);
  AddReads(noun, context);
  AddDelete(noun, context);
  AddPresence(noun, context, "online", availability::v1::PRESENCE_ONLINE,
              "Wants work (without a link: for as long as a lease)");
  AddPresence(noun, context, "pause", availability::v1::PRESENCE_PAUSED, "Wants none for now");
  AddPresence(noun, context, "drain", availability::v1::PRESENCE_DRAINING,
              "Finishes what it has, and wants no more");
  AddPresence(noun, context, "offline", availability::v1::PRESENCE_OFFLINE, "Leaves");
  AddExplainAgent(*noun, context);
  AddWorkCommand(*noun, context);
}

}  // namespace muster::cli
