// The benches of the whole system. Each starts a stage of its own, measures once, and checks by SQL
// that what was acknowledged is on record.
//
//   Figures figures = RunLifecycle({.tickets = 60'000});   // {{"rate", 12345}, {"p99_ms", 8.1}, …}
//
// Threading: one thread; the open-loop ones have another that keeps time. They throw
// std::runtime_error when a check fails: such a figure is worth nothing.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "absl/time/time.h"

namespace muster::bench {

using Figures = std::map<std::string, double>;

struct LifecycleOptions {
  int64_t tickets = 60'000;
  int agents = 1000;
  int links = 4;
  int skills = 50;
  // Tickets that one call creates: 1 is CreateTicket, more is BatchCreateTickets.
  int batch = 100;
  int64_t most_open = 3000;  // created and not completed
};
// create, match, offer, accept, complete; closed loop.
Figures RunLifecycle(const LifecycleOptions& options);

struct LatencyOptions {
  double per_second = 50;
  absl::Duration duration = absl::Seconds(10);
  int agents = 1000;
  int links = 4;
  // Somebody's transaction stays open meanwhile, and keeps PostgreSQL from cleaning up.
  bool hold_transaction = false;
};
// From the moment at which a customer asks to the offer on the agent's link; Poisson arrivals.
Figures RunLatency(const LatencyOptions& options);

struct IntakeOptions {
  int64_t tickets = 150'000;
  int in_flight = 512;
  int channels = 4;
};
// CreateTicket alone, each durable when answered; closed loop.
Figures RunIntake(const IntakeOptions& options);

struct OverloadOptions {
  int batch = 50;      // tickets a call: a crowd of single calls would cost more than its answers
  int in_flight = 32;  // calls; that many at once show the peak
  double times = 3;    // of the peak are asked for
  absl::Duration duration = absl::Seconds(10);
  // What a caller waits before it gives up, and what counts as well served.
  absl::Duration patience = absl::Seconds(1);
};
// BatchCreateTickets: the peak in a closed loop, then beyond it, open loop: how much is well served
// meanwhile, how the rest is told, and how soon all is well again at half of the peak. Rates are of
// tickets.
Figures RunOverload(const OverloadOptions& options);

struct LinkOptions {
  int agents = 20'000;
  int nodes = 1;           // of availability, which share them
  int streams_each = 100;  // of one connection
  absl::Duration stay = absl::Seconds(60);
};
// Idle agents with heartbeats, each on a stream of its own: memory beside that of a bare gRPC
// server with as many streams as a node has; they stay for twice their leases by nothing but their
// heartbeats; then all are cut and return at once.
Figures RunLinks(const LinkOptions& options);
// The bare server: prints its port, and serves until its input ends.
int ServeBareStreams();

}  // namespace muster::bench
