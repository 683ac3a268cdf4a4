#include "tests/faults/run.h"

#include <filesystem>
#include <iostream>
#include <map>
#include <stdexcept>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "tests/faults/setup.h"

namespace muster::faults {
namespace {

constexpr absl::Duration kLook = absl::Milliseconds(250);
constexpr absl::Duration kGoodbyeLimit = absl::Seconds(20);
constexpr size_t kShownViolations = 10;

}  // namespace

Run::Run(RunOptions options)
    : options_(std::move(options)),
      history_([this](const Entry& entry) { Note(ToJson(entry)); }),
      random_(static_cast<uint64_t>(options_.seed)),
      world_{.loop = loop_, .history = history_, .random = random_} {
  std::filesystem::create_directories(options_.folder);
  file_.open(options_.folder + "/history.jsonl");
  if (!file_) throw std::runtime_error("cannot write to " + options_.folder);
}

Run::~Run() = default;

void Run::Note(const std::string& line) {
  std::lock_guard lock(mutex_);
  file_ << line << "\n";
}

template <class Predicate>
bool Run::RunUntil(absl::Duration limit, const Predicate& over) {
  loop_.RunUntil([] { return true; });  // its timers learn what time it is
  bool late = false;
  auto alive = std::make_shared<bool>(true);
  loop_.timers().After(limit, [&late, alive] {
    if (*alive) late = true;
  });
  loop_.RunUntil([&] { return late || over(); });
  *alive = false;
  return !late;
}

void Run::SetUp() {
  cell_ = std::make_unique<Cell>(options_.cell);
  const std::vector<std::string> pool_ids = MakePools(*cell_, options_.pools);
  for (const std::string& pool_id : pool_ids) {
    for (const std::string& agent_id : MakeAgents(*cell_, pool_id, options_.agents_each)) {
      agents_.push_back(
          std::make_unique<AgentClient>(world_, cell_->AvailabilityAddresses(), pool_id, agent_id));
      agents_.back()->Start();
    }
  }
  customers_ = std::make_unique<Customers>(
      world_, cell_->IntakeAddresses(),
      CustomerOptions{
          .pool_ids = pool_ids, .queue_ids = QueueIds(), .per_second = options_.per_second});
}

int Run::Execute() {
  std::cout << "chaos: seed " << options_.seed << ", " << options_.minutes << " min, faults "
            << absl::StrJoin(options_.faults, ",") << ", history in " << options_.folder
            << std::endl;
  SetUp();
  Trouble();
  const bool calm = Calm();
  if (calm) LastWord();
  world_.over = true;
  for (auto& agent : agents_) agent->Close();
  RunUntil(kGoodbyeLimit, [this] {
    for (const auto& agent : agents_) {
      if (!agent->closed()) return false;
    }
    return true;
  });
  std::vector<Violation> violations;
  for (const std::string& complaint : nemesis_->complaints()) {
    violations.push_back({"drain", complaint});
  }
  for (Violation& v : Check(history_.entries(), ReadRecords(cell_->database_url()),
                            {.clocks_jumped = nemesis_->done().count("clock") > 0})) {
    violations.push_back(std::move(v));
  }
  if (!calm) {
    violations.push_back(
        {"not_whole", absl::StrCat("not well and done ", absl::FormatDuration(options_.whole_again),
                                   " after the last fault")});
    for (const auto& agent : agents_) {
      if (!agent->idle()) Note("{\"agent\":" + JsonText(agent->DebugString()) + "}");
    }
  }
  KeepLogs();
  Summarize();
  return Verdict(violations);
}

void Run::Trouble() {
  customers_->Start();
  NemesisOptions options;
  options.seed = random_.Seed();
  options.faults = options_.faults;
  options.disk = options_.disk;
  options.network = options_.network;
  options.log = [this, begin = absl::Now()](const std::string& line) {
    Note(absl::StrCat("{\"fault\":", JsonText(line), ",\"at_us\":", NowMicros(), "}"));
    std::cout << absl::StrFormat("%8.2f s  %s", absl::ToDoubleSeconds(absl::Now() - begin), line)
              << std::endl;
  };
  nemesis_ = std::make_unique<Nemesis>(*cell_, options);
  std::thread thread([this] { nemesis_->Run(); });
  RunUntil(absl::Minutes(options_.minutes), [] { return false; });
  nemesis_->Stop();
  thread.join();
}

bool Run::Calm() {
  const absl::Time begin = absl::Now();
  world_.closing = true;
  std::cout << "calm: the load ends, and everything has to come to its end" << std::endl;
  bool whole = cell_->MakeWhole(options_.whole_again);
  int quiet = 0;
  // Shared: the last timer may ring when this has long been left.
  const auto look = std::make_shared<bool>(true);
  whole = whole && RunUntil(options_.whole_again - (absl::Now() - begin), [&] {
            if (!*look) return quiet >= 2;
            *look = false;
            loop_.timers().After(kLook, [look] { *look = true; });
            const Unfinished left = CountUnfinished(cell_->database_url());
            bool asking = world_.open_asks > 0;
            for (const auto& agent : agents_) asking = asking || !agent->idle();
            quiet = left.tickets == 0 && left.assignments == 0 && !asking ? quiet + 1 : 0;
            return quiet >= 2;  // twice: what was acknowledged last has arrived, too
          });
  calm_took_ = absl::Now() - begin;
  return whole;
}

void Run::LastWord() {
  for (auto& agent : agents_) agent->Rest("end of the run");
  const auto all_said = [this] {
    for (const auto& agent : agents_) {
      if (!agent->idle()) return false;
    }
    return true;
  };
  if (!RunUntil(options_.whole_again, all_said)) return;
  for (const std::string& name : cell_->node_names()) cell_->node(name).Kill();
  cell_->postgres().Restart("immediate");
}

int Run::Verdict(const std::vector<Violation>& violations) {
  if (violations.empty()) {
    std::cout << "every promise was kept; seed " << options_.seed << std::endl;
    return 0;
  }
  for (const Violation& violation : violations) {
    Note(absl::StrCat("{\"violation\":", JsonText(violation.rule),
                      ",\"what\":", JsonText(violation.what), "}"));
  }
  std::cout << "VIOLATION, seed " << options_.seed << ": " << violations.front().rule << ": "
            << violations.front().what << "\n";
  for (size_t i = 1; i < std::min(violations.size(), kShownViolations); ++i) {
    std::cout << "  and " << violations[i].rule << ": " << violations[i].what << "\n";
  }
  std::cout << violations.size() << " in all; history and logs in " << options_.folder << std::endl;
  return 1;
}

void Run::Summarize() const {
  std::map<std::pair<std::string, std::string>, int64_t> counts;
  for (const Entry& entry : history_.entries()) ++counts[{NameOf(entry.act), NameOf(entry.told)}];
  std::cout << "customers: " << customers_->arrived() << "; well and done after "
            << absl::FormatDuration(calm_took_) << "\n";
  for (const auto& [key, count] : counts) {
    std::cout << absl::StrFormat("  %-10s %-8s %8d\n", key.first, key.second, count);
  }
  std::cout << "faults survived:";
  for (const auto& [fault, times] : nemesis_->done()) std::cout << " " << fault << "=" << times;
  std::cout << std::endl;
}

void Run::KeepLogs() {
  for (const std::string& name : cell_->node_names()) {
    std::ofstream(options_.folder + "/" + name + ".log") << cell_->node(name).Log();
  }
  std::ofstream(options_.folder + "/postgres.log") << cell_->postgres().Log();
  std::lock_guard lock(mutex_);
  file_.flush();
}

}  // namespace muster::faults
