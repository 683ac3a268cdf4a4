#include "tests/faults/nemesis.h"

#include <unistd.h>
#include <csignal>

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/db/pqxx_compat.h"

namespace muster::faults {
namespace {

constexpr int kCutsInARow = 5;
constexpr absl::Duration kBetweenCuts = absl::Milliseconds(150);
constexpr absl::Duration kLeastDelay = absl::Milliseconds(20), kMostDelay = absl::Milliseconds(400);
constexpr absl::Duration kClockJump = absl::Hours(1);
constexpr int kLeastLost = 5, kMostLost = 50;  // per cent, when not all
constexpr absl::Duration kLongestStall = absl::Seconds(3);

}  // namespace

const std::vector<FaultInfo>& AllFaults() {
  static const auto* all = new std::vector<FaultInfo>{
      {"kill", "kill -9 of a node, and its start a while later"},
      {"pause", "SIGSTOP of a node past its leases, then SIGCONT"},
      {"drain", "SIGTERM: a clean stop within its time, and a start"},
      {"cut", "every connection of a link is reset, again and again"},
      {"refuse", "a link is cut and takes no connection for a while"},
      {"oneway", "what goes one way over a link is lost for a while"},
      {"delay", "everything on a link comes late for a while"},
      {"commit", "a node's connection is cut between a commit and its answer, again and again"},
      {"postgres", "PostgreSQL is restarted as if it had crashed (immediate mode)"},
      {"stall", "PostgreSQL stands still: its connections are open, and nothing answers"},
      {"clock", "a node's wall clock jumps by an hour, and back a while later"},
      {"disk", "PostgreSQL's disk is full for a while (needs root)"},
      {"packets", "some or all packets to and from a node or PostgreSQL are lost (needs root)"},
      {"backends", "pg_terminate_backend for every connection at work, again and again"},
  };
  return *all;
}

Nemesis::Nemesis(Cell& cell, NemesisOptions options)
    : cell_(cell), options_(std::move(options)), random_(options_.seed) {}

void Nemesis::Run() {
  while (Wait(random_.Between(options_.least_calm, options_.most_calm))) {
    const std::string& fault =
        options_
            .faults[static_cast<size_t>(random_.Below(static_cast<int>(options_.faults.size())))];
    Once(fault);
    ++done_[fault];
  }
}

void Nemesis::Stop() {
  std::lock_guard lock(mutex_);
  stopped_ = true;
  changed_.notify_all();
}

bool Nemesis::Wait(absl::Duration duration) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, absl::ToChronoMilliseconds(duration), [this] { return stopped_; });
  return !stopped_;
}

void Nemesis::Log(const std::string& line) {
  if (options_.log) options_.log(line);
}

std::string Nemesis::PickNode() {
  const std::vector<std::string> names = cell_.node_names();
  return names[static_cast<size_t>(random_.Below(static_cast<int>(names.size())))];
}

std::string Nemesis::PickLink(const std::string& ending) {
  std::vector<std::string> names = cell_.link_names();
  names.erase(std::remove_if(names.begin(), names.end(),
                             [&](const std::string& n) { return !absl::EndsWith(n, ending); }),
              names.end());
  return names[static_cast<size_t>(random_.Below(static_cast<int>(names.size())))];
}

void Nemesis::Once(const std::string& fault) {
  if (fault == "kill") return Kill();
  if (fault == "pause") return PauseNode();
  if (fault == "drain") return Drain();
  if (fault == "cut") return CutLinks();
  if (fault == "commit") return CutCommits();
  if (fault == "postgres") return RestartPostgres();
  if (fault == "stall") return PausePostgres();
  if (fault == "backends") return EndBackends();
  if (fault == "clock") return JumpClock();
  if (fault == "disk") return FillDisk();
  if (fault == "packets") return LosePackets();
  WithLink(fault);
}

void Nemesis::Kill() {
  const std::string name = PickNode();
  Log("kill " + name);
  cell_.node(name).Kill();
  WaitSome();
  cell_.node(name).Start();
  Log("started " + name);
}

void Nemesis::PauseNode() {
  const std::string name = PickNode();
  Log("pause " + name);
  cell_.node(name).Pause();
  Wait(2 * random_.Between(options_.shortest, options_.longest));
  cell_.node(name).Continue();
  Log("continued " + name);
}

