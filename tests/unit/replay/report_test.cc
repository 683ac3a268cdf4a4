#include "services/cli/replay/report.h"

#include <string>

#include "tests/support/catch.h"

namespace muster::replay {
namespace {

absl::Time At(int64_t ms) { return absl::FromUnixMillis(1'000'000 + ms); }

// At speed 100: t1 waits 100 ms, 10 s of the trace, and is served for 2 s, 200 s of the trace; t2's
// customer leaves after 300 ms; t3 waits still.
struct Fixture {
  Trace trace = Trace(3);
  Roster roster = {{0, 400, "a", {"q"}}};
  History history;

  Fixture() {
    for (TraceTicket& ticket : trace) {
      ticket.queue = "r";  // whom nobody serves: the ideal differs from the result
      ticket.recorded_wait_s = 6;
    }
    trace[0].recorded_left = true;
    history.tickets = {{"t1", TicketState::kResolved, At(0), At(100), At(2100), "a", "o1"},
                       {"t2", TicketState::kCancelled, At(0), std::nullopt, At(300), "", ""},
                       {"t3", TicketState::kQueued, At(0), std::nullopt, std::nullopt, "", ""}};
    history.assignments = {
        {"o1", "t1", "a", AssignmentState::kCompleted, At(100), At(2100), 1, "", false}};
    history.told_tickets = {
        {"t1", At(0)}, {"t2", At(0), ToldTicket::Cancel::kDone, At(300)}, {"t3", At(0)}};
    history.told_assignments = {{"o1", "t1", "a", At(100), At(100), At(2100), true, false, ""}};
  }

  Play Played() const { return {trace, roster, Pace(0, 100), 90, true}; }
};

TEST_CASE("A day's figures come from the records, in the trace's seconds") {
  const Fixture f;
  const Report report = MakeReport(f.history, f.Played(), {});
  CHECK(report.Sound());
  CHECK(report.result.tickets == 3);
  CHECK(report.result.mean_wait_s == Approx(20));
  CHECK(report.result.p50_wait_s == Approx(30));
  CHECK(report.result.abandoned == Approx(1.0 / 3));
  CHECK(report.result.within_20_s == Approx(0.5));
  CHECK(report.result.never_served == 1);
  CHECK(report.result.utilization == Approx(0.5));
  CHECK(report.ideal.never_served == 3);
  REQUIRE(report.recorded.has_value());
  CHECK(report.recorded->mean_wait_s == 6);
}

TEST_CASE("A ticket that never came on record counts as never served") {
  Fixture f;
  f.history.tickets.pop_back();
  f.history.told_tickets.pop_back();
  const Report report = MakeReport(f.history, f.Played(), {});
  CHECK(report.Sound());
  CHECK(report.result.never_served == 1);
}

TEST_CASE("Offer latency is in milliseconds") {
  std::vector<absl::Duration> latencies;
  for (int i = 200; i > 0; --i) latencies.push_back(absl::Microseconds(i * 100));
  const OfferLatency latency = OfferLatencyOf(latencies);
  CHECK(latency.offers == 200);
  CHECK(latency.p50_ms == Approx(10.1));
  CHECK(latency.p99_ms == Approx(19.9));
  CHECK(OfferLatencyOf({}).p50_ms == 0);
}

TEST_CASE("The report in JSON has the promised keys") {
  const Fixture f;
  Report report = MakeReport(f.history, f.Played(), {absl::Milliseconds(2)});
  CHECK(RenderJson(report) ==
        "{\"tickets\": 3, \"mean_wait_s\": 20.00, \"p50_wait_s\": 30.00, \"p95_wait_s\": 30.00, "
        "\"p99_wait_s\": 30.00, \"abandoned\": 0.3333, \"within_20_s\": 0.5000, "
        "\"never_served\": 1, \"utilization\": 0.5000, "
        "\"offer_latency_ms\": {\"p50\": 2.00, \"p99\": 2.00}, "
        "\"lost\": 0, \"double_assigned\": 0, \"over_capacity\": 0, \"disagreements\": 0, "
        "\"ideal_mean_wait_s\": 0.00, \"ideal_p50_wait_s\": 0.00, \"ideal_p95_wait_s\": 0.00, "
        "\"ideal_p99_wait_s\": 0.00, \"ideal_abandoned\": 0.0000, \"ideal_within_20_s\": 0.0000, "
        "\"ideal_never_served\": 3, \"ideal_utilization\": 0.0000, "
        "\"recorded_mean_wait_s\": 6.00, \"recorded_abandoned\": 0.3333}\n");
  report.recorded.reset();
  CHECK(RenderJson(report).find("recorded") == std::string::npos);
}

TEST_CASE("The report for people marks what must not be, and says why") {
  Fixture f;
  CHECK(RenderFindings(MakeReport(f.history, f.Played(), {})).empty());
  f.history.tickets.erase(f.history.tickets.begin());
  const Report report = MakeReport(f.history, f.Played(), {});
  CHECK_FALSE(report.Sound());
  const std::string table = RenderTable(report);
  CHECK(table.find("lost                              1  <-") != std::string::npos);
  CHECK(table.find("record") != std::string::npos);
  CHECK(RenderFindings(report).find("lost: ticket t1 was acknowledged") == 0);
}

TEST_CASE("Findings are cut, and counted") {
  Report report;
  report.lost = Findings(25, "x");
  CHECK(RenderFindings(report).find("lost: and 15 more\n") != std::string::npos);
}

}  // namespace
}  // namespace muster::replay
