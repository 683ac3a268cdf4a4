#include "services/cli/replay/roster.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/ids.h"
#include "common/base/status_macros.h"

namespace muster::replay {
namespace {

template <typename Condition>
void Drop(Roster& roster, Condition condition) {
  roster.erase(std::remove_if(roster.begin(), roster.end(), condition), roster.end());
}

absl::StatusOr<std::set<std::string>> ParseSkills(const CsvTable& table, const CsvRow& row,
                                                  const CsvColumn& column) {
  std::set<std::string> skills = absl::StrSplit(table.Text(row, column), ';', absl::SkipEmpty());
  for (const std::string& skill : skills) {
    if (!IsValidId(skill)) {
      return table.Wrong(row, column, absl::StrCat("not the id of a queue: \"", skill, "\""));
    }
  }
  return skills;
}

}  // namespace

absl::StatusOr<Roster> ParseRoster(const CsvTable& table) {
  CsvColumn online, offline, agent, skills;
  const std::pair<const char*, CsvColumn*> wanted[] = {
      {"online_s", &online}, {"offline_s", &offline}, {"agent", &agent}, {"skills", &skills}};
  for (const auto& [name, column] : wanted) {
    MUSTER_ASSIGN_OR_RETURN(*column, table.Column(name));
  }
  Roster roster;
  std::map<std::string, std::set<std::string>> known;
  for (const CsvRow& row : table.rows) {
    MUSTER_ASSIGN_OR_RETURN(const double from, table.Number(row, online, 0, kMaxOffsetSeconds));
    MUSTER_ASSIGN_OR_RETURN(const double until,
                            table.Number(row, offline, from, kMaxOffsetSeconds));
    MUSTER_ASSIGN_OR_RETURN(std::set<std::string> has, ParseSkills(table, row, skills));
    const std::string& name = table.Text(row, agent);
    if (!IsValidId(name)) {
      return table.Wrong(row, agent, "not an agent's id (small letters, digits, . _ -)");
    }
    if (known.emplace(name, has).first->second != has) {
      return table.Wrong(row, skills, absl::StrCat("differ from an earlier line's for ", name));
    }
    roster.push_back({from, until, name, std::move(has)});
  }
  return roster;
}

void KeepDay(int day, Roster& roster) {
  const Window window = WindowOfDay(day);
  Drop(roster, [&](const Spell& spell) { return !window.Has(spell.online_s); });
}

void ClipTo(const Window& window, Roster& roster) {
  for (Spell& spell : roster) {
    spell.online_s = std::max(spell.online_s, window.from_s);
    spell.offline_s = std::min(spell.offline_s, window.until_s);
  }
  Drop(roster, [](const Spell& spell) { return spell.offline_s <= spell.online_s; });
}

double StaffedSeconds(const Roster& roster) {
  double staffed = 0;
  for (const Spell& spell : roster) staffed += spell.offline_s - spell.online_s;
  return staffed;
}

}  // namespace muster::replay