void Nemesis::Drain() {
  const std::string name = PickNode();
  Log("drain " + name);
  const absl::Time begin = absl::Now();
  const bool spoken = cell_.node(name).spoken();
  const std::optional<int> code = cell_.node(name).Stop();
  // One that has only just been started may not have come to mind the signal.
  if (code != 0 && (spoken || code != 128 + SIGTERM)) {
    complaints_.push_back(absl::StrCat("drain: ", name, " ended with ", code.value_or(-1),
                                       " after ", absl::FormatDuration(absl::Now() - begin)));
    if (!code.has_value()) cell_.node(name).Kill();
  }
  cell_.node(name).Start();
  Log("started " + name);
}

void Nemesis::CutLinks() {
  const std::string name = PickLink();
  Log("cut " + name);
  for (int i = 0; i < kCutsInARow; ++i) {
    cell_.link(name).Cut();
    if (!Wait(kBetweenCuts)) return;
  }
}

void Nemesis::WithLink(const std::string& fault) {
  const std::string name = PickLink();
  TcpProxy& link = cell_.link(name);
  if (fault == "refuse") {
    link.Refuse();
  } else if (fault == "delay") {
    link.Delay(random_.Between(kLeastDelay, kMostDelay));
  } else {
    link.Drop(random_.Chance(0.5) ? TcpProxy::Way::kToServer : TcpProxy::Way::kToClient);
  }
  Log(absl::StrCat(fault, " ", name));
  WaitSome();
  link.Heal();
  Log("healed " + name);
}

void Nemesis::CutCommits() {
  const std::string name = PickLink("->postgres");
  Log("cut commits " + name);
  for (int i = 0; i < kCutsInARow; ++i) {
    cell_.link(name).CutAnswerTo("COMMIT");
    if (!Wait(kBetweenCuts)) break;
  }
  cell_.link(name).Heal();
}

void Nemesis::RestartPostgres() {
  Log("crash postgres");
  cell_.postgres().Stop("immediate");
  WaitSome();
  cell_.postgres().Start();
  Log("started postgres");
}

void Nemesis::PausePostgres() {
  Log("stall postgres");
  cell_.postgres().Pause();
  Wait(random_.Between(options_.shortest, kLongestStall));
  cell_.postgres().Resume();
  Log("continued postgres");
}

void Nemesis::JumpClock() {
  const std::string name = PickNode();
  const absl::Duration jump = random_.Chance(0.5) ? kClockJump : -kClockJump;
  Log(absl::StrCat("clock of ", name, " jumps by ", absl::FormatDuration(jump)));
  cell_.clock(name)->Set(jump);
  WaitSome();
  cell_.clock(name)->Set(absl::ZeroDuration());
  Log("clock set right of " + name);
}

void Nemesis::FillDisk() {
  Log("disk full");
  options_.disk->Fill();
  WaitSome();
  options_.disk->Free();
  cell_.postgres().Start();  // it may have died of it
  Log("disk free");
}

void Nemesis::LosePackets() {
  std::vector<std::string> names = cell_.node_names();
  names.push_back("postgres");
  const std::string name =
      names[static_cast<size_t>(random_.Below(static_cast<int>(names.size())))];
  const int port = name == "postgres" ? cell_.postgres().port() : cell_.node(name).port();
  const int percent =
      random_.Chance(0.5) ? 100 : kLeastLost + random_.Below(kMostLost - kLeastLost);
  Log(absl::StrCat("lose ", percent, " % of the packets of ", name));
  absl::Status status = options_.network->Lose(port, percent);
  WaitSome();
  status.Update(options_.network->Heal());
  if (!status.ok()) complaints_.push_back(absl::StrCat("packets: ", status.message()));
  Log("no more packets are lost");
}

void Nemesis::EndBackends() {
  Log("end backends");
  try {
    pqxx::connection connection(cell_.database_url());
    for (int i = 0; i < kCutsInARow; ++i) {
      pqxx::nontransaction(connection)
          .exec(
              "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = "
              "current_database() AND pid <> pg_backend_pid() AND state <> 'idle'");
      if (!Wait(kBetweenCuts)) return;
    }
  } catch (const std::exception& error) {
    Log(absl::StrCat("end backends: ", error.what()));
  }
}

}  // namespace muster::faults
