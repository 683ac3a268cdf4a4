// How a report reads, for people and for programs.
#include <algorithm>
#include <cstdio>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "services/cli/replay/report.h"

namespace muster::replay {
namespace {

constexpr size_t kMaxFindingsShown = 10;

using Keys = std::vector<std::pair<std::string, std::string>>;

void Put(const std::string& key, const std::string& value, Keys& keys) {
  keys.emplace_back(key, value);
}

std::string Seconds(double value) { return absl::StrFormat("%.2f", value); }
std::string Part(double value) { return absl::StrFormat("%.4f", value); }

void PutMetrics(const std::string& prefix, const Metrics& m, Keys& keys) {
  Put(prefix + "mean_wait_s", Seconds(m.mean_wait_s), keys);
  Put(prefix + "p50_wait_s", Seconds(m.p50_wait_s), keys);
  Put(prefix + "p95_wait_s", Seconds(m.p95_wait_s), keys);
  Put(prefix + "p99_wait_s", Seconds(m.p99_wait_s), keys);
  Put(prefix + "abandoned", Part(m.abandoned), keys);
  Put(prefix + "within_20_s", Part(m.within_20_s), keys);
  Put(prefix + "never_served", absl::StrCat(m.never_served), keys);
  Put(prefix + "utilization", Part(m.utilization), keys);
}

std::string Percent(double part) { return absl::StrFormat("%.1f %%", part * 100); }

std::string Row(absl::string_view what, absl::string_view result, absl::string_view ideal,
                absl::string_view recorded) {
  std::string line = absl::StrFormat("  %-22s %12s %12s %12s", what, result, ideal, recorded);
  line.erase(line.find_last_not_of(' ') + 1);
  return line + "\n";
}

std::string Check(absl::string_view what, const Findings& findings) {
  return absl::StrFormat("  %-22s %12d%s\n", what, findings.size(), findings.empty() ? "" : "  <-");
}

}  // namespace

std::string RenderTable(const Report& report) {
  const Metrics& r = report.result;
  const Metrics& i = report.ideal;
  const std::optional<Recorded>& recorded = report.recorded;
  const auto seconds = [](double value) { return absl::StrFormat("%.1f s", value); };
  return absl::StrCat(
      Row("", "Muster", "ideal", recorded ? "record" : ""),
      Row("tickets", absl::StrCat(r.tickets), "", ""),
      Row("mean wait", seconds(r.mean_wait_s), seconds(i.mean_wait_s),
          recorded ? seconds(recorded->mean_wait_s) : ""),
      Row("median wait", seconds(r.p50_wait_s), seconds(i.p50_wait_s), ""),
      Row("95 % wait under", seconds(r.p95_wait_s), seconds(i.p95_wait_s), ""),
      Row("99 % wait under", seconds(r.p99_wait_s), seconds(i.p99_wait_s), ""),
      Row("hung up", Percent(r.abandoned), Percent(i.abandoned),
          recorded ? Percent(recorded->abandoned) : ""),
      Row("within 20 s", Percent(r.within_20_s), Percent(i.within_20_s), ""),
      Row("never served", absl::StrCat(r.never_served), absl::StrCat(i.never_served), ""),
      Row("agents at work", Percent(r.utilization), Percent(i.utilization), ""), "\n",
      absl::StrFormat(
          "  an idle agent sees the offer after %.1f ms (99 %%: %.1f ms), real time\n\n",
          report.offer_latency.p50_ms, report.offer_latency.p99_ms),
      Check("lost", report.lost), Check("double assigned", report.double_assigned),
      Check("over capacity", report.over_capacity), Check("disagreements", report.disagreements));
}

std::string RenderJson(const Report& report) {
  Keys keys;
  Put("tickets", absl::StrCat(report.result.tickets), keys);
  PutMetrics("", report.result, keys);
  Put("offer_latency_ms",
      absl::StrFormat("{\"p50\": %.2f, \"p99\": %.2f}", report.offer_latency.p50_ms,
                      report.offer_latency.p99_ms),
      keys);
  Put("lost", absl::StrCat(report.lost.size()), keys);
  Put("double_assigned", absl::StrCat(report.double_assigned.size()), keys);
  Put("over_capacity", absl::StrCat(report.over_capacity.size()), keys);
  Put("disagreements", absl::StrCat(report.disagreements.size()), keys);
  PutMetrics("ideal_", report.ideal, keys);
  if (report.recorded) {
    Put("recorded_mean_wait_s", Seconds(report.recorded->mean_wait_s), keys);
    Put("recorded_abandoned", Part(report.recorded->abandoned), keys);
  }
  const auto pair = [](std::string* out, const std::pair<std::string, std::string>& key) {
    absl::StrAppend(out, "\"", key.first, "\": ", key.second);
  };
  return absl::StrCat("{", absl::StrJoin(keys, ", ", pair), "}\n");
}

std::string RenderFindings(const Report& report) {
  const std::pair<const char*, const Findings*> checks[] = {
      {"lost", &report.lost},
      {"double_assigned", &report.double_assigned},
      {"over_capacity", &report.over_capacity},
      {"disagreements", &report.disagreements}};
  std::string text;
  for (const auto& [name, findings] : checks) {
    const size_t shown = std::min(findings->size(), kMaxFindingsShown);
    for (size_t i = 0; i < shown; ++i) {
      absl::StrAppend(&text, name, ": ", (*findings)[i], "\n");
    }
    if (shown < findings->size()) {
      absl::StrAppend(&text, name, ": and ", findings->size() - shown, " more\n");
    }
  }
  return text;
}

}  // namespace muster::replay
