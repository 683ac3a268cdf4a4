#include "services/availability/session/metrics.h"

#include <string>

namespace muster::availability {
namespace {

constexpr char kSessions[] = "muster_availability_sessions";
constexpr char kSessionsHelp[] = "Sessions that this node holds";
constexpr char kOffers[] = "muster_availability_offers_total";
constexpr char kOffersHelp[] = "Offers from the matcher, by whether the agent could be reached";

}  // namespace

Counts::Counts(Metrics& m)
    : metrics(m),
      links(m.Gauge("muster_availability_links", "Open AgentLink streams")),
      matcher_streams(m.Gauge("muster_availability_matcher_streams", "Open Deliver streams")),
      pools_served(m.Gauge("muster_availability_pools_served", "Pools that a matcher serves here")),
      acts_waiting(
          m.Gauge("muster_availability_acts_waiting", "Acts that wait for the matcher's answer")),
      sessions_linked(m.Gauge(kSessions, kSessionsHelp, {{"kind", "link"}})),
      sessions_unlinked(m.Gauge(kSessions, kSessionsHelp, {{"kind", "lease"}})),
      sessions_in_grace(m.Gauge(kSessions, kSessionsHelp, {{"kind", "grace"}})),
      offers_delivered(m.Counter(kOffers, kOffersHelp, {{"outcome", "delivered"}})),
      offers_undelivered(m.Counter(kOffers, kOffersHelp, {{"outcome", "undelivered"}})),
      late_answers(m.Counter("muster_availability_late_answers_total",
                             "Answers of the matcher that nobody waited for any more")),
      slow_readers(m.Counter("muster_availability_slow_readers_total",
                             "Streams that were cut because they were read too slowly")),
      act_seconds(m.Histogram("muster_availability_act_seconds",
                              "From an agent's act to the matcher's answer")) {}

void Counts::Act(const char* act, int code) {
  metrics
      .Counter("muster_availability_acts_total", "Acts of agents, by outcome",
               {{"act", act}, {"code", std::to_string(code)}})
      .Increment();
}

void Counts::SetAgents(Presence presence, bool connected, double agents) {
  metrics
      .Gauge("muster_availability_agents", "Agents on record",
             {{"presence", std::string(PresenceName(presence))},
              {"connected", connected ? "true" : "false"}})
      .Set(agents);
}

}  // namespace muster::availability
