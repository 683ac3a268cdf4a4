// Who goes where at least total cost, when many meet many: an exact solver of the transportation
// problem. Sources are groups of equal tickets, sinks groups of equal agents, an edge is a group of
// agents that a group of tickets may go to, at a cost for each unit.
//
// Pure and deterministic: equal problems have equal flows. Thread-safe: it keeps nothing.
//
//   // Three tickets of one kind and one of another; two agents and one agent.
//   TransportProblem problem{.supply = {3, 1}, .demand = {2, 1}};
//   problem.edges = {{0, 0, 5}, {0, 1, 7}, {1, 0, 2}};
//   TransportFlow best = SolveTransport(problem);
//   // best.flow == {1, 1, 1}: three units shipped, at cost 14. One unit of source 0 stays.
#pragma once

#include <cstdint>
#include <vector>

namespace muster::engine {

// What one unit costs from a source to a sink, both counted from 0. Costs may be negative, and two
// edges may join the same pair.
struct TransportEdge {
  std::uint32_t source = 0;
  std::uint32_t sink = 0;
  std::int64_t cost = 0;
};

// Supplies and demands may be 0, and their sums may differ. The solver is quickest when the edges
// of a source stand together. Limits, asserted:
//   - sources and sinks together, and edges, each under 2^31;
//   - (greatest cost - least cost + 1) * (the fewer of sources and sinks + 2) at most 2^60: waits
//     of a month in microseconds leave room for 400,000 groups.
struct TransportProblem {
  std::vector<std::uint32_t> supply;
  std::vector<std::uint32_t> demand;
  std::vector<TransportEdge> edges;
};

// Of all flows the most units, and of those the least cost.
struct TransportFlow {
  std::vector<std::uint32_t> flow;  // by edge: units that take it
  std::uint64_t shipped = 0;        // units in all
  std::int64_t cost = 0;            // of all of them
};

// The proof that a flow is the best: what one unit more at a source costs and at a sink saves. With
//   reduced(e) = e.cost - source_price[e.source] + sink_price[e.sink]
// it holds that reduced(e) >= 0, and 0 where something flows; 0 <= sink_price, and 0 where demand
// is unfilled; source_price <= unshipped_price, and equal where supply is left. unshipped_price
// exceeds what any rearrangement of the shipped units can save.
struct TransportProof {
  std::vector<std::int64_t> source_price;
  std::vector<std::int64_t> sink_price;
  std::int64_t unshipped_price = 0;
};

// `proof` may be null.
TransportFlow SolveTransport(const TransportProblem& problem, TransportProof* proof = nullptr);

}  // namespace muster::engine
