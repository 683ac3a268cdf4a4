#include "services/availability/storage/rows.h"

#include <cstddef>
#include <cstdint>

#include "common/db/values.h"

namespace muster::availability {
namespace {

constexpr char kWriteAgents[] = "availability_write_agents";

constexpr char kWrite[] = R"(
INSERT INTO availability.agent AS a (
  pool_id, agent_id, display_name, skills, skill_levels, languages, capacity, etag, presence,
  presence_reason, presence_time, connected, session_id, node_id, session_has_link, revision,
  create_time, update_time)
SELECT n.pool_id, n.agent_id, n.display_name, n.skills::text[], n.skill_levels::int[],
       n.languages::text[], n.capacity, n.etag, n.presence, n.presence_reason, n.presence_time,
       n.connected, n.session_id, n.node_id, n.session_has_link, n.revision, n.create_time,
       n.update_time
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::int[],
            $8::text[], $9::smallint[], $10::text[], $11::timestamptz[], $12::boolean[],
            $13::text[], $14::text[], $15::boolean[], $16::bigint[], $17::timestamptz[],
            $18::timestamptz[])
  AS n (pool_id, agent_id, display_name, skills, skill_levels, languages, capacity, etag,
        presence, presence_reason, presence_time, connected, session_id, node_id,
        session_has_link, revision, create_time, update_time)
ON CONFLICT (pool_id, agent_id) DO UPDATE SET
  display_name = excluded.display_name, skills = excluded.skills,
  skill_levels = excluded.skill_levels, languages = excluded.languages,
  capacity = excluded.capacity, etag = excluded.etag, presence = excluded.presence,
  presence_reason = excluded.presence_reason, presence_time = excluded.presence_time,
  connected = excluded.connected, session_id = excluded.session_id, node_id = excluded.node_id,
  session_has_link = excluded.session_has_link, revision = excluded.revision,
  create_time = excluded.create_time, update_time = excluded.update_time)";

}  // namespace

Agent AgentOf(const pqxx::row& row) {
  Agent agent;
  agent.key = {TextOf(row[0]), TextOf(row[1])};
  agent.display_name = TextOf(row[2]);
  const std::vector<std::string> skills = TextArrayOf(row[3]);
  const std::vector<std::string> levels = TextArrayOf(row[4]);
  for (size_t i = 0; i < skills.size(); ++i) {
    agent.skills.push_back({skills[i], std::stoi(levels.at(i))});
  }
  agent.languages = TextArrayOf(row[5]);
  agent.capacity = row[6].as<int>();
  agent.etag = TextOf(row[7]);
  agent.presence = static_cast<Presence>(row[8].as<int>());
  agent.presence_reason = TextOf(row[9]);
  agent.presence_time = TimeOf(row[10]);
  agent.connected = row[11].as<bool>();
  agent.session_id = TextOf(row[12]);
  agent.node_id = TextOf(row[13]);
  agent.session_has_link = row[14].as<bool>();
  agent.revision = row[15].as<int64_t>();
  agent.create_time = TimeOf(row[16]);
  agent.update_time = TimeOf(row[17]);
  return agent;
}

std::vector<Agent> AgentsOf(const pqxx::result& rows) {
  std::vector<Agent> agents;
  agents.reserve(rows.size());
  for (const pqxx::row& row : rows) agents.push_back(AgentOf(row));
  return agents;
}

void PrepareWriteAgents(pqxx::connection& connection) {
  PrepareNow(connection, kWriteAgents, kWrite);
}

void WriteAgents(Script& script, absl::Span<const Agent* const> agents) {
  if (agents.empty()) return;
  PgArray pools, ids, names, skills, levels, languages, capacities, etags, presences, reasons,
      presence_times, connected, sessions, nodes, links, revisions, create_times, update_times;
  for (const Agent* agent : agents) {
    PgArray own_skills, own_levels;
    for (const AgentSkill& skill : agent->skills) {
      own_skills.Text(skill.skill);
      own_levels.Int(skill.level);
    }
    pools.Text(agent->key.pool_id);
    ids.Text(agent->key.agent_id);
    names.Text(agent->display_name);
    skills.Text(own_skills.str());  // an array has no rows of different length, a text has
    levels.Text(own_levels.str());
    languages.Text(TextArray(agent->languages));
    capacities.Int(agent->capacity);
    etags.Text(agent->etag);
    presences.Int(static_cast<int>(agent->presence));
    reasons.Text(agent->presence_reason);
    presence_times.Time(agent->presence_time);
    connected.Bool(agent->connected);
    sessions.Text(agent->session_id);
    nodes.Text(agent->node_id);
    links.Bool(agent->session_has_link);
    revisions.Int(agent->revision);
    create_times.Time(agent->create_time);
    update_times.Time(agent->update_time);
  }
  script.Add(kWriteAgents,
             {pools.str(), ids.str(), names.str(), skills.str(), levels.str(), languages.str(),
              capacities.str(), etags.str(), presences.str(), reasons.str(), presence_times.str(),
              connected.str(), sessions.str(), nodes.str(), links.str(), revisions.str(),
              create_times.str(), update_times.str()});
}

}  // namespace muster::availability
