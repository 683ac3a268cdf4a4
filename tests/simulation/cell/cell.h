// A whole cell in one thread and virtual time: intake, two nodes of availability, matchers that
// share the pools, customers and agents; all with Muster's own rules, routers, sessions, runners,
// engines and leases, on stores that pass the contract suites of PostgreSQL's. What fails, and
// when, follows from the seed. At the end everything heals, and what clients were told is held
// against what is on record.
//
// Threading: one thread.
//
//   Outcome outcome = RunCell({.seed = 7});
//   if (!outcome.violations.empty()) ...
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "tests/faults/checker.h"

namespace muster::cell {

enum class Planted { kNone, kNoFence, kLostAck, kDoubleSend, kForgottenTakeover };

struct RunOptions {
  uint64_t seed = 1;
  Planted planted = Planted::kNone;
  int matchers = 2;
  int pools = 2;
  int agents = 3;      // of each pool
  int customers = 16;  // of each pool
  // Told what happens, if it is set.
  std::function<void(absl::Duration at, const std::string&)> trace;
};

struct Outcome {
  std::vector<faults::Violation> violations;
  uint64_t events = 0;     // that happened
  uint64_t takeovers = 0;  // pools that were taken from somebody
  int completed = 0;       // tickets
  std::string waiting;     // who still waited for what at the end
};

Outcome RunCell(const RunOptions& options);

}  // namespace muster::cell
