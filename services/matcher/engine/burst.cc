// When many tickets and many agents meet at once (matching opens, a queue or the pool reopens),
// they are matched together: most matches first, then the greatest total score.
//
// Equal ones go in groups: tickets of a line with equal scores, agents that count the same wherever
// they fit. What is left after it (agents with room for more, tickets that nobody fits) is matched
// as ever.
#include <algorithm>
#include <map>
#include <tuple>
#include <utility>
#include <vector>

#include "services/matcher/engine/core.h"
#include "services/matcher/engine/limits.h"
#include "services/matcher/engine/transport.h"

namespace muster::engine {

class BurstSolver {
 public:
  explicit BurstSolver(Core& core) : c_(core) {}

  // The pairs to be made, best first; none if there are too few or too many to be solved.
  std::vector<Pair> Solve() {
    GatherTickets();
    GatherAgents();
    if (tickets_ < limits::kBurstAtLeast || agents_ < limits::kBurstAtLeast) return {};
    GroupTickets();
    for (const std::vector<Index>& sink : sinks_) {
      problem_.demand.push_back(static_cast<std::uint32_t>(sink.size()));
    }
    if (!AddEdges()) return {};
    return Pairs();
  }

 private:
  // What agents have in common whose places can be swapped.
  using Kind = std::tuple<std::vector<std::pair<Index, Misfit>>, Nanos, Nanos, std::uint32_t,
                          std::uint32_t, Index>;

  void GatherTickets() {
    for (const Index t : c_.touched_) {
      if (!c_.Touchable(t) || !c_.tickets_[t].waits || !c_.InPlay(c_.tickets_[t])) continue;
      by_line_[c_.tickets_[t].line].push_back(t);
      ++tickets_;
    }
    for (auto& [l, tickets] : by_line_) {
      std::sort(tickets.begin(), tickets.end(), [this](Index t, Index u) {
        const Nanos a = c_.tickets_[t].rank;
        const Nanos b = c_.tickets_[u].rank;
        return a != b ? a < b : c_.Older(t, u);
      });
      tickets.erase(std::unique(tickets.begin(), tickets.end()), tickets.end());
      for (const Index t : tickets) {  // those that some agent means more to than others, or less
        if (c_.tickets_[t].preferred != kNone) special_[c_.tickets_[t].preferred];
        for (const Price& price : c_.tickets_[t].prices) special_[price.agent];
      }
      // Of one line the first ones score most: more of them than agents are of no use.
      const std::size_t most = c_.heads_[l].eligible;
      bool equal = true;
      for (const Index t : tickets) equal = equal && Plain(t);
      if (equal && tickets.size() > most) tickets.resize(most);
    }
  }

  bool Plain(Index t) const {
    return c_.tickets_[t].preferred == kNone && c_.tickets_[t].prices.empty();
  }

  void GatherAgents() {
    std::map<Kind, std::uint32_t> kinds;
    c_.agents_.ForEach([&](Index a) {
      const AgentRecord& agent = c_.agents_[a];
      if (!agent.standing) return;
      ++agents_;
      std::vector<std::pair<Index, Misfit>> fits;
      for (const LineFit& fit : agent.lines) {
        if (c_.heads_[fit.line].weight <= agent.stood_free && by_line_.count(fit.line) > 0) {
          fits.emplace_back(fit.line, fit.misfit);
        }
      }
      if (fits.empty()) return;
      const Index own = special_.count(a) > 0 ? a : kNone;
      const auto [it, added] =
          kinds.try_emplace(Kind{std::move(fits), c_.IdleScore(agent.value), c_.LoadedPrice(agent),
                                 agent.worth, agent.stood_free, own},
                            static_cast<std::uint32_t>(sinks_.size()));
      if (added) sinks_.emplace_back();
      sinks_[it->second].push_back(a);
    });
    for (std::vector<Index>& sink : sinks_) {
      std::sort(sink.begin(), sink.end(), [this](Index a, Index b) {
        return std::tie(c_.agents_[a].value, c_.agents_[a].id) <
               std::tie(c_.agents_[b].value, c_.agents_[b].id);
      });
    }
  }

