#include "services/cli/simulate/simulate_command.h"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/status_macros.h"
#include "services/cli/flags.h"
#include "services/cli/output.h"
#include "services/cli/replay/csv.h"
#include "services/cli/simulate/render.h"
#include "services/cli/simulate/runner.h"
#include "services/cli/simulate/trace_plan.h"
#include "services/simulation/rules_json.h"
#include "services/simulation/study.h"

namespace muster::cli {
namespace {

using simulation::PlayFigures;
using simulation::RuleSet;
using simulation::Scenario;
using simulation::Study;

constexpr int kMaxDays = 3660;
constexpr int kMostThreads = 64;
constexpr int kMostReplications = static_cast<int>(simulation::kMostReplications);

struct Flags {
  std::string scenario, versus;
  std::string trace, roster, rules = "default", versus_rules;
  int day = -1;
  bool by_day = false;
  std::string priority_ahead = "90s";
  std::string within;
  int replications = 0;
  std::optional<std::uint64_t> seed;
  int threads = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  bool chart = false;

  std::optional<absl::Duration> Within() const {
    if (within.empty()) return std::nullopt;
    return ParseDuration(within);
  }
};

absl::Status AsMisuse(const absl::Status& status) {
  return status.ok() ? status : Misused(std::string(status.message()));
}

absl::StatusOr<Scenario> LoadScenario(const std::string& path, const Flags& flags) {
  MUSTER_ASSIGN_OR_RETURN(const std::string text, ReadAll(path));
  // Files that a scenario names lie beside it.
  const auto beside = [&](const std::string& name) {
    return ReadAll((std::filesystem::path(path).parent_path() / name).string());
  };
  absl::StatusOr<Scenario> scenario = simulation::ParseScenario(path, text, beside);
  if (!scenario.ok()) return AsMisuse(scenario.status());
  scenario->plan.within = flags.Within();
  if (flags.replications > 0) {
    scenario->replications = static_cast<std::uint64_t>(flags.replications);
  }
  if (flags.seed) scenario->plan.seed = *flags.seed;
  return scenario;
}

absl::StatusOr<Study> StudyScenario(const Scenario& scenario, const Flags& flags) {
  Study study = simulation::StudyOf(scenario.name, scenario.plan);
  MUSTER_ASSIGN_OR_RETURN(study.plays,
                          Runner(flags.threads)
                              .Run(scenario.replications, scenario.horizon,
                                   [&](std::uint64_t r, const simulation::Play::GoOn& go_on) {
                                     return simulation::PlayScenario(scenario, r, go_on);
                                   }));
  return study;
}

absl::StatusOr<RuleSet> LoadRules(const std::string& name) {
  if (absl::StatusOr<RuleSet> known = simulation::BuiltInRules(name); known.ok()) return known;
  MUSTER_ASSIGN_OR_RETURN(const std::string text, ReadAll(name));
  absl::StatusOr<RuleSet> rules = simulation::ParseRules(name, text);
  if (!rules.ok()) return AsMisuse(rules.status());
  return rules;
}

struct Recording {
  replay::Trace trace;
  replay::Roster roster;

