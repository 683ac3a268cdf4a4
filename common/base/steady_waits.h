// Waits of Abseil, and so of gRPC, that go on evenly whatever happens to the wall clock.
//
// Abseil before 2023 turns the end of every wait, also of one "for 50 ms", into a moment of the
// wall clock (KernelTimeout, FUTEX_CLOCK_REALTIME). gRPC's timer thread waits so: after the clock
// has been set back by an hour, no alarm fires for an hour, no deadline passes, no connection is
// tried again.
//
// A program in which this is linked has a `syscall` of its own, which the libraries call instead of
// the C library's: it passes everything on, and lets those waits end by the monotonic clock.
//
// Threading: any.
//
//   UseSteadyWaits();   // common/rpc does: before the first channel or server
#pragma once

namespace muster {

// Does nothing by itself: whoever calls it has it linked.
void UseSteadyWaits();

}  // namespace muster
