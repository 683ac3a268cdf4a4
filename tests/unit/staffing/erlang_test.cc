// Against figures that are known, against each other where one is a case of another, and against
// what must hold between them.
#include "common/staffing/erlang.h"

#include <cmath>

#include "tests/support/catch.h"

namespace muster::staffing {
namespace {

constexpr double kMinute = 60;

// To so many places behind the point, as the figure is given.
Approx To(int places, double value) {
  return Approx(value).epsilon(0).margin(0.5 * std::pow(10, -places));
}

LineFigures Figures(const Line& line) {
  const absl::StatusOr<LineFigures> figures = FiguresOf(line);
  INFO(figures.status());
  REQUIRE(figures.ok());
  return *figures;
}

LineWithin Within(const Line& line, double seconds) {
  const absl::StatusOr<LineWithin> within = WithinOf(line, seconds);
  INFO(within.status());
  REQUIRE(within.ok());
  return *within;
}

TEST_CASE("staffing: Erlang C, 12 agents, 4.2 a minute, 2 minutes each") {
  const Line line{.arrivals_per_s = 4.2 / kMinute, .service_s = 2 * kMinute, .agents = 12};
  CHECK(ErlangC(12, 8.4) == To(5, 0.18389));
  CHECK(Figures(line).waits == To(5, 0.18389));
  CHECK(Figures(line).mean_wait_s / kMinute == To(5, 0.10216));
  CHECK(Figures(line).utilization == Approx(0.7));
  CHECK(Within(line, 20).served == To(5, 0.89908));
  CHECK(Within(line, 20).ended == To(5, 0.89908));
}

TEST_CASE("staffing: Erlang A, 50 agents, 48 a minute, a minute each, patience 2 minutes") {
  const Line line{.arrivals_per_s = 48 / kMinute,
                  .service_s = kMinute,
                  .agents = 50,
                  .patience_s = 2 * kMinute};
  CHECK(Figures(line).abandoned == To(5, 0.03091));
  CHECK(Figures(line).mean_wait_s == To(2, 3.71));
  CHECK(Figures(line).utilization == To(4, 0.9303));
}

TEST_CASE("staffing: 90 agents and 30 waiting places at 84 erlang") {
  const Line line{
      .arrivals_per_s = 8.4 / kMinute, .service_s = 600, .agents = 90, .waiting_places = 30};
  CHECK(Figures(line).blocked == To(5, 0.00364));
}

TEST_CASE("staffing: Erlang B as it is tabled") {
  // Traffic that a group of so many carries with one call in a hundred lost.
  struct {
    std::uint32_t agents;
    double erlangs;
  } const kTable[] = {{1, 0.0101}, {2, 0.153}, {5, 1.36},  {10, 4.46},
                      {20, 12.0},  {50, 37.9}, {100, 84.1}};
  for (const auto& row : kTable) {
    INFO(row.agents << " agents");
    CHECK(ErlangB(row.agents, row.erlangs) == Approx(0.01).epsilon(0.03));
  }
  CHECK(ErlangB(3, 0) == 0);
  CHECK(ErlangB(0, 2) == 1);
}

TEST_CASE("staffing: one is a case of another") {
  for (const std::uint32_t agents : {1U, 7U, 120U, 3000U}) {
    for (const double load : {0.3, 0.9, 0.999}) {
      INFO(agents << " agents at " << load);
      Line line{.arrivals_per_s = load * agents / 30, .service_s = 30, .agents = agents};
      const auto is = [](double value) { return Approx(value).margin(1e-15); };
      CHECK(Figures(line).waits == is(ErlangC(agents, load * agents)));
      const double spare = agents / 30.0 - line.arrivals_per_s;
      CHECK(Figures(line).mean_wait_s == is(ErlangC(agents, load * agents) / spare));
      CHECK(Within(line, 4).served ==
            Approx(1 - ErlangC(agents, load * agents) * std::exp(-4 * spare)));
      // Who has the patience of a saint waits as if there were no leaving.
      Line saints = line;
      saints.patience_s = 1e12;
      CHECK(Figures(saints).waits == Approx(Figures(line).waits).epsilon(1e-4));
      Line no_places = line;
      no_places.waiting_places = 0;
      CHECK(Figures(no_places).blocked == is(ErlangB(agents, load * agents)));
      CHECK(Figures(no_places).waits == 0);
      // As patient as the work is long: as many in the line as with an agent for everybody.
      Line even = line;
      even.patience_s = line.service_s;
      const LineFigures figures = Figures(even);
      CHECK(figures.utilization * agents + figures.waiting == Approx(load * agents));
    }
  }
}

TEST_CASE("staffing: what must hold between the figures of a line with leaving") {
  const Line lines[] = {
      {.arrivals_per_s = 0.8, .service_s = 60, .agents = 50, .patience_s = 120},
      {.arrivals_per_s = 2.0, .service_s = 60, .agents = 50, .patience_s = 20},
      {.arrivals_per_s = 0.01, .service_s = 60, .agents = 1, .patience_s = 1},
      {.arrivals_per_s = 70, .service_s = 300, .agents = 20'000, .patience_s = 120},
      {.arrivals_per_s = 60, .service_s = 300, .agents = 20'000, .patience_s = 6000},
  };
  for (const Line& line : lines) {
    INFO(line.agents << " agents, " << line.arrivals_per_s << " a second");
    const LineFigures figures = Figures(line);
    // Who does not leave is served.
    CHECK(figures.utilization * line.agents / line.service_s ==
          Approx(line.arrivals_per_s * (1 - figures.abandoned)));
    CHECK(Within(line, 0).served == Approx(1 - figures.waits).margin(1e-9));
    CHECK(Within(line, 1e6).served == Approx(1 - figures.abandoned));
    CHECK(Within(line, 1e6).ended == Approx(1));
    // The mean wait is the integral of the part that waits longer; Simpson's rule.
    const double end = 40 * line.patience_s;
    constexpr int kPanels = 400;
    double sum = 0;
    for (int i = 0; i <= kPanels; ++i) {
      // Closer together where little time has passed: x = end u^2.
      const double u = static_cast<double>(i) / kPanels;
      const double later = 1 - Within(line, end * u * u).ended;
      sum += later * 2 * u * end * (i == 0 || i == kPanels ? 1 : i % 2 == 0 ? 2 : 4);
    }
    CHECK(sum / kPanels / 3 == Approx(figures.mean_wait_s).epsilon(1e-3));
  }
}

TEST_CASE("staffing: lines that have no figures") {
  const Line line{.arrivals_per_s = 1, .service_s = 10, .agents = 10};
  CHECK(FiguresOf(line).status().code() == absl::StatusCode::kFailedPrecondition);
  CHECK(WithinOf(line, 20).status().code() == absl::StatusCode::kFailedPrecondition);
  CHECK(FiguresOf({}).status().code() == absl::StatusCode::kInvalidArgument);
  Line endless = line;
  endless.patience_s = 1e12;
  endless.arrivals_per_s = 2;
  CHECK(FiguresOf(endless).status().code() == absl::StatusCode::kFailedPrecondition);
  Line few = line;
  few.waiting_places = 5;
  CHECK(FiguresOf(few).ok());
  CHECK(WithinOf(few, 20).status().code() == absl::StatusCode::kInvalidArgument);
  CHECK(ErlangC(10, 10) == 1);
}

}  // namespace
}  // namespace muster::staffing
