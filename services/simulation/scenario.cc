#include "services/simulation/scenario.h"

#include <cmath>
#include <map>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "nlohmann/json.hpp"
#include "services/matcher/engine/limits.h"
#include "services/simulation/distribution_json.h"
#include "services/simulation/json_reader.h"
#include "services/simulation/rules_json.h"

namespace muster::simulation {
namespace {

constexpr double kMostPerHour = 1e9;
constexpr int kDayHours = 24;
constexpr std::uint64_t kMostPlaces = 1'000'000'000;
constexpr std::uint64_t kMostSeed = std::uint64_t{1} << 53;  // what JSON carries without loss
constexpr absl::Duration kLongest = absl::Hours(24 * 3660);
constexpr absl::Duration kShortest = absl::Seconds(1);

class Reader {
 public:
  Reader(const std::string& source, const FileReader& read_file) : read_file_(read_file) {
    scenario_.name = source;
  }

  absl::StatusOr<Scenario> Read(const nlohmann::json& document) {
    JsonObject root(document, "", &problems_);
    std::string text;
    if (root.Read("name", &text)) scenario_.name = text;
    root.Read("description", &text);
    ReadCourse(root);
    ReadQueues(root);
    if (root.Require("arrivals")) {
      root.ForEach("arrivals", [this](JsonObject& o) { ReadArrivals(o); });
    }
    if (root.Require("agents")) {
      root.ForEach("agents", [this](JsonObject& o) { ReadGroup(o); });
    }
    scenario_.busyness = ReadDistribution(root, "busyness", Quantity::kFactor, read_file_);
    root.Done();
    if (scenario_.plan.types.size() > kMostTypes) {
      problems_.Add("arrivals", absl::StrCat("more than ", kMostTypes));
    }
    if (!problems_.ok()) return problems_.ToStatus(scenario_.name);
    return std::move(scenario_);
  }

 private:
  void ReadCourse(JsonObject& root) {
    Plan& plan = scenario_.plan;
    absl::Duration horizon = absl::Hours(kDayHours);
    absl::Duration warm_up;
    if (root.Require("horizon")) root.Read("horizon", &horizon, kShortest, kLongest);
    root.Read("warm_up", &warm_up, absl::ZeroDuration(), kLongest);
    if (warm_up >= horizon) root.Wrong("warm_up", "not shorter than the horizon");
    scenario_.horizon = absl::ToInt64Nanoseconds(horizon);
    plan.measure_from = absl::ToInt64Nanoseconds(warm_up);
    plan.measure_until = scenario_.horizon;
    root.Read("replications", &scenario_.replications, std::uint64_t{1}, kMostReplications);
    root.Read("seed", &plan.seed, std::uint64_t{0}, kMostSeed);
    std::uint64_t places = 0;
    if (root.Read("most_waiting", &places, std::uint64_t{0}, kMostPlaces)) {
      plan.most_waiting = places;
    }
    if (root.Read("most_present", &places, std::uint64_t{1}, kMostPlaces)) {
      plan.most_present = places;
    }
  }

  void ReadQueues(JsonObject& root) {
    RuleSet rules;
    root.Require("queues");
    ReadRules(root, &rules);
    scenario_.plan.pool = rules.pool;
    scenario_.plan.queues = std::move(rules.queues);
    if (scenario_.plan.queues.size() > kMostQueues) {
      root.Wrong("queues", absl::StrCat("more than ", kMostQueues));
    }
    for (std::uint32_t q = 0; q < scenario_.plan.queues.size(); ++q) {
      queue_places_[scenario_.plan.queues[q].queue_id] = q;
    }
  }

  void ReadArrivals(JsonObject& o) {
    TicketType type;
    ArrivalPlan arrivals;
    std::string queue_id;
    if (o.Require("queue_id") && o.Read("queue_id", &queue_id)) {
      const auto found = queue_places_.find(queue_id);
      if (found == queue_places_.end()) {
        o.Wrong("queue_id", absl::StrCat("there is no queue \"", queue_id, "\""));
      } else {
        type.queue = found->second;
      }
    }
    o.Read("priority_ahead", &type.priority_ahead, absl::ZeroDuration(), absl::Hours(kDayHours));
    o.Read("language", &type.language);
    type.extra_skills = ReadSkills(o, "extra_skills");
    double per_hour = 0;
    if (o.Has("rates")) {
      if (o.Has("per_hour")) o.Wrong("per_hour", "stands beside rates: name one of the two");
      o.Skip("per_hour");
      o.ForEach("rates", [&](JsonObject& step) { ReadStep(step, &arrivals.steps); });
    } else if (o.Require("per_hour") && o.Read("per_hour", &per_hour, 0, kMostPerHour)) {
      arrivals.steps.push_back({0, per_hour / 3600});
    }
    if (arrivals.steps.empty()) arrivals.steps.push_back({});
    arrivals.busyness = ReadDistribution(o, "busyness", Quantity::kFactor, read_file_);
    o.Require("handle_time");
    if (auto handle = Time(o, "handle_time")) arrivals.handle = *handle;
    arrivals.patience = Time(o, "patience");
    arrivals.after_work = Time(o, "after_work");
    scenario_.plan.types.push_back(std::move(type));
    scenario_.arrivals.push_back(std::move(arrivals));
  }

