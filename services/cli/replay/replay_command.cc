#include "services/cli/replay/replay_command.h"

#include <unistd.h>

#include <iostream>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "common/base/errors.h"
#include "common/base/ids.h"
#include "common/base/status_macros.h"
#include "services/cli/flags.h"
#include "services/cli/output.h"
#include "services/cli/replay/demo_day.h"
#include "services/cli/replay/player.h"
#include "services/cli/replay/stage.h"
#include "services/cli/terminal.h"

namespace muster::cli {
namespace {

using replay::Play;
using replay::Progress;
using replay::Report;

constexpr double kDefaultReplaySpeed = 60;
constexpr int kMaxDays = 3660;
// The record may trail what was told by as long as the services need to tell one another.
constexpr absl::Duration kSettleWithin = absl::Seconds(15);
constexpr absl::Duration kBetweenReads = absl::Milliseconds(200);
constexpr absl::Duration kLineEvery = absl::Seconds(10);

struct ReplayFlags {
  std::string trace;
  std::string roster;
  int day = -1;
  std::string from;
  std::string until;
  double speed = kDefaultReplaySpeed;
  std::string priority_ahead = "90s";
  std::string min_patience = "6ms";
  int links = 1;
  bool keep_pool = false;
  uint64_t seed = 1;
};

// One line that is written over on a terminal, and now and then a line elsewhere.
class ProgressLine {
 public:
  void Show(const Progress& p) {
    const bool terminal = isatty(STDERR_FILENO) != 0;
    if (!terminal && absl::Now() < next_) return;
    next_ = absl::Now() + kLineEvery;
    const std::string line =
        absl::StrFormat("%s  %d tickets, %d waiting; %d agents on, %d at work",
                        replay::FormatClock(p.at_s), p.tickets, p.waiting, p.on_duty, p.at_work);
    std::cerr << (terminal ? "\r\033[K" : "") << line << (terminal ? "" : "\n") << std::flush;
    open_ = terminal;
  }
  void End() {
    if (open_) std::cerr << "\n";
    open_ = false;
  }

