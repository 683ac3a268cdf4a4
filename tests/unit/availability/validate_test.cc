// What the contract refuses, field by field.
#include "services/availability/domain/validate.h"

#include <functional>

#include "common/base/errors.h"
#include "tests/support/catch.h"

namespace muster::availability {
namespace {

Agent Good() {
  Agent agent;
  agent.key = {"pool-1", "anna"};
  agent.display_name = "Anna Ångström";
  agent.skills = {{"chat", 3}, {"voice", 5}};
  agent.languages = {"sv", "pt-br"};
  agent.capacity = 2;
  return agent;
}

struct AgentCase {
  const char* field;  // at fault; empty: none
  std::function<void(Agent&)> change;
};

TEST_CASE("an agent is as the contract says, or the first fault is named") {
  const std::string long_id(65, 'a');
  const AgentCase cases[] = {
      {"", [](Agent&) {}},
      {"",
       [](Agent& a) {
         a.display_name.clear();
         a.skills.clear();
         a.languages.clear();
       }},
      {"", [](Agent& a) { a.key.agent_id = std::string(64, 'a'); }},
      {"", [](Agent& a) { a.display_name = std::string(128, 'x'); }},
      {"", [](Agent& a) { a.capacity = 100; }},
      {"agent.pool_id", [](Agent& a) { a.key.pool_id = ""; }},
      {"agent.pool_id", [](Agent& a) { a.key.pool_id = "Pool"; }},
      {"agent.agent_id", [&](Agent& a) { a.key.agent_id = long_id; }},
      {"agent.agent_id", [](Agent& a) { a.key.agent_id = "-anna"; }},
      {"agent.agent_id", [](Agent& a) { a.key.agent_id = "anna "; }},
      {"agent.display_name", [](Agent& a) { a.display_name = std::string(129, 'x'); }},
      {"agent.display_name", [](Agent& a) { a.display_name = "a\nb"; }},
      {"agent.display_name", [](Agent& a) { a.display_name = std::string("a\0b", 3); }},
      {"agent.skills",
       [](Agent& a) {
         a.skills.assign(65, {"s", 1});
       }},
      {"agent.skills[1].skill", [](Agent& a) { a.skills[1].skill = "chat"; }},
      {"agent.skills[0].skill", [](Agent& a) { a.skills[0].skill = "Not an id"; }},
      {"agent.skills[1].level", [](Agent& a) { a.skills[1].level = 6; }},
      {"agent.skills[1].level", [](Agent& a) { a.skills[1].level = -1; }},
      {"agent.languages", [](Agent& a) { a.languages.assign(17, "sv"); }},
      {"agent.languages[1]", [](Agent& a) { a.languages[1] = ""; }},
      {"agent.languages[1]", [](Agent& a) { a.languages[1] = "p t"; }},
      {"agent.languages[0]", [](Agent& a) { a.languages[0] = std::string(36, 'a'); }},
      {"agent.capacity", [](Agent& a) { a.capacity = 0; }},
      {"agent.capacity", [](Agent& a) { a.capacity = 101; }},
      {"agent.capacity", [](Agent& a) { a.capacity = -1; }},
  };
  for (const AgentCase& c : cases) {
    Agent agent = Good();
    c.change(agent);
    const absl::Status status = Validate(agent, "agent");
    INFO(c.field << ": " << status);
    CHECK(status.ok() == std::string(c.field).empty());
    CHECK(ErrorField(status) == c.field);
  }
}

TEST_CASE("a name is measured in characters, not in bytes") {
  Agent agent = Good();
  agent.display_name.clear();
  for (int i = 0; i < 128; ++i) agent.display_name += "å";
  CHECK(Validate(agent, "agent").ok());
  agent.display_name += "å";
  CHECK_FALSE(Validate(agent, "agent").ok());
}

TEST_CASE("presences are those that this version knows") {
  for (int good : {1, 2, 3, 4}) CHECK(ValidatePresence(good, "presence").ok());
  for (int bad : {-1, 0, 5, 99}) CHECK(ErrorField(ValidatePresence(bad, "presence")) == "presence");
  CHECK(ValidatePresence(0, "presence", true).ok());
  CHECK_FALSE(ValidatePresence(5, "presence", true).ok());
}

TEST_CASE("ids of offers and requests, and texts") {
  CHECK(ValidateOfferId("pool-1/1099511627776/42", "x").ok());
  CHECK(ValidateOfferId(std::string(128, 'a'), "x").ok());
  for (const std::string& bad : {std::string(), std::string(129, 'a'), std::string("a b"),
                                 std::string("a\n"), std::string("\xC3\xA5")}) {
    CHECK(ErrorField(ValidateOfferId(bad, "x")) == "x");
  }
  CHECK(ValidateRequestId("").ok());
  CHECK(ValidateRequestId(std::string(128, '~')).ok());
  CHECK_FALSE(ValidateRequestId(std::string(129, '~')).ok());
  CHECK_FALSE(ValidateRequestId("a\tb").ok());
  CHECK(ValidateBytes(std::string(256, 'x'), 256, "reason").ok());
  CHECK_FALSE(ValidateBytes(std::string(257, 'x'), 256, "reason").ok());
  CHECK_FALSE(ValidateBytes(std::string("a\0b", 3), 256, "reason").ok());
  CHECK_FALSE(ValidateCharacters("", 1, 64, "disposition").ok());
}

}  // namespace
}  // namespace muster::availability
