// The primal network simplex method (Dantzig 1951; Cunningham 1976 on strongly feasible trees,
// which keep it from going in circles; Grigoriadis 1986 on block search). What makes it short here:
// - A root takes what cannot be shipped: source -> root costs more than any rearrangement can save,
//   root -> sink costs nothing. So there is always a flow, and the best one ships the most.
// - No edge has a capacity, so an edge outside the tree carries nothing, and the flow of a tree
//   edge is kept by the node below it.
// - Edges lead from sources to the root or to sinks, so a tree edge leads up if and only if the
//   node below it is a source.
// A tree is strongly feasible if every edge that leads down carries something.
#include "services/matcher/engine/transport.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>

namespace muster::engine {
namespace {

using NodeId = std::uint32_t;  // sources, then sinks, then the root
using ArcId = std::uint32_t;
constexpr std::uint32_t kNobody = std::numeric_limits<std::uint32_t>::max();
constexpr std::int64_t kMaxUnshippedPrice = std::int64_t{1} << 60;

// Arcs looked at before the best of them enters the tree: the square root of all, and no fewer than
// this. More arcs make better choices, of which fewer are needed; 0.7 to 1.5 times as many measure
// alike, and where many costs are equal twice as many take half as long again.
constexpr ArcId kLeastBlock = 200;

struct Arc {
  std::int64_t cost;  // from the least cost of all edges on
  NodeId from;
  NodeId to;
};

struct Node {
  std::int64_t price = 0;   // cost of arcs of the tree: price[to] - price[from]
  NodeId parent = kNobody;  // children are a list, so that a subtree is walked without a stack
  NodeId child = kNobody;   // first
  NodeId next = kNobody;    // sibling
  NodeId before = kNobody;  // sibling
  ArcId arc = kNobody;      // between the parent and this node
  std::uint32_t flow = 0;   // of that arc
  std::uint32_t depth = 0;  // of the root: 0
};

class Simplex {
 public:
  explicit Simplex(const TransportProblem& problem)
      : problem_(problem),
        sources_(static_cast<NodeId>(problem.supply.size())),
        sinks_(static_cast<NodeId>(problem.demand.size())),
        root_(sources_ + sinks_) {
    MakeArcs();
    MakeTree();
  }

  void Run() {
    for (ArcId arc = FindArc(); arc != kNobody; arc = FindArc()) Pivot(arc);
  }

  TransportFlow Flow() const;
  TransportProof Proof() const;

 private:
  // Where an entering arc's cycle gives way: the arc above `node` becomes empty first.
  struct Leaving {
    NodeId node = kNobody;
    NodeId join = kNobody;  // the deepest node above both ends
    std::uint32_t units = kNobody;
    bool at_source = true;  // on the side of the entering arc's source
  };

  bool IsSource(NodeId node) const { return node < sources_; }
  std::int64_t Reduced(const Arc& arc) const {
    return arc.cost + nodes_[arc.from].price - nodes_[arc.to].price;
  }

  void MakeArcs();
  void MakeTree();
  ArcId FindArc();
  void Pivot(ArcId arc);
  Leaving FindLeaving(const Arc& entering) const;
  void Ship(const Arc& entering, const Leaving& leaving);
  void Rehang(NodeId node, NodeId parent, ArcId arc, const Leaving& leaving);
  void Reprice(NodeId top, std::int64_t shift);
  void Link(NodeId node, NodeId parent);
  void Unlink(NodeId node);