 private:
  absl::Time next_ = absl::InfinitePast();
  bool open_ = false;
};

absl::Status PlayOnStage(Context& context, const Play& play, const ReplayFlags& flags,
                         replay::Stage& stage, Report& report) {
  ProgressLine line;
  replay::Player player(play,
                        {.pool = stage.pool(),
                         .intake = context.options().intake,
                         .availability = context.options().availability,
                         .links = flags.links,
                         .min_patience = ParseDuration(flags.min_patience)},
                        [&](const Progress& progress) { line.Show(progress); });
  const absl::Status played = player.Run(Interrupted);
  line.End();
  for (const std::string& trouble : player.troubles().first()) std::cerr << trouble << "\n";
  if (const int64_t count = player.troubles().count(); count > 0) {
    std::cerr << count << " unexpected answers\n";
  }
  if (absl::IsCancelled(played) || absl::IsUnavailable(played)) return played;
  replay::History history = player.Told();
  const absl::Time give_up = absl::Now() + kSettleWithin;
  while (true) {
    MUSTER_RETURN_IF_ERROR(stage.Read(history));
    report = replay::MakeReport(history, play, player.OfferLatencies());
    if (report.Sound() || absl::Now() >= give_up || Interrupted()) break;
    WaitForInterrupt(kBetweenReads);
  }
  return played;
}

absl::Status PlayDay(Context& context, const Play& play, const ReplayFlags& flags,
                     const std::string& prefix) {
  const std::string& pool = context.options().pool;
  replay::Stage stage(context, pool.empty() ? NewId(prefix) : pool);
  absl::Status status = stage.Set(play.trace, play.roster);
  if (absl::IsAlreadyExists(status)) return status;
  Report report;
  const bool set = status.ok();
  if (set) status = PlayOnStage(context, play, flags, stage, report);
  if (flags.keep_pool) {
    std::cerr << "pool " << stage.pool() << " is kept\n";
  } else if (const absl::Status cleared = stage.Clear(); !cleared.ok() && status.ok()) {
    std::cerr << "pool " << stage.pool() << " could not be cleared: " << Describe(cleared) << "\n";
  }
  if (!set || absl::IsCancelled(status) || absl::IsUnavailable(status)) return status;
  const bool json = context.options().output == Output::kJson;
  Print(json ? replay::RenderJson(report) : replay::RenderTable(report));
  std::cerr << replay::RenderFindings(report);
  MUSTER_RETURN_IF_ERROR(status);
  if (report.Sound()) return absl::OkStatus();
  return FailedPrecondition("REPLAY_UNSOUND",
                            "the records and what customers and agents were told do not agree");
}

absl::StatusOr<replay::Window> WindowOf(const ReplayFlags& flags) {
  replay::Window window = flags.day < 0 ? replay::Window() : replay::WindowOfDay(flags.day);
  const double midnight = window.from_s;
  if (!flags.from.empty()) {
    MUSTER_ASSIGN_OR_RETURN(const double from, replay::ParseClock(flags.from));
    window.from_s = midnight + from;
  }
  if (!flags.until.empty()) {
    MUSTER_ASSIGN_OR_RETURN(const double until, replay::ParseClock(flags.until));
    window.until_s = midnight + until;
  }
  return window;
}

absl::Status RunReplay(Context& context, const ReplayFlags& flags) {
  MUSTER_ASSIGN_OR_RETURN(const replay::CsvTable trace_table, replay::ReadCsvFile(flags.trace));
  MUSTER_ASSIGN_OR_RETURN(replay::Trace trace, replay::ParseTrace(trace_table));
  MUSTER_ASSIGN_OR_RETURN(const replay::CsvTable roster_table, replay::ReadCsvFile(flags.roster));
  MUSTER_ASSIGN_OR_RETURN(replay::Roster roster, replay::ParseRoster(roster_table));
  const absl::StatusOr<replay::Window> window = WindowOf(flags);
  if (!window.ok()) return Misused(std::string(window.status().message()));
  replay::KeepWithin(*window, trace);
  if (!flags.from.empty() || !flags.until.empty()) {
    replay::ClipTo(*window, roster);
  } else if (flags.day >= 0) {
    replay::KeepDay(flags.day, roster);
  }
  if (trace.empty()) return Misused("no ticket of the trace comes within that time");
  if (roster.empty()) return Misused("no agent of the roster is there within that time");
  const double start_s = replay::MakeSchedule(trace, roster).front().at_s;
  const double bonus_s = absl::ToDoubleSeconds(ParseDuration(flags.priority_ahead));
  return PlayDay(context, {trace, roster, replay::Pace(start_s, flags.speed), bonus_s, true}, flags,
                 "replay");
}

absl::Status RunDemo(Context& context, const ReplayFlags& flags) {
  const replay::DemoDay day = replay::MakeDemoDay(flags.seed);
  const double start_s = replay::MakeSchedule(day.trace, day.roster).front().at_s;
  const double bonus_s = absl::ToDoubleSeconds(ParseDuration(flags.priority_ahead));
  const Play play = {day.trace, day.roster, replay::Pace(start_s, flags.speed), bonus_s, false};
  const double lasts = play.pace.Real(day.trace.back().at_s - start_s) / absl::Seconds(1);
  std::cerr << "A help desk's day, 10:00 to 16:00, in about " << static_cast<int>(lasts)
            << " s: " << day.trace.size() << " customers, " << day.roster.size()
            << " agents who each come for an hour or so.\n";
  return PlayDay(context, play, flags, "demo");
}

void AddCommonFlags(CLI::App* verb, ReplayFlags& flags) {
  verb->add_option("--speed", flags.speed, "so many times faster than the clock")
      ->check(CLI::Range(replay::kMinSpeed, replay::kMaxSpeed))
      ->capture_default_str();
  verb->add_option("--priority-ahead", flags.priority_ahead,
                   "what one step of priority is worth, in the trace's time")
      ->check(IsDuration())
      ->capture_default_str();
  verb->add_option("--min-patience", flags.min_patience,
                   "least patience of a customer, in real time: no speed shortens what the "
                   "services themselves need")
      ->check(IsDuration())
      ->capture_default_str();
  verb->add_option("--links", flags.links, "streams that carry the agents")
      ->check(CLI::Range(1, replay::kMaxLinks))
      ->capture_default_str();
  verb->add_flag("--keep-pool", flags.keep_pool, "leave the pool and its records there");
}

}  // namespace

void AddReplayCommands(CLI::App& app, Context& context) {
  auto flags = std::make_shared<ReplayFlags>();
  CLI::App* verb = app.add_subcommand(
      "replay", "play recorded customers and agents against the services, in a pool of their own");
  verb->add_option("--trace", flags->trace, "when which customers come (CSV)")
      ->required()
      ->check(CLI::ExistingFile);
  verb->add_option("--roster", flags->roster, "when which agents are there (CSV)")
      ->required()
      ->check(CLI::ExistingFile);
  verb->add_option("--day", flags->day, "one day only, counted from 0")
      ->check(CLI::Range(0, kMaxDays));
  verb->add_option("--from", flags->from, "from this time of the day, such as 09:30");
  verb->add_option("--until", flags->until, "up to this time of the day");
  AddCommonFlags(verb, *flags);
  verb->callback(
      [&context, flags] { context.Run([&context, flags] { return RunReplay(context, *flags); }); });

  auto demo_flags = std::make_shared<ReplayFlags>();
  demo_flags->speed = replay::kDemoSpeed;
  CLI::App* demo = app.add_subcommand("demo", "play a made-up day: no files needed");
  demo->add_option("--seed", demo_flags->seed, "another seed, another day")->capture_default_str();
  AddCommonFlags(demo, *demo_flags);
  demo->callback([&context, demo_flags] {
    context.Run([&context, demo_flags] { return RunDemo(context, *demo_flags); });
  });
}

}  // namespace muster::cli
