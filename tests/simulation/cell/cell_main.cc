// Plays the cell for many seeds, or one with everything that happens.
//
//   cell_simulation --seeds 2000 [--from 1]     stops at the first that breaks a promise
//   cell_simulation --seed 17                   shows what happens
//   cell_simulation --planted no-fence|lost-ack|double-send|forgotten-takeover
#include <cstdio>
#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/config.h"
#include "common/base/errors.h"
#include "common/obs/log.h"
#include "tests/simulation/cell/cell.h"

namespace {

using muster::cell::Outcome;
using muster::cell::Planted;
using muster::cell::RunOptions;

const std::map<std::string, Planted>& Bugs() {
  static const std::map<std::string, Planted> bugs = {
      {"none", Planted::kNone},
      {"no-fence", Planted::kNoFence},
      {"lost-ack", Planted::kLostAck},
      {"double-send", Planted::kDoubleSend},
      {"forgotten-takeover", Planted::kForgottenTakeover}};
  return bugs;
}

int Report(const RunOptions& options, const Outcome& outcome) {
  for (const muster::faults::Violation& violation : outcome.violations) {
    std::printf("VIOLATION, seed %llu: %s: %s\n", static_cast<unsigned long long>(options.seed),
                violation.rule.c_str(), violation.what.c_str());
  }
  return outcome.violations.empty() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  int64_t seeds = 1'000, from = 1, seed = 0, matchers = 2;
  std::string planted = "none";
  muster::ConfigParser parser({.program = "cell_simulation",
                               .description = "A cell in virtual time, for many seeds",
                               .env_prefix = "MUSTER_CELL_"});
  parser.Add("seeds", &seeds, "how many", {.min = 1, .max = 1e9});
  parser.Add("from", &from, "the first of them", {.min = 1, .max = 1e18});
  parser.Add("seed", &seed, "this one alone, and what happens in it", {.max = 1e18});
  parser.Add("matchers", &matchers, "how many share the pools", {.min = 1, .max = 9});
  parser.Add("planted", &planted,
             "a bug to be found: none, no-fence, lost-ack, double-send, "
             "forgotten-takeover");
  parser.AddCheck([&planted] {
    return Bugs().contains(planted) ? absl::OkStatus()
                                    : muster::InvalidField("planted", "is no bug that is known");
  });
  if (std::optional<int> code = parser.Parse(argc, argv)) return *code;
  RunOptions options{.planted = Bugs().at(planted), .matchers = static_cast<int>(matchers)};
  if (seed > 0) {
    options.seed = static_cast<uint64_t>(seed);
    options.trace = [](absl::Duration at, const std::string& what) {
      std::printf("%9.3f s  %s\n", absl::ToDoubleSeconds(at), what.c_str());
    };
    return Report(options, muster::cell::RunCell(options));
  }
  muster::SetLogFd(-1);
  const absl::Time begun = absl::Now();
  uint64_t events = 0, takeovers = 0;
  for (int64_t i = 0; i < seeds; ++i) {
    options.seed = static_cast<uint64_t>(from + i);
    const Outcome outcome = muster::cell::RunCell(options);
    events += outcome.events;
    takeovers += outcome.takeovers;
    if (Report(options, outcome) != 0) return 1;
  }
  const double minutes = absl::ToDoubleMinutes(absl::Now() - begun);
  std::printf(
      "%lld runs, %llu events, %llu takeovers: every promise was kept; %.0f runs a minute\n",
      static_cast<long long>(seeds), static_cast<unsigned long long>(events),
      static_cast<unsigned long long>(takeovers), static_cast<double>(seeds) / minutes);
  return 0;
}
