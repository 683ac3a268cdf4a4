// What no ticket may suffer, and what keeping specialists gains: small worlds in virtual time.
#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "services/matcher/engine/engine.h"
#include "tests/support/catch.h"

namespace muster::engine {
namespace {

absl::Time At(double seconds) {
  return absl::FromUnixSeconds(1'700'000'000) + absl::Seconds(seconds);
}

// A desk where every offer is accepted at once, and jobs end by an agenda.
class Desk {
 public:
  Desk() : engine_(EngineOptions{}) { Tell(0, MatchingOpened{}); }

  void Tell(double now, const Event& event) {
    Effects effects;
    engine_.Apply(event, At(now), &effects);
    for (const Effect& effect : effects) {
      const auto* offer = std::get_if<MakeOffer>(&effect);
      if (offer == nullptr) continue;
      const std::string ticket(offer->ticket_id);
      order.push_back(ticket);
      waits[ticket] = absl::ToDoubleSeconds(offer->waited);
      const OfferId id = offer->offer;
      jobs_.insert({now + lasts.at(ticket), id});
      Tell(now, OfferAccepted{id, "", 0});
    }
  }
  // All that ends, or comes due in the engine, before `now`.
  void RunTo(double now) {
    while (true) {
      const double due = absl::ToDoubleSeconds(engine_.NextWakeup() - At(0));
      const double ends = jobs_.empty() ? now : jobs_.begin()->first;
      if (std::min(due, ends) >= now) return;
      if (due <= ends) {
        Tell(due, TimePassed{});
        continue;
      }
      const OfferId id = jobs_.begin()->second;
      jobs_.erase(jobs_.begin());
      Tell(ends, AssignmentCompleted{id, "", 0});
    }
  }

  std::map<std::string, double> lasts;  // each ticket's job
  std::map<std::string, double> waits;  // of those served
  std::vector<std::string> order;       // in which they were served

 private:
  Engine engine_;
  std::set<std::pair<double, OfferId>> jobs_;
};

// All terms but the wait together: what may put a younger ticket before an older one.
double Bound(const QueueRules& q, const PoolRules& p, int levels) {
  return absl::ToDoubleSeconds(q.target_boost + q.known_agent_bonus +
                               levels * q.missing_level_price + q.missing_language_price +
                               p.idle_bound + p.loaded_price + p.scarcity_bound);
}

TEST_CASE("a ticket is passed over only by tickets less than the bound younger; heavy ones too") {
  for (const std::uint64_t seed : {1, 2, 3}) {
    INFO("seed " << seed);
    std::mt19937_64 random(seed);
    Desk desk;
    QueueRules chat{.required_skills = {{"s", 1}}, .target_wait = absl::Seconds(10)};
    chat.preferred_skills = {{"s", 5}};
    QueueRules voice = chat;
    voice.weight = 2;
    voice.capacity_claim_after = absl::Seconds(40);
    const PoolRules pool;
    desk.Tell(0, QueueChanged{"chat", chat});
    desk.Tell(0, QueueChanged{"voice", voice});
    for (int a = 0; a < 6; ++a) {
      desk.Tell(0, AgentChanged{{.agent_id = "a" + std::to_string(a),
                                 .skills = {{"s", 1 + a % 5}},
                                 .capacity = 2,
                                 .presence = Presence::kOnline}});
    }
    // More than the desk can do, for an hour; then what is left is worked off.
    std::map<std::string, double> born;
    double now = 0;
    for (int t = 0; now < 3600; ++t) {
      now += static_cast<double>(random() % 12'000) / 1000;
      desk.RunTo(now);
      const bool heavy = random() % 4 == 0;
      const std::string id = (heavy ? "v" : "c") + std::to_string(t);
      born[id] = now;
      desk.lasts[id] = 30 + static_cast<double>(random() % 60);
      TicketSpec spec{
          .ticket_id = id, .queue_id = heavy ? "voice" : "chat", .create_time = At(now)};
      if (random() % 3 == 0) spec.preferred_agent_id = "a" + std::to_string(random() % 6);
      desk.Tell(now, TicketQueued{spec});
    }
    desk.RunTo(40'000);
    REQUIRE(desk.order.size() == born.size());
    // A heavy one may have to wait for the light jobs under way on the agent that it has claimed.
    const double bound = Bound(chat, pool, 4) + 40 + 90;
    double worst = 0;
    std::set<std::pair<double, std::string>> left;
    for (const auto& [id, at] : born) left.insert({at, id});
    for (const std::string& id : desk.order) {
      worst = std::max(worst, born[id] - left.begin()->first);
      left.erase({born[id], id});
    }
    CHECK(worst < bound);
    CHECK(worst > 20);  // some are passed over at all
  }
}

// The N: anyone may serve the plain queue, only the specialists the other one. Mean waits in both.
std::pair<double, double> PlayN(bool scarcity, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  Desk desk;
  // Idleness over a window spares specialists too, since they work more: to see what scarcity does
  // by itself, only the last gap counts here, and little.
  desk.Tell(0, PoolChanged{{.fair_window = absl::ZeroDuration(),
                            .idle_bound = absl::Seconds(5),
                            .scarcity = scarcity}});
  desk.Tell(0, QueueChanged{"plain", {.required_skills = {{"plain", 1}}}});
  desk.Tell(0, QueueChanged{"special", {.required_skills = {{"special", 1}}}});
  for (int a = 0; a < 13; ++a) {
    AgentSpec spec{.agent_id = "a" + std::to_string(a),
                   .skills = {{"plain", 1}},
                   .presence = Presence::kOnline};
    if (a < 3) spec.skills.push_back({"special", 1});
    desk.Tell(0, AgentChanged{spec});
  }
  std::exponential_distribution<double> gap(1.0 / 15);
  std::exponential_distribution<double> job(1.0 / 120);
  double now = 0;
  for (int t = 0; t < 4000; ++t) {
    now += gap(random);
    desk.RunTo(now);
    const bool special = random() % 4 == 0;
    const std::string id = (special ? "s" : "p") + std::to_string(t);
    desk.lasts[id] = job(random);
    desk.Tell(now, TicketQueued{{.ticket_id = id,
                                 .queue_id = special ? "special" : "plain",
                                 .create_time = At(now)}});
  }
  desk.RunTo(now + 100'000);
  std::map<char, std::pair<double, int>> sums;
  for (const auto& [id, wait] : desk.waits) {
    sums[id[0]].first += wait;
    ++sums[id[0]].second;
  }
  return {sums['p'].first / sums['p'].second, sums['s'].first / sums['s'].second};
}

TEST_CASE("keeping specialists for those who need them shortens their line") {
  double plain_with = 0, plain_without = 0, special_with = 0, special_without = 0;
  for (const std::uint64_t seed : {1, 2, 3, 4, 5}) {
    const auto [p1, s1] = PlayN(true, seed);
    const auto [p0, s0] = PlayN(false, seed);
    plain_with += p1 / 5;
    special_with += s1 / 5;
    plain_without += p0 / 5;
    special_without += s0 / 5;
  }
  WARN("mean wait in seconds, without and with scarcity: special "
       << special_without << " and " << special_with << ", plain " << plain_without << " and "
       << plain_with);
  CHECK(special_with < 0.9 * special_without);
  CHECK(special_with + 3 * plain_with < special_without + 3 * plain_without);
}

}  // namespace
}  // namespace muster::engine
