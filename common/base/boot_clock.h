// What waits on others counts by: goes on evenly, also while the machine sleeps, whatever happens
// to the wall clock. Its times agree with the wall clock's at the process's start, and are to be
// compared with each other only.
//
// Threading: thread-safe.
//
//   absl::Time begun = BootClock().Now();
//   ...; absl::Duration took = BootClock().Now() - begun;
#pragma once

#include "common/base/clock.h"

namespace muster {

Clock& BootClock();

}  // namespace muster
