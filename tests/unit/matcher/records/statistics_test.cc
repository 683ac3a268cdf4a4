#include "services/matcher/domain/statistics.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "tests/support/catch.h"

namespace muster::matcher {
namespace {

const absl::Time kStart = absl::FromUnixSeconds(1'800'000'000);
constexpr absl::Duration kTarget = absl::Seconds(20);

TEST_CASE("what happened is counted in its queue and in the total") {
  PoolStatistics statistics;
  absl::Time now = kStart;
  statistics.TicketArrived("card", now);
  statistics.TicketArrived("card", now);
  statistics.TicketArrived("loans", now);
  statistics.OfferMade("card", now);
  statistics.OfferMade("card", now);
  statistics.OfferEnded("card", now, OfferState::kDeclined);
  statistics.OfferEnded("card", now, OfferState::kAccepted);
  statistics.OfferEnded("card", now, OfferState::kExpired);
  statistics.OfferEnded("card", now, OfferState::kRevoked);
  statistics.Assigned("card", now, {absl::Seconds(10), kTarget});
  statistics.TicketAbandoned("loans", now, {absl::Seconds(30), kTarget});
  statistics.TicketExpired("card", now);
  statistics.TicketResolved("card", now);
  statistics.TicketRequeued("card", now);
  statistics.AssignmentEnded("card", now, absl::Seconds(90));

  Flow card = statistics.Queue("card", absl::Minutes(5), now);
  CHECK(card.tickets_arrived == 2);
  CHECK(card.tickets_assigned == 1);
  CHECK(card.tickets_abandoned == 0);
  CHECK(card.tickets_expired == 1);
  CHECK(card.tickets_resolved == 1);
  CHECK(card.tickets_requeued == 1);
  CHECK(card.offers_made == 2);
  CHECK(card.offers_accepted == 1);
  CHECK(card.offers_declined == 1);
  CHECK(card.offers_expired == 1);
  CHECK(card.offers_revoked == 1);
  CHECK(card.mean_wait == absl::Seconds(10));
  CHECK(card.mean_handle_time == absl::Seconds(90));
  CHECK(card.service_level == 1);

  Flow total = statistics.Total(absl::Minutes(5), now);
  CHECK(total.tickets_arrived == 3);
  CHECK(total.tickets_abandoned == 1);
  CHECK(total.service_level == 0.5);

  PoolStatistics::Flows flows = statistics.All(absl::Minutes(5), now);
  CHECK(flows.queues.size() == 2);
  CHECK(flows.queues.at("loans").tickets_arrived == 1);
  CHECK(flows.total.tickets_arrived == 3);
}

TEST_CASE("nothing happened, nothing is said") {
  Flow flow = PoolStatistics().Total(absl::Minutes(5), kStart);
  CHECK(flow.tickets_arrived == 0);
  CHECK_FALSE(flow.mean_wait.has_value());
  CHECK_FALSE(flow.p99_wait.has_value());
  CHECK_FALSE(flow.mean_handle_time.has_value());
  CHECK(flow.service_level == -1);
  CHECK(flow.service_level_without_short_abandons == -1);
  CHECK(PoolStatistics().Queue("none", absl::Minutes(5), kStart).tickets_arrived == 0);
}

TEST_CASE("service levels by both usual formulas") {
  struct Case {
    std::vector<int> assigned, abandoned;  // waits in seconds; the target is 20
    double level, without_short;
  };
  for (const Case& c : std::vector<Case>{
           {{20}, {}, 1, 1},  // at the target is within it
           {{21}, {}, 0, 0},
           {{}, {5}, 0, -1},  // only a short abandon: the second formula has nobody
           {{}, {25}, 0, 0},
           {{1, 2, 30}, {5}, 0.5, 2.0 / 3},
           {{1, 2, 30}, {25}, 0.5, 0.5},
           {{1, 2, 3, 30}, {5, 6, 25, 26}, 3.0 / 8, 3.0 / 6},
       }) {
    PoolStatistics statistics;
    for (int wait : c.assigned) statistics.Assigned("q", kStart, {absl::Seconds(wait), kTarget});
    for (int wait : c.abandoned) {
      statistics.TicketAbandoned("q", kStart, {absl::Seconds(wait), kTarget});
    }
    Flow flow = statistics.Total(absl::Minutes(1), kStart);
    CHECK(flow.service_level == Approx(c.level));
    CHECK(flow.service_level_without_short_abandons == Approx(c.without_short));
  }
}

TEST_CASE("a window forgets what is older") {
  struct Case {
    absl::Duration window, age;
    bool seen;
  };
  for (const Case& c : std::vector<Case>{
           {absl::Seconds(1), absl::Milliseconds(900), true},
           {absl::Seconds(1), absl::Milliseconds(1200), false},
           {absl::Minutes(5), absl::Seconds(299), true},
           {absl::Minutes(5), absl::Seconds(302), false},
           {absl::Hours(1), absl::Minutes(59), true},
           {absl::Hours(1), absl::Minutes(61), false},
           {absl::Hours(24), absl::Hours(23), true},
           {absl::Hours(24), absl::Minutes(24 * 60 + 2), false},
           {absl::Hours(48), absl::Hours(30), false},              // no more than a day
           {absl::Nanoseconds(1), absl::Milliseconds(500), true},  // no less than a second
       }) {
    INFO(c.window << " " << c.age);
    PoolStatistics statistics;
    statistics.TicketArrived("q", kStart - c.age);
    CHECK(statistics.Total(c.window, kStart).tickets_arrived == (c.seen ? 1 : 0));
    // Also when much has happened since, and when it is told late.
    for (int s = 0; s <= 30; ++s) statistics.TicketResolved("q", kStart - absl::Seconds(s));
    statistics.TicketArrived("q", kStart - c.age);
    CHECK(statistics.Total(c.window, kStart).tickets_arrived == (c.seen ? 2 : 0));
  }
}

TEST_CASE("what has not happened yet is not in the window") {
  PoolStatistics statistics;
  statistics.TicketArrived("q", kStart + absl::Seconds(10));
  CHECK(statistics.Total(absl::Minutes(5), kStart).tickets_arrived == 0);
  CHECK(statistics.Total(absl::Minutes(5), kStart + absl::Seconds(11)).tickets_arrived == 1);
}

TEST_CASE("a queue without a past is forgotten") {
  PoolStatistics statistics;
  statistics.TicketArrived("old", kStart);
  statistics.TicketArrived("new", kStart + absl::Hours(30));
  PoolStatistics::Flows flows = statistics.All(absl::Hours(24), kStart + absl::Hours(30));
  CHECK(flows.queues.size() == 1);
  CHECK(flows.queues.contains("new"));
}

TEST_CASE("durations fall into buckets whose middle is near") {
  for (double ms = 1; ms < 7 * 24 * 3.6e6; ms *= 1.0137) {
    absl::Duration duration = absl::Milliseconds(ms);
    double middle = absl::ToDoubleMilliseconds(BucketMiddle(DurationBucket(duration)));
    INFO(duration);
    CHECK(std::abs(middle - ms) <= 0.05 * ms);
  }
  CHECK(DurationBucket(absl::ZeroDuration()) == 0);
  CHECK(DurationBucket(-absl::Seconds(3)) == 0);
  CHECK(DurationBucket(absl::InfiniteDuration()) < kDurationBuckets);
}

// Everything against a list that is searched from end to end.
struct Event {
  absl::Time at;
  int queue;
  int kind;  // 0 arrived, 1 assigned, 2 abandoned, 3 ended
  absl::Duration wait;
};

std::string Name(int queue) { return "q" + std::to_string(queue); }

struct Expected {
  int64_t counts[4] = {0, 0, 0, 0};
  std::vector<double> waits;
  int64_t within = 0, short_abandons = 0;
};

Expected Naive(const std::vector<Event>& events, int queue, absl::Duration window, absl::Time now) {
  absl::Duration grain = kGrainsByWidth[GrainFor(window)].width;
  Expected expected;
  for (const Event& e : events) {
    if (queue >= 0 && e.queue != queue) continue;
    if (e.at > now || GrainIndex(e.at, grain) < GrainIndex(now - window, grain)) continue;
    ++expected.counts[e.kind];
    if (e.kind == 1) expected.waits.push_back(absl::ToDoubleSeconds(e.wait));
    if (e.kind == 1 && e.wait <= kTarget) ++expected.within;
    if (e.kind == 2 && e.wait <= kTarget) ++expected.short_abandons;
  }
  std::sort(expected.waits.begin(), expected.waits.end());
  return expected;
}

void CheckWaits(const Flow& flow, const std::vector<double>& waits) {
  REQUIRE(flow.mean_wait.has_value() == !waits.empty());
  if (waits.empty()) return;
  double sum = 0;
  for (double wait : waits) sum += wait;
  CHECK(absl::ToDoubleSeconds(*flow.mean_wait) == Approx(sum / waits.size()).margin(1e-5));
  auto close = [&](absl::Duration actual, double share) {
    auto rank = static_cast<size_t>(std::max(1.0, std::ceil(share * waits.size())));
    double expected = waits[rank - 1];
    CHECK(std::abs(absl::ToDoubleSeconds(actual) - expected) <= 0.05 * expected + 0.001);
  };
  close(*flow.p50_wait, 0.5);
  close(*flow.p95_wait, 0.95);
  close(*flow.p99_wait, 0.99);
}

TEST_CASE("any window over any history is what a list would say") {
  const auto seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937_64 random(seed);
  PoolStatistics statistics;
  std::vector<Event> events;
  absl::Time now = kStart;
  std::lognormal_distribution<double> waits(2.5, 1.5);
  for (int n = 0; n < 6000; ++n) {
    now += absl::Milliseconds(random() % 100 == 0 ? random() % 900'000 : random() % 2'000);
    // A tenth is told late.
    absl::Time at = now - absl::Seconds(random() % 10 == 0 ? random() % 300 : 0);
    Event e{at, static_cast<int>(random() % 3), static_cast<int>(random() % 4),
            absl::Microseconds(static_cast<int64_t>(waits(random) * 1e6))};
    events.push_back(e);
    switch (e.kind) {
      case 0:
        statistics.TicketArrived(Name(e.queue), e.at);
        break;
      case 1:
        statistics.Assigned(Name(e.queue), e.at, {e.wait, kTarget});
        break;
      case 2:
        statistics.TicketAbandoned(Name(e.queue), e.at, {e.wait, kTarget});
        break;
      default:
        statistics.AssignmentEnded(Name(e.queue), e.at, e.wait);
    }
    if (n % 97 != 0) continue;
    for (absl::Duration window : {absl::Seconds(1), absl::Seconds(45), absl::Minutes(5),
                                  absl::Hours(1), absl::Hours(6), absl::Hours(24)}) {
      int queue = static_cast<int>(random() % 4) - 1;  // -1: the total
      INFO("event " << n << ", window " << window << ", queue " << queue);
      Flow flow =
          queue < 0 ? statistics.Total(window, now) : statistics.Queue(Name(queue), window, now);
      Expected expected = Naive(events, queue, window, now);
      CHECK(flow.tickets_arrived == expected.counts[0]);
      CHECK(flow.tickets_assigned == expected.counts[1]);
      CHECK(flow.tickets_abandoned == expected.counts[2]);
      CHECK(flow.mean_handle_time.has_value() == (expected.counts[3] > 0));
      CheckWaits(flow, expected.waits);
      int64_t all = expected.counts[1] + expected.counts[2];
      if (all > 0) CHECK(flow.service_level == Approx(1.0 * expected.within / all));
      if (all > expected.short_abandons) {
        CHECK(flow.service_level_without_short_abandons ==
              Approx(1.0 * expected.within / (all - expected.short_abandons)));
      }
    }
  }
}

TEST_CASE("statistics are seeded from what is on record") {
  PoolStatistics statistics;
  Offer declined{.queue_id = "q",
                 .state = OfferState::kDeclined,
                 .create_time = kStart,
                 .end_time = kStart + absl::Seconds(3)};
  Assignment done{.queue_id = "q",
                  .state = AssignmentState::kCompleted,
                  .ticket_create_time = kStart - absl::Seconds(30),
                  .offer_time = kStart + absl::Seconds(4),
                  .accept_time = kStart + absl::Seconds(6),
                  .wrap_up_time = kStart + absl::Seconds(50),
                  .end_time = kStart + absl::Seconds(66)};
  Assignment taken = done;
  taken.state = AssignmentState::kTransferred;
  taken.wrap_up_time.reset();
  Assignment live = taken;
  live.state = AssignmentState::kActive;
  live.end_time.reset();
  statistics.Seed(declined);
  for (const Assignment& a : {done, taken, live}) statistics.Seed(a, kTarget);
  Flow flow = statistics.Total(absl::Minutes(5), kStart + absl::Minutes(2));
  CHECK(flow.offers_made == 4);
  CHECK(flow.offers_declined == 1);
  CHECK(flow.offers_accepted == 3);
  CHECK(flow.tickets_assigned == 3);
  CHECK(flow.tickets_resolved == 1);
  CHECK(flow.tickets_requeued == 1);
  CHECK(flow.mean_wait == absl::Seconds(36));
  CHECK(flow.mean_handle_time == absl::Seconds(60));
  CHECK(flow.service_level == 0);
}

}  // namespace
}  // namespace muster::matcher
