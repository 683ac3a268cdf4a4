// What `muster-bench` can measure: one suite for each first argument. A suite registers its cases
// with Google Benchmark, and may have a plain table of its own (--table).
//
// Threading: main alone.
//
//   muster-bench engine --benchmark_filter=Loaded     muster-bench engine --table
#pragma once

namespace muster::bench {

void RegisterEngine();
int PrintEngineTable(bool quick);  // the exit code

// Only where LEMON is installed. The exit code is 1 if a cost is not LEMON's.
void RegisterTransport();
int PrintTransportTable(bool quick);

}  // namespace muster::bench
