// SIGTERM and SIGINT as a thing to wait for.
//
// Threading: call BlockTerminationSignals first thing in main, before any thread exists: threads
// inherit the mask, and a thread that has not would take the signal and end the process.
//
//   int main(...) { BlockTerminationSignals(); ...start...; WaitForTermination(); ...drain... }
#pragma once

namespace muster {

// Also ignores SIGPIPE.
void BlockTerminationSignals();

// Returns the signal that came, or that RequestTermination stands for.
int WaitForTermination();

// Makes WaitForTermination return (sends SIGTERM to this process).
void RequestTermination();

}  // namespace muster
