#include "tests/bench/engine/lemon_reference.h"

#include <lemon/network_simplex.h>
#include <lemon/smart_graph.h>
#include <time.h>

#include <cstddef>

namespace muster::engine {

double ThreadSeconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

LemonResult SolveWithLemon(const TransportProblem& problem) {
  using Graph = lemon::SmartDigraph;
  const int sources = static_cast<int>(problem.supply.size());
  const int nodes = sources + static_cast<int>(problem.demand.size());
  Graph graph;
  graph.reserveNode(nodes);
  graph.reserveArc(static_cast<int>(problem.edges.size()));
  Graph::NodeMap<std::int64_t> supply(graph);
  Graph::ArcMap<std::int64_t> cost(graph);
  for (int n = 0; n < nodes; ++n) {
    const Graph::Node node = graph.addNode();
    supply[node] =
        n < sources ? std::int64_t{problem.supply[n]} : -std::int64_t{problem.demand[n - sources]};
  }
  for (const TransportEdge& edge : problem.edges) {
    cost[graph.addArc(graph.nodeFromId(static_cast<int>(edge.source)),
                      graph.nodeFromId(sources + static_cast<int>(edge.sink)))] = edge.cost;
  }
  const double start = ThreadSeconds();
  lemon::NetworkSimplex<Graph, std::int64_t, std::int64_t> simplex(graph);
  simplex.costMap(cost).supplyMap(supply);
  LemonResult result;
  result.optimal = simplex.run() == decltype(simplex)::OPTIMAL;
  result.seconds = ThreadSeconds() - start;
  result.cost = simplex.totalCost<std::int64_t>();
  return result;
}

}  // namespace muster::engine