  const TransportProblem& problem_;
  const NodeId sources_;
  const NodeId sinks_;
  const NodeId root_;
  std::int64_t least_cost_ = 0;
  std::int64_t unshipped_price_ = 1;
  std::vector<Arc> arcs_;     // edges that can carry something, then those from and to the root
  std::vector<ArcId> edges_;  // which edge an arc is
  std::vector<Node> nodes_;
  ArcId block_ = kLeastBlock;
  ArcId next_arc_ = 0;  // where the search goes on
};

void Simplex::MakeArcs() {
  const std::vector<TransportEdge>& edges = problem_.edges;
  if (!edges.empty()) {
    const auto [least, most] = std::minmax_element(
        edges.begin(), edges.end(),
        [](const TransportEdge& a, const TransportEdge& b) { return a.cost < b.cost; });
    least_cost_ = least->cost;
    const std::int64_t spread = most->cost - least_cost_ + 1;
    const std::int64_t hops = std::int64_t{std::min(sources_, sinks_)} + 2;
    assert(spread > 0 && spread <= kMaxUnshippedPrice / hops);
    unshipped_price_ = spread * hops;
  }
  arcs_.reserve(edges.size() + root_);
  edges_.reserve(edges.size());
  for (ArcId e = 0; e < edges.size(); ++e) {
    const TransportEdge& edge = edges[e];
    assert(edge.source < sources_ && edge.sink < sinks_);
    if (problem_.supply[edge.source] == 0 || problem_.demand[edge.sink] == 0) continue;
    arcs_.push_back({edge.cost - least_cost_, edge.source, sources_ + edge.sink});
    edges_.push_back(e);
  }
}

// Everything hangs on the root: nothing is shipped. What has no units has no arc but this one, and
// so is in no cycle, and stays.
void Simplex::MakeTree() {
  nodes_.resize(root_ + 1);
  for (NodeId node = 0; node < root_; ++node) {
    const bool source = IsSource(node);
    const std::uint32_t units = source ? problem_.supply[node] : problem_.demand[node - sources_];
    Link(node, root_);
    nodes_[node].arc = static_cast<ArcId>(arcs_.size());
    nodes_[node].flow = units;
    nodes_[node].depth = 1;
    nodes_[node].price = source ? -unshipped_price_ : 0;
    arcs_.push_back(source ? Arc{unshipped_price_, node, root_} : Arc{0, root_, node});
  }
  const double root = std::sqrt(static_cast<double>(arcs_.size()));
  block_ = std::max(kLeastBlock, static_cast<ArcId>(root));
}

// The arc that pays most, in the first block that has one that pays; kNobody if none does.
ArcId Simplex::FindArc() {
  const ArcId count = static_cast<ArcId>(arcs_.size());
  std::int64_t best = 0;
  ArcId found = kNobody;
  ArcId in_block = block_;
  for (ArcId seen = 0; seen < count;) {
    const ArcId run = std::min({in_block, count - next_arc_, count - seen});
    for (ArcId a = next_arc_; a < next_arc_ + run; ++a) {
      const std::int64_t reduced = Reduced(arcs_[a]);
      if (reduced >= best) continue;
      best = reduced;
      found = a;
    }
    seen += run;
    in_block -= run;
    next_arc_ = next_arc_ + run == count ? 0 : next_arc_ + run;
    if (in_block > 0) continue;
    if (found != kNobody) return found;
    in_block = block_;
  }
  return found;
}

void Simplex::Pivot(ArcId id) {
  const Arc arc = arcs_[id];
  const std::int64_t reduced = Reduced(arc);
  const Leaving leaving = FindLeaving(arc);
  Ship(arc, leaving);
  // The subtree with the leaving arc above it now hangs on the entering arc.
  const NodeId top = leaving.at_source ? arc.from : arc.to;
  Rehang(top, leaving.at_source ? arc.to : arc.from, id, leaving);
  Reprice(top, leaving.at_source ? -reduced : reduced);
}

// A cycle runs down from the join to the entering arc, over it, and up again; arcs against it lose
// units. Of those that become empty first, the last on that way leaves: this keeps the tree
// strongly feasible.
Simplex::Leaving Simplex::FindLeaving(const Arc& entering) const {
  Leaving down, up;
  NodeId s = entering.from, t = entering.to;
  const auto climb_source = [&] {
    if (IsSource(s) && (down.node == kNobody || nodes_[s].flow < down.units)) {
      down.units = nodes_[s].flow;
      down.node = s;
    }
    s = nodes_[s].parent;
  };
  const auto climb_sink = [&] {
    if (!IsSource(t) && nodes_[t].flow <= up.units) {
      up.units = nodes_[t].flow;
      up.node = t;
    }
    t = nodes_[t].parent;
  };
  while (nodes_[s].depth > nodes_[t].depth) climb_source();
  while (nodes_[t].depth > nodes_[s].depth) climb_sink();
  while (s != t) {
    climb_source();
    climb_sink();
  }
  up.at_source = false;
  Leaving leaving = up.node != kNobody && up.units <= down.units ? up : down;
  leaving.join = s;
  assert(leaving.node != kNobody);
  return leaving;
}

void Simplex::Ship(const Arc& entering, const Leaving& leaving) {
  if (leaving.units == 0) return;
  for (NodeId n = entering.from; n != leaving.join; n = nodes_[n].parent) {
    nodes_[n].flow += IsSource(n) ? 0 - leaving.units : leaving.units;
  }
  for (NodeId n = entering.to; n != leaving.join; n = nodes_[n].parent) {
    nodes_[n].flow += IsSource(n) ? leaving.units : 0 - leaving.units;
  }
}

// Hangs `node` on `parent`; what was above it, up to the leaving arc, now hangs on it.
void Simplex::Rehang(NodeId node, NodeId parent, ArcId arc, const Leaving& leaving) {
  std::uint32_t flow = leaving.units;
  for (;;) {
    const Node old = nodes_[node];
    Unlink(node);
    Link(node, parent);
    nodes_[node].arc = arc;
    nodes_[node].flow = flow;
    assert(IsSource(node) || flow > 0);  // strongly feasible
    if (node == leaving.node) return;
    arc = old.arc;
    flow = old.flow;
    parent = node;
    node = old.parent;
  }
}

void Simplex::Reprice(NodeId top, std::int64_t shift) {
  for (NodeId at = top;;) {
    Node& node = nodes_[at];
    node.price += shift;
    node.depth = nodes_[node.parent].depth + 1;
    if (node.child != kNobody) {
      at = node.child;
      continue;
    }
    while (at != top && nodes_[at].next == kNobody) at = nodes_[at].parent;
    if (at == top) return;
    at = nodes_[at].next;
  }
}

void Simplex::Link(NodeId id, NodeId parent) {
  Node& node = nodes_[id];
  node.parent = parent;
  node.before = kNobody;
  node.next = nodes_[parent].child;
  if (node.next != kNobody) nodes_[node.next].before = id;
  nodes_[parent].child = id;
}

void Simplex::Unlink(NodeId id) {
  const Node& node = nodes_[id];
  (node.before == kNobody ? nodes_[node.parent].child : nodes_[node.before].next) = node.next;
  if (node.next != kNobody) nodes_[node.next].before = node.before;
}

TransportFlow Simplex::Flow() const {
  TransportFlow result;
  result.flow.resize(problem_.edges.size());
  for (NodeId n = 0; n < root_; ++n) {
    const Node& node = nodes_[n];
    if (node.arc >= edges_.size()) continue;  // of the root, or none
    const ArcId edge = edges_[node.arc];
    result.flow[edge] = node.flow;
    result.shipped += node.flow;
    result.cost += problem_.edges[edge].cost * std::int64_t{node.flow};
  }
  return result;
}

// Prices of the tree lie at or below 0; a node without units takes the price that its edges ask of
// it: a sink the greatest need, a source the least.
TransportProof Simplex::Proof() const {
  TransportProof proof;
  proof.unshipped_price = unshipped_price_ + least_cost_;
  for (NodeId n = 0; n < sources_; ++n) proof.source_price.push_back(least_cost_ - nodes_[n].price);
  for (NodeId n = sources_; n < root_; ++n) proof.sink_price.push_back(-nodes_[n].price);
  for (const TransportEdge& edge : problem_.edges) {
    if (problem_.demand[edge.sink] != 0) continue;
    std::int64_t& price = proof.sink_price[edge.sink];
    price = std::max(price, proof.source_price[edge.source] - edge.cost);
  }
  for (const TransportEdge& edge : problem_.edges) {
    if (problem_.supply[edge.source] != 0) continue;
    std::int64_t& price = proof.source_price[edge.source];
    price = std::min(price, edge.cost + proof.sink_price[edge.sink]);
  }
  return proof;
}

}  // namespace

TransportFlow SolveTransport(const TransportProblem& problem, TransportProof* proof) {
  Simplex simplex(problem);
  simplex.Run();
  if (proof != nullptr) *proof = simplex.Proof();
  return simplex.Flow();
}

}  // namespace muster::engine
