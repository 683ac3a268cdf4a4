// The rules of pools and queues on the command line: flags that set them, lines that show them.
//
//   std::vector<std::function<void(Queue&)>> changes;
//   AddQueueRuleFlags(verb, &changes);              // then, once the line is parsed:
//   for (const auto& change : changes) change(queue);
#pragma once

#include <functional>
#include <vector>

#include "CLI/CLI.hpp"
#include "muster/intake/v1/pool.pb.h"
#include "services/cli/output.h"

namespace muster::cli {

template <class Message>
using FieldChanges = std::vector<std::function<void(Message&)>>;

// Each flag that was given changes its field. `changes` outlives the parsing.
void AddQueueRuleFlags(CLI::App* verb, FieldChanges<intake::v1::Queue>* changes);
void AddPoolRuleFlags(CLI::App* verb, FieldChanges<intake::v1::Pool>* changes);

Columns<intake::v1::Queue> QueueRuleColumns();
Columns<intake::v1::Pool> PoolRuleColumns();

// "cards:2 loans:1" of any repeated field with skill and level.
template <class Skills>
std::string SkillsText(const Skills& skills) {
  std::string text;
  for (const auto& skill : skills) {
    text += (text.empty() ? "" : " ") + skill.skill() + ":" + std::to_string(skill.level());
  }
  return text;
}

}  // namespace muster::cli