  void GroupTickets() {
    for (const auto& [l, tickets] : by_line_) {
      first_source_[l] = sources_.size();
      for (const Index t : tickets) {
        const bool joins = sources_.size() > first_source_[l] && Plain(t) &&
                           Plain(sources_.back()[0]) &&
                           c_.tickets_[sources_.back()[0]].rank == c_.tickets_[t].rank;
        if (!joins) sources_.emplace_back();
        sources_.back().push_back(t);
      }
      end_source_[l] = sources_.size();
    }
    for (const std::vector<Index>& source : sources_) {
      problem_.supply.push_back(static_cast<std::uint32_t>(source.size()));
    }
  }

  // In microseconds: what the solver's arithmetic leaves room for.
  bool AddEdges() {
    std::size_t edges = 0;
    for (std::uint32_t k = 0; k < sinks_.size(); ++k) {
      for (const LineFit& fit : c_.agents_[sinks_[k][0]].lines) {
        if (first_source_.count(fit.line) == 0) continue;
        edges += end_source_[fit.line] - first_source_[fit.line];
      }
    }
    if (edges > limits::kMaxBurstEdges) return false;
    for (std::uint32_t k = 0; k < sinks_.size(); ++k) {
      const Index a = sinks_[k][0];
      for (const LineFit& fit : c_.agents_[a].lines) {
        if (first_source_.count(fit.line) == 0) continue;
        for (std::size_t s = first_source_[fit.line]; s < end_source_[fit.line]; ++s) {
          const Index t = sources_[s][0];
          if (!c_.CanTake(t, a)) continue;
          const Nanos score = std::min(c_.ScoreOf(t, a), ToNanos(limits::kMaxBurstScore));
          problem_.edges.push_back({static_cast<std::uint32_t>(s), k, -(score / 1000)});
        }
      }
    }
    std::stable_sort(
        problem_.edges.begin(), problem_.edges.end(),
        [](const TransportEdge& a, const TransportEdge& b) { return a.source < b.source; });
    return !problem_.edges.empty();
  }

  std::vector<Pair> Pairs() {
    const TransportFlow best = SolveTransport(problem_);
    std::vector<std::size_t> next_ticket(sources_.size());
    std::vector<std::size_t> next_agent(sinks_.size());
    std::vector<Pair> pairs;
    for (std::size_t e = 0; e < problem_.edges.size(); ++e) {
      const TransportEdge& edge = problem_.edges[e];
      for (std::uint32_t n = 0; n < best.flow[e]; ++n) {
        const Index t = sources_[edge.source][next_ticket[edge.source]++];
        const Index a = sinks_[edge.sink][next_agent[edge.sink]++];
        pairs.push_back({PairKind::kOffer, c_.ScoreOf(t, a), t, a});
      }
    }
    std::sort(pairs.begin(), pairs.end(),
              [this](const Pair& p, const Pair& q) { return c_.Better(p, q); });
    return pairs;
  }

  Core& c_;
  std::map<Index, std::vector<Index>> by_line_;
  std::map<Index, bool> special_;  // agents that are a group of their own
  std::size_t tickets_ = 0;
  std::size_t agents_ = 0;
  std::vector<std::vector<Index>> sources_;  // tickets, in order
  std::vector<std::vector<Index>> sinks_;    // agents, longest idle first
  std::map<Index, std::size_t> first_source_, end_source_;
  TransportProblem problem_;
};

void Core::MatchBurst() {
  StandFrom(0);
  for (const Pair& pair : BurstSolver(*this).Solve()) Commit(pair, Decision::Trigger::kBurst);
}

}  // namespace muster::engine
