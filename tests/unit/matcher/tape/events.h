// Events for tests of tapes: one of each kind with nothing left at its default, and a short run.
//
//   for (const engine::Event& event : EveryEvent()) ...
//   RecordRun(&recorder);   // an hour of a small pool
#pragma once

#include <functional>
#include <vector>

#include "services/matcher/engine/engine.h"
#include "services/matcher/tape/recorder.h"

namespace muster::tape {

inline const absl::Time kStart = absl::FromUnixMicros(1'700'000'000'123'456);

std::vector<engine::Event> EveryEvent();

// What a run was told; tickets come and are offered, accepted, declined and completed.
using Tell = std::function<void(const engine::Event&, absl::Time, const engine::Effects&)>;
void PlayRun(const engine::EngineOptions& options, int tickets, const Tell& tell);

// A whole tape, as bytes.
std::string TapeOfRun(const engine::EngineOptions& options, int tickets);

}  // namespace muster::tape