  std::optional<Distribution> Time(JsonObject& o, const std::string& name) {
    return ReadDistribution(o, name, Quantity::kTime, read_file_);
  }

  void ReadStep(JsonObject& o, std::vector<RateStep>* steps) {
    RateStep step;
    double per_hour = 0;
    if (const auto from = Clock(o, "from", kDayHours)) step.from_s = *from;
    if (o.Require("per_hour")) o.Read("per_hour", &per_hour, 0, kMostPerHour);
    step.per_second = per_hour / 3600;
    if (!steps->empty() && step.from_s <= steps->back().from_s) {
      o.Wrong("from", "not later than the step before");
    }
    steps->push_back(step);
  }

  // "08:30" or "08:30:15", in seconds; whole, so that sums with them are exact.
  std::optional<double> Clock(JsonObject& o, const std::string& name, int most_hours) {
    std::string text;
    if (!o.Require(name) || !o.Read(name, &text)) return std::nullopt;
    std::vector<std::string> parts = absl::StrSplit(text, ':');
    if (parts.size() == 2) parts.push_back("00");
    int seconds = 0;
    bool good = parts.size() == 3;
    for (std::size_t i = 0; good && i < parts.size(); ++i) {
      int value = 0;
      good = parts[i].size() == 2 && absl::SimpleAtoi(parts[i], &value) && value >= 0 &&
             (i == 0 || value < 60);
      seconds = seconds * 60 + value;
    }
    if (!good || seconds > most_hours * 3600) {
      o.Wrong(name,
              absl::StrFormat("not a time such as \"08:30\", at most \"%02d:00\"", most_hours));
      return std::nullopt;
    }
    return seconds;
  }

  void ReadGroup(JsonObject& o) {
    Plan& plan = scenario_.plan;
    GroupPlan group;
    std::uint32_t size = 1;
    if (o.Require("group")) o.Read("group", &group.name);
    if (group_places_.count(group.name) > 0)
      o.Wrong("group", "names a group that is there already");
    const auto place = static_cast<std::uint32_t>(plan.groups.size());
    group_places_[group.name] = place;
    if (o.Require("size")) o.Read("size", &size, 0, static_cast<std::uint32_t>(kMostAgents));
    AgentPlan agent;
    agent.group = place;
    agent.spec.skills = ReadSkills(o, "skills");
    o.Read("languages", &agent.spec.languages);
    o.Read("capacity", &agent.spec.capacity, 1, engine::limits::kMaxCapacity);
    ReadShifts(o, &agent);
    o.Object("answers", [&](JsonObject& answers) { ReadAnswers(answers, &group.answers); });
    plan.groups.push_back(std::move(group));
    if (plan.agents.size() + size > kMostAgents) {
      return o.Wrong("size", absl::StrCat("makes more than ", kMostAgents, " agents in all"));
    }
    for (std::uint32_t i = 1; i <= size; ++i) {
      agent.spec.agent_id = absl::StrFormat("%s-%06d", plan.groups.back().name, i);
      plan.agents.push_back(agent);
    }
  }

  void ReadShifts(JsonObject& o, AgentPlan* agent) {
    if (!o.Has("shifts")) {
      agent->shifts = {{0, kNever}};
      return;
    }
    agent->daily = true;
    o.ForEach("shifts", [&](JsonObject& item) {
      const auto from = Clock(item, "from", kDayHours);
      const auto to = Clock(item, "to", 2 * kDayHours);
      if (!from || !to) return;
      const Shift shift{ToNanos(*from), ToNanos(*to)};
      if (shift.until <= shift.from) item.Wrong("to", "not after from (add 24 h past midnight)");
      if (!agent->shifts.empty() && shift.from <= agent->shifts.back().until) {
        item.Wrong("from", "not after the shift before");
      }
      agent->shifts.push_back(shift);
    });
    if (agent->shifts.empty()) return;
    if (agent->shifts.back().until >= agent->shifts.front().from + kDay) {
      o.Wrong("shifts", "run into those of the next day");
    }
  }

  void ReadAnswers(JsonObject& o, AnswerPlan* answers) {
    if (auto delay = Time(o, "delay")) answers->delay = *delay;
    o.Read("decline_rate", &answers->decline_rate, 0, 1);
    o.Read("ignore_rate", &answers->ignore_rate, 0, 1);
    if (answers->decline_rate + answers->ignore_rate > 1) {
      o.Wrong("ignore_rate", "makes more than 1 with decline_rate");
    }
    o.Read("back_after", &answers->back_after, absl::Seconds(1), absl::Hours(kDayHours));
  }

  const FileReader& read_file_;
  Problems problems_;
  Scenario scenario_;
  std::map<std::string, std::uint32_t> queue_places_;
  std::map<std::string, std::uint32_t> group_places_;
};

}  // namespace

absl::StatusOr<Scenario> ParseScenario(const std::string& source, const std::string& text,
                                       const FileReader& read_file) {
  absl::StatusOr<nlohmann::json> document = ParseJson(source, text);
  if (!document.ok()) return document.status();
  return Reader(source, read_file).Read(*document);
}

}  // namespace muster::simulation
