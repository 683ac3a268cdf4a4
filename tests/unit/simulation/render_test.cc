#include "services/cli/simulate/render.h"

#include <cmath>
#include <string>

#include "absl/strings/ascii.h"
#include "nlohmann/json.hpp"
#include "tests/support/catch.h"

namespace muster::cli {
namespace {

using Catch::Matchers::Contains;
using simulation::Measure;
using simulation::PlayFigures;
using simulation::Study;

simulation::Figures Filled(double wait, double abandoned) {
  simulation::Figures figures;
  figures.values.fill(NAN);
  figures[Measure::kTickets] = 100;
  figures[Measure::kMeanWait] = wait;
  figures[Measure::kWithin] = 0.87654321;
  figures[Measure::kAbandoned] = abandoned;
  figures[Measure::kUtilization] = 0.7;
  return figures;
}

Study Made(const std::string& name, std::initializer_list<double> waits, double abandoned) {
  Study study{.name = name, .queues = {"cards"}, .groups = {"desk"}};
  for (const double wait : waits) {
    PlayFigures play;
    play.total = Filled(wait, abandoned);
    play.queues = {play.total};
    play.groups = {play.total};
    play.day[17] = {.tickets = 100, .ended = 100, .wait_s = 100 * wait, .left = 5};
    play.tickets = play.decisions = 100;
    study.plays.push_back(play);
  }
  return study;
}

TEST_CASE("a study reads as means with their intervals") {
  std::string text = RenderStudy(Made("desk", {10, 11, 12}, 0.05), {});
  CHECK_THAT(text, Contains("desk: means of 3 independent plays"));
  absl::RemoveExtraAsciiWhitespace(&text);  // the width of columns is RenderTable's
  CHECK_THAT(text, Contains("mean wait 11.00 s ± 2.48 s"));
  CHECK_THAT(text, Contains("abandoned 5.00 % ± 0.00 %"));
  CHECK_THAT(text, Contains("median wait -"));
  CHECK_THAT(text, Contains("cards 100 ± 0"));
  CHECK_THAT(text, Contains("in time: within each queue's target wait"));
  CHECK_THAT(RenderStudy(Made("desk", {10}, 0), {.within = absl::Seconds(30)}),
             Contains("one play; in time: within 30.0s"));
}

TEST_CASE("a study in JSON has every figure that there is") {
  const nlohmann::json json =
      nlohmann::json::parse(RenderStudyJson(Made("desk", {10, 11, 12}, 0.05), {.seed = 4}));
  CHECK(json["plays"] == 3);
  CHECK(json["seed"] == 4);
  CHECK(json["total"]["mean_wait_s"]["mean"] == 11.0);
  CHECK(json["total"]["mean_wait_s"]["half_width"].get<double>() == Approx(2.484).epsilon(1e-3));
  CHECK_FALSE(json["total"].contains("p50_wait_s"));
  CHECK(json["queues"][0]["queue_id"] == "cards");
  CHECK(json["groups"][0]["utilization"]["mean"].get<double>() == Approx(0.7));
  CHECK(json["day"][0]["from_s"] == 8.5 * 3600);
  CHECK_FALSE(json.contains("mean_wait_s"));
}

TEST_CASE("one play of a trace has the keys of a replay") {
  const StudySettings settings{.trace = true};
  const nlohmann::json json =
      nlohmann::json::parse(RenderStudyJson(Made("day", {10.126}, 0.05), settings));
  CHECK(json["tickets"] == 100);
  CHECK(json["mean_wait_s"] == 10.13);
  CHECK(json["within_20_s"] == 0.8765);
  CHECK(json["abandoned"] == 0.05);
  CHECK(json["never_served"] == 0);
  CHECK(json["utilization"] == 0.7);
}

TEST_CASE("a comparison says who is better in what") {
  const Study first = Made("old", {10, 20, 30}, 0.05);
  const Study second = Made("new", {8, 18, 28}, 0.06);
  const std::string text = RenderComparison(first, second, {});
  CHECK_THAT(text, Contains("A: old\nB: new\n"));
  CHECK_THAT(text, Contains("A is better in: abandoned."));
  CHECK_THAT(text, Contains("B is better in: mean wait."));
  const nlohmann::json json = nlohmann::json::parse(RenderComparisonJson(first, second, {}));
  CHECK(json["total"]["mean_wait_s"]["difference"]["mean"] == -2.0);
  CHECK(json["total"]["mean_wait_s"]["verdict"] == "SECOND_BETTER");
  CHECK(json["total"]["tickets"]["verdict"] == "SAME");
  CHECK(json["queues"][0]["abandoned"]["verdict"] == "FIRST_BETTER");
}

TEST_CASE("what chance may have made is not called better") {
  const std::string text =
      RenderComparison(Made("old", {10, 20, 30}, 0), Made("new", {8, 21, 28}, 0), {});
  CHECK_THAT(text, !Contains("is better in"));
  CHECK_THAT(text, Contains("Not decided by these plays: mean wait."));
  CHECK_THAT(RenderComparison(Made("old", {10}, 0), Made("new", {8}, 0), {}),
             Contains("one play: no interval"));
}

TEST_CASE("the day is a bar a half hour") {
  const std::string text = RenderDay(Made("desk", {10}, 0));
  CHECK_THAT(text, Contains("08:30      100.0    5.0 %      10.0 s"));
  CHECK_THAT(text, Contains("████"));
  CHECK_THAT(text, !Contains("09:00"));
}

}  // namespace
}  // namespace muster::cli