  Recording Day(int day) const {
    Recording cut = *this;
    replay::KeepWithin(replay::WindowOfDay(day), cut.trace);
    replay::KeepDay(day, cut.roster);
    return cut;
  }
};

// What is played, one after another: the whole, one day, or each day by itself.
absl::StatusOr<std::vector<Recording>> LoadRecordings(const Flags& flags) {
  MUSTER_ASSIGN_OR_RETURN(const replay::CsvTable trace_table, replay::ReadCsvFile(flags.trace));
  MUSTER_ASSIGN_OR_RETURN(const replay::CsvTable roster_table, replay::ReadCsvFile(flags.roster));
  Recording all;
  MUSTER_ASSIGN_OR_RETURN(all.trace, replay::ParseTrace(trace_table));
  MUSTER_ASSIGN_OR_RETURN(all.roster, replay::ParseRoster(roster_table));
  std::vector<Recording> recordings;
  if (flags.day >= 0) {
    recordings.push_back(all.Day(flags.day));
  } else if (flags.by_day) {
    double last = 0;
    for (const replay::TraceTicket& ticket : all.trace) last = std::max(last, ticket.at_s);
    for (int day = 0; day <= static_cast<int>(last / replay::kSecondsOfDay); ++day) {
      recordings.push_back(all.Day(day));
      if (recordings.back().trace.empty() || recordings.back().roster.empty()) {
        recordings.pop_back();
      }
    }
  } else {
    recordings.push_back(std::move(all));
  }
  if (recordings.empty() || recordings.front().trace.empty()) {
    return Misused("no ticket of the trace comes within that time");
  }
  if (recordings.front().roster.empty()) {
    return Misused("no agent of the roster is there within that time");
  }
  return recordings;
}

// All plays have the queues and groups of the whole recording, so that they can be put together.
absl::StatusOr<Study> StudyRecordings(const std::vector<Recording>& recordings,
                                      const RuleSet& rules, const Flags& flags) {
  Recording all;
  for (const Recording& one : recordings) {
    all.trace.insert(all.trace.end(), one.trace.begin(), one.trace.end());
    all.roster.insert(all.roster.end(), one.roster.begin(), one.roster.end());
  }
  const absl::Duration ahead = ParseDuration(flags.priority_ahead);
  const simulation::Plan frame = replay::MakeTracePlan(all.trace, all.roster, rules, ahead).plan;
  Study study = simulation::StudyOf(
      absl::StrCat(flags.trace, flags.day < 0 ? "" : absl::StrCat(" day ", flags.day), ", rules ",
                   rules.name),
      frame);
  MUSTER_ASSIGN_OR_RETURN(
      study.plays,
      Runner(flags.threads)
          .Run(recordings.size(), 0, [&](std::uint64_t r, const simulation::Play::GoOn& go_on) {
            replay::TracePlan made = replay::MakeTracePlan(
                recordings[r].trace, recordings[r].roster, rules, ahead, &frame);
            made.plan.within = flags.Within();
            return simulation::PlayList(made.plan, made.customers, go_on);
          }));
  return study;
}

absl::Status ShowStudy(Context& context, const Study& study, const StudySettings& settings,
                       bool chart) {
  if (context.options().output == Output::kJson) {
    Print(RenderStudyJson(study, settings));
    return absl::OkStatus();
  }
  Print(RenderStudy(study, settings));
  if (chart) Print("\n" + RenderDay(study));
  return absl::OkStatus();
}

absl::Status ShowComparison(Context& context, const Study& first, const Study& second,
                            const StudySettings& settings) {
  const bool json = context.options().output == Output::kJson;
  Print(json ? RenderComparisonJson(first, second, settings)
             : RenderComparison(first, second, settings));
  return absl::OkStatus();
}

absl::Status SimulateScenario(Context& context, const Flags& flags) {
  MUSTER_ASSIGN_OR_RETURN(const Scenario scenario, LoadScenario(flags.scenario, flags));
  StudySettings settings{.within = flags.Within(), .seed = scenario.plan.seed};
  std::optional<Scenario> versus;
  if (!flags.versus.empty()) {
    MUSTER_ASSIGN_OR_RETURN(versus, LoadScenario(flags.versus, flags));
    if (versus->replications != scenario.replications || versus->plan.seed != scenario.plan.seed) {
      return Misused(
          "the scenarios must have the same seed and replications (or name --seed and "
          "--replications)");
    }
  }
  const absl::Time start = absl::Now();
  MUSTER_ASSIGN_OR_RETURN(const Study study, StudyScenario(scenario, flags));
  settings.elapsed = absl::Now() - start;
  if (!versus) return ShowStudy(context, study, settings, flags.chart);
  MUSTER_ASSIGN_OR_RETURN(const Study other, StudyScenario(*versus, flags));
  return ShowComparison(context, study, other, settings);
}

absl::Status SimulateTrace(Context& context, Flags flags) {
  if (!flags.versus_rules.empty() && flags.day < 0) flags.by_day = true;
  MUSTER_ASSIGN_OR_RETURN(const RuleSet rules, LoadRules(flags.rules));
  MUSTER_ASSIGN_OR_RETURN(const std::vector<Recording> recordings, LoadRecordings(flags));
  StudySettings settings{.within = flags.Within(), .trace = true};
  const absl::Time start = absl::Now();
  MUSTER_ASSIGN_OR_RETURN(const Study study, StudyRecordings(recordings, rules, flags));
  settings.elapsed = absl::Now() - start;
  if (flags.versus_rules.empty()) return ShowStudy(context, study, settings, flags.chart);
  MUSTER_ASSIGN_OR_RETURN(const RuleSet others, LoadRules(flags.versus_rules));
  MUSTER_ASSIGN_OR_RETURN(const Study other, StudyRecordings(recordings, others, flags));
  return ShowComparison(context, study, other, settings);
}

absl::Status Simulate(Context& context, const Flags& flags) {
  if (context.options().output == Output::kId) return Misused("-o id says nothing here");
  if (!flags.scenario.empty()) {
    if (!flags.trace.empty()) return Misused("name either --scenario or --trace");
    return SimulateScenario(context, flags);
  }
  if (flags.trace.empty()) return Misused("name --scenario FILE, or --trace and --roster");
  return SimulateTrace(context, flags);
}

void AddTraceFlags(CLI::App* verb, Flags& flags) {
  auto* trace = verb->add_option("--trace", flags.trace, "when which customers come (CSV)")
                    ->check(CLI::ExistingFile);
  auto* roster = verb->add_option("--roster", flags.roster, "when which agents are there (CSV)")
                     ->check(CLI::ExistingFile);
  trace->needs(roster);
  roster->needs(trace);
  verb->add_option("--day", flags.day, "one day only, counted from 0")
      ->check(CLI::Range(0, kMaxDays))
      ->needs(trace);
  verb->add_flag("--by-day", flags.by_day, "each day a play of its own: means and intervals")
      ->needs(trace);
  verb->add_option("--priority-ahead", flags.priority_ahead,
                   "what one step of the trace's priority is worth")
      ->check(IsDuration())
      ->capture_default_str();
  verb->add_option("--rules", flags.rules,
                   "rules of pool and queues: default, first-come, or a file as `muster pool "
                   "apply` takes it")
      ->capture_default_str()
      ->needs(trace);
  verb->add_option("--versus-rules", flags.versus_rules,
                   "play the same with these rules too, and say what differs")
      ->needs(trace);
}

}  // namespace

void AddSimulateCommand(CLI::App& app, Context& context) {
  auto flags = std::make_shared<Flags>();
  CLI::App* verb = app.add_subcommand(
      "simulate", "the engine in virtual time: what if; needs no services (docs/simulate.md)");
  auto* scenario =
      verb->add_option("--scenario", flags->scenario, "a scenario (JSON); - for standard input");
  verb->add_option("--versus", flags->versus,
                   "another scenario on the same random numbers: say what differs")
      ->needs(scenario);
  verb->add_option("--replications", flags->replications, "instead of the scenario's")
      ->check(CLI::Range(1, kMostReplications))
      ->needs(scenario);
  verb->add_option("--seed", flags->seed, "instead of the scenario's")->needs(scenario);
  AddTraceFlags(verb, *flags);
  verb->add_option("--within", flags->within,
                   "what counts as in time; without it each queue's target wait")
      ->check(IsDuration());
  verb->add_option("--threads", flags->threads, "plays at once")
      ->check(CLI::Range(1, kMostThreads))
      ->capture_default_str();
  verb->add_flag("--chart", flags->chart, "the wait through the day as bars too");
  verb->callback(
      [&context, flags] { context.Run([&context, flags] { return Simulate(context, *flags); }); });
}

}  // namespace muster::cli
